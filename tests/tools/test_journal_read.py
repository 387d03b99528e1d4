"""The journal of a terminal without a network: read over the console, in a file, at the server."""

from firmware.core.layout import LAYOUTS, SECTOR
from protocol import record

JOURNAL_AT = 1179648 + LAYOUTS["rp2"].journal.first * SECTOR


def test_records_go_from_the_flash_to_the_server(bench, server, claim, tmp_path):
    board = bench.rp2(1)
    options = ("--server", server.http, "--claim", claim(1)["code"])
    assert bench.flash(*options)[0] == 0
    board.unplug()
    raw = records(1, 3)
    with open(board.flash, "r+b") as file:
        file.seek(JOURNAL_AT)
        file.write(b"".join(raw) + b"\x00" * 64)  # the last was torn
    board.plug()
    token = tmp_path / "token"
    token.write_text(server._token)
    options = ("--journal", "--server", server.http, "--token-file", token, "--json")
    status, said, log = bench.campus(*options, tmp_path / "told.json")
    assert status == 0, said + log
    assert (bench.work / "journal-1.bin").read_bytes() == b"".join(raw) + b"\x00" * 64
    assert "slots=4" in said and "stored=3" in said, said
    assert [row[0] for row in server.records(1)] == [1, 2, 3]
    again = bench.campus(*options, tmp_path / "told.json")[1]
    assert "stored=0" in again and "exists=3" in again, again


def test_a_board_that_is_no_terminal(bench):
    bench.rp2(1, boot=False)
    status, said, _ = bench.campus("--journal")
    assert status == 1 and "no key page" in said


def records(terminal, count):
    """Events that follow each other, as a journal has them."""
    chain, made = record.first_chain(terminal), []
    for serial in range(1, count + 1):
        fields = dict.fromkeys(record.Record._fields, 0)
        entry = record.Record(**fields | {"serial": serial, "type": record.EVENT, "utc_s": 1})
        made.append(record.pack(entry, chain, record.DONE))
        chain = record.chain_of(made[-1])
    return made
