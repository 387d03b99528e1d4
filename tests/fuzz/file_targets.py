"""Files of anybody: rows of another system's taps, dumps of cards, the server's key file.

CPython only.
"""

import re
import tempfile
from pathlib import Path
from unittest import mock

from firmware.drivers.pn532 import WAKE_UP
from sync_server.keyring import BadKeyFile, Keyring
from terminal_sim import records
from terminal_sim.field import Field
from terminal_sim.hsu import Hsu
from terminal_sim.hsu import frame as hsu_frame
from terminal_sim.mifare import MifareClassic
from terminal_sim.pn532 import Pn532
from tests.fuzz.cut import Cut, tried_but

# files that live for a millisecond, in memory where that is to be had
FOLDER = "/dev/shm" if Path("/dev/shm").is_dir() else None


def card_rows(data):
    """A file of taps, of either format: rows and faults, or UnknownFormat."""
    header = (b"", ",".join(records.GATE_HEADER).encode(), ",".join(records.PAY_HEADER).encode())
    cut = Cut(data)
    text = header[cut.below(3)] + (b"\r\n" if cut.below(2) else b"\n")
    text += b"\xef\xbb\xbf" * cut.below(2) + cut.rest()
    with tempfile.NamedTemporaryFile(dir=FOLDER) as file:
        file.write(text)
        file.flush()
        told = tried_but(records.UnknownFormat, records.read, file.name)
        people, faults = records.read_people(file.name)
    if told[0] == "value":
        found = told[1]
        assert len({row.line for row in found.rows} & {fault.line for fault in found.faults}) == 0
        for row in found.rows:
            assert 0 <= row.amount_fen <= records.MAX_FEN and row.person and row.place
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", row.day), row
        for fault in [*found.faults, *faults]:
            assert fault.message and "\n" not in fault.message, fault
        return len(found.rows), len(found.faults), len(people)
    return told[0]


def card_dump(data):
    """A dump of a card: a card that can lie on a reader, or a ValueError of one line."""
    cut = Cut(data)
    told = tried_but(ValueError, MifareClassic.load, data)
    dump = bytearray(MifareClassic(b"\x2c\x01\x02\x03").dump())
    for _ in range(cut.below(6)):
        at = int.from_bytes(cut.take(2), "big") % len(dump)
        part = cut.take(1 + cut.below(16))
        dump[at : at + len(part)] = part[: len(dump) - at]
    loaded = tried_but(ValueError, MifareClassic.load, bytes(dump))
    if loaded[0] != "value":
        return told[0], loaded
    card = loaded[1]
    assert card.dump() == bytes(dump) and len(card.uid) in (4, 7)
    return told[0], _over_the_air(card, cut)


def _over_the_air(card, cut):
    """Whatever a host sends, the simulated chip with this card answers frames or nothing."""
    chip = Pn532(Field(card))
    line, heard = Hsu(chip), []
    line.feed(WAKE_UP)
    while cut.left:
        body = cut.some()
        sends = line.feed(hsu_frame(bytes((0xD4,)) + body) if cut.below(8) else body)
        heard += [bytes(out)[:12] for _, out in sends]
        assert len(line._buffer) <= 600
    return heard


def key_file(data):
    """The server's key file of anybody: four keys, or BadKeyFile, which tells none of it."""
    cut = Cut(data)
    names = ("sector_a", "sector_b", "purse", "terminal", "other")
    lines = [f"{name} {cut.take(16).hex()}".encode() for name in names[: cut.below(6)]]
    text = b"\n".join([*lines, cut.rest()])
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder, mock.patch("os.fsync"):
        path = Path(folder, "campus.db")
        Path(f"{path}.keys").write_bytes(text)
        told = tried_but(BadKeyFile, Keyring.beside, path)
    return told[0]
