"""`campus desk` as people use it: through pcscd or a PN532, and everything that they are told."""

import contextlib
import itertools
import json
import os
import subprocess
import sys

import pytest

from terminal_sim.mifare import MifareClassic
from terminal_sim.pcscd import SOCKET_VARIABLE
from tests.desk.conftest import Counter
from tests.desk.models import WISH, blank
from tests.peers.served import Served
from tools.desk import work
from tools.desk.chips import CPU, MIFARE
from tools.desk.office import Office
from tools.desk.pn532 import Pn532

ONE = ("--name", "王小明", "--kind", "student", "--valid-until", "2029-07-15")
NOBODY = ("--wait", 0, "--patience", 0)


@pytest.fixture
def new(request):
    """-> a blank card that nobody had before."""
    drawn = iter(range(1, 1000))
    name = sum(request.node.name.encode()) & 0xFFFF

    def make(kind=MIFARE):
        return blank(kind, b"\x0c" + name.to_bytes(2, "big") + bytes((next(drawn),)))

    return make


def failed(told, fault):
    code, _, said, result = told
    assert code == 1 and result["fault" if "fault" in result else "cards"], result
    found = result.get("fault") or result["cards"][0]["fault"]
    assert found == fault, said
    return said


@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_from_blank_to_blank(counter, new, tmp_path, kind):
    counter.field.put(new(kind))
    slip = tmp_path / "slip.txt"
    code, _, said, told = counter.run("issue", *ONE, "--balance", "12.5", "--slip", slip)
    assert code == 0, said
    (row,) = told["cards"]
    assert (row["state"], row["credential"], row["balance_fen"]) == ("issued", kind, 1250)
    printed = slip.read_text("utf-8")
    assert f"卡号: {row['card']}" in printed and "应收合计: 12.50 元" in printed
    code, out, _, seen = counter.run("check")
    assert code == 0 and "王小明" in out and "12.50" in out
    assert (seen["card"], seen["balance_fen"]) == (row["card"], 1250)
    code, out, _, told = counter.run("take-back", "--lang", "en")
    assert code == 0 and "12.50 yuan" in out and told["paid_fen"] == 1250
    assert failed(counter.run("read"), "blank")
    assert counter.server.call("GET", "/api/ledger")["sum"] == 0


def test_replaced_with_its_fee_and_the_balance_follows(counter, new, tmp_path):
    old = new()
    counter.field.put(old)
    number = counter.run("issue", *ONE, "--balance", "20")[3]["cards"][0]["card"]
    counter.field.clear()
    counter.field.put(new(CPU))
    pages = tmp_path / "slip.pdf"
    code, _, said, told = counter.run("replace", "--card", number, "--slip", pages)
    assert code == 0, said
    (row,) = told["cards"]
    assert (row["fee_fen"], row["replaces"], row["balance_fen"]) == (1500, number, 0)
    assert pages.read_bytes().startswith(b"%PDF")
    code, out, _, told = counter.run("settle")  # no terminal is owing anything
    assert code == 0 and {"card": number, "heir": row["card"], "amount_fen": 2000, "owing": [],
                          "settled": True} in told["replaced"]  # fmt: skip
    actions = counter.server.call("GET", f"/api/cards/{row['card']}/actions")["actions"]
    assert [(one["amount_fen"], one["state"]) for one in actions] == [(2000, "open")]
    again = counter.run("replace", "--card", number, *NOBODY)
    assert failed(again, "already")
    counter.field.clear()
    counter.field.put(old)
    said = failed(counter.run("check"), "not_right")
    assert f"卡号 {number} 有问题：已作废" in said


@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_a_load_here_and_one_for_a_card_that_is_not(counter, new, kind):
    counter.field.put(new(kind))
    number = counter.run("issue", *ONE)[3]["cards"][0]["card"]
    code, out, said, told = counter.run("load", "--amount", "50")
    assert code == 0 and "卡内 50.00 元" in out, said
    assert (told["card"], told["amount_fen"], told["balance_fen"]) == (number, 5000, 5000)
    code, out, _, told = counter.run("load", "--amount", "7.5", "--card", number)
    assert code == 0 and "下次" in out and told["balance_fen"] is None
    assert counter.run("read")[3]["balance_fen"] == 5000
    code, out, _, told = counter.run("load")
    assert code == 0 and told["balance_fen"] == 5750


def test_nobody_there_two_there_and_another_kind(counter, new):
    assert "没有卡" in failed(counter.run("issue", *ONE, *NOBODY), "no_card")
    counter.field.put(new())
    assert failed(counter.run("issue", *ONE, "--credential", CPU), "other_kind")
    counter.field.put(new())
    assert "两张卡" in failed(counter.run("issue", *ONE), "two_cards")


def test_no_server(counter, new):
    card = new()
    counter.field.put(card)
    before = card.dump()
    where = ("--server", "http://127.0.0.1:1")
    assert "什么也没有写" in failed(counter.run("issue", *ONE, where=where), "no_server")
    assert card.dump() == before


def test_no_such_reader(counter):
    said = failed(counter.run("read", "--reader", "ACR1281", "--lang", "en"), "no_reader")
    assert "ACR1281" in said and "plug it in" in said


def test_pcscd_does_not_run(counter, tmp_path):
    """In a process of its own: the library remembers its socket."""
    environment = os.environ | {SOCKET_VARIABLE: str(tmp_path / "nothing")}
    token = counter.folder / "campus.db.token"
    line = ["desk", "read", "--server", counter.server.http, "--token-file", token]
    done = subprocess.run(
        [sys.executable, "-m", "sync_server", *map(str, line)],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "systemctl start pcscd" in done.stderr


@pytest.mark.parametrize(
    "wrong",
    [("--name", ""), ("--kind", "king"), ("--valid-until", "tomorrow"), ("--balance", "1.234"),
     ("--zones", "70000"), ("--token-file", "/nowhere/token")],
)  # fmt: skip
def test_wrong_options_are_one_line(counter, wrong):
    code, _, said, told = counter.run("issue", *ONE, *wrong)
    assert code == 2 and told == {}
    assert len([line for line in said.splitlines() if line.startswith("Error: ")]) == 1


def test_a_bad_list_names_its_line(counter, tmp_path):
    listed = tmp_path / "people.csv"
    listed.write_text("name,kind,valid_until\n甲,student,2029-07-15\n乙,student,soon\n", "utf-8")
    code, _, said, told = counter.run("issue", listed, "--work", tmp_path)
    assert (code, told["fault"]) == (2, "bad_list") and "第 3 行" in said


def test_a_batch_goes_on_where_it_was_broken_off(counter, new, tmp_path):
    listed, work = tmp_path / "people.csv", tmp_path / "work"
    rows = [f"{name},student,2029-07-15,1,0" for name in "甲乙丙"]
    listed.write_text("\n".join(["name,kind,valid_until,zones,balance", *rows]), "utf-8")
    counter.lay(new())
    code, _, _, told = counter.run("issue", listed, "--work", work, *NOBODY)
    assert code == 1 and (told["done"], told["failed"]) == (1, 2)
    assert told["cards"][1]["fault"] == "no_card"
    state = json.loads((work / "desk.json").read_text("utf-8"))
    assert "key" not in json.dumps(state) and (work / "desk.json").stat().st_mode & 0o777 == 0o600
    for done in (2, 3):
        counter.lay(new())
        told = counter.run("issue", listed, "--work", work, *NOBODY)[3]
        assert told["done"] == done
    assert len({row["card"] for row in told["cards"]}) == 3


def test_the_reader_is_pulled_out_and_plugged_in_again(counter, new):
    """Between two APDUs, through pcscd: the desk says what the card is, the next run goes on."""
    card = new()
    counter.field.put(card)
    card.tear_after(9, "half")
    code, _, said, told = counter.run("issue", *ONE, "--patience", 0)
    assert code == 1 and told["cards"][0]["fault"] == "left_blank", said
    counter.lay(card)
    code, _, said, told = counter.run("issue", *ONE)
    assert code == 0, said


# shows R5
@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_the_same_over_a_pn532(counter, new, kind):
    card = new(kind)
    with Served(card) as reader:
        where = ("--pn532", reader.path)
        code, _, said, told = counter.run("issue", *ONE, "--balance", "3", where=where)
        assert code == 0, said
        code, _, said, seen = counter.run("check", where=where)
        assert code == 0 and seen["balance_fen"] == 300, said
        assert failed(counter.run("issue", *ONE, where=where), "already")
        code, _, said, told = counter.run("take-back", where=where)
        assert code == 0 and told["paid_fen"] == 300, said
    with Served(card, MifareClassic(b"\x01\x02\x03\x04")) as reader:
        two = counter.run("read", where=("--pn532", reader.path))
        assert failed(two, "two_cards")
    with Served() as reader:
        nobody = counter.run("read", *NOBODY, where=("--pn532", reader.path))
        assert failed(nobody, "no_card")


def test_no_pn532(counter, tmp_path):
    where = ("--pn532", tmp_path / "nothing")
    assert failed(counter.run("read", where=where), "no_pn532")


def test_a_card_of_campus_reader_is_issued(daemon, served, tmp_path):
    """As anybody tries the desk without hardware: `campus reader --vpcd`."""
    server, folder = served
    where, dump = f"127.0.0.1:{daemon.port}", tmp_path / "card.mfd"
    line = ["reader", "--vpcd", where, "--card", "blank", "--save", dump]
    reader = subprocess.Popen(
        [sys.executable, "-m", "sync_server", *map(str, line)], stdout=subprocess.PIPE, text=True
    )
    try:
        code, _, said, told = Counter(folder, server, None).run("issue", *ONE)
    finally:
        reader.terminate()
        reader.communicate(timeout=60)
    assert code == 0, said
    card = MifareClassic.load(dump.read_bytes())
    assert card.uid.hex() == told["cards"][0]["uid"] and card.block(4) != bytes(16)


def test_what_nobody_foresaw_is_one_line_without_a_key(counter, new, monkeypatch):
    secret = "00112233445566778899aabbccddeeff"

    def breaks(*_):
        raise ValueError(secret)

    counter.field.put(new())
    monkeypatch.setattr("tools.desk.mifare.write", breaks)
    said = failed(counter.run("issue", *ONE), "unforeseen")
    assert "ValueError" in said and secret not in said and len(said.splitlines()) == 1


# shows R5
@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_pcscd_dies_in_the_middle_and_comes_back(counter, daemon, new, kind):
    """All readers gone, and there again: the same run goes on."""
    reader, count = counter.end.reader, itertools.count()
    carries_out = reader.apdu

    def apdu(command):
        if next(count) == 12:
            daemon.kill()
            daemon.start()
            counter.end.port = daemon.port
            raise ConnectionError("pcscd died")
        return carries_out(command)

    counter.lay(new(kind))
    reader.apdu = apdu
    code, _, said, told = counter.run("issue", *ONE, "--patience", 120)
    assert code == 0, said
    assert next(count) > 12 and told["cards"][0]["state"] == "issued"


@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_a_pn532_is_unplugged_in_the_middle_and_plugged_in_again(counter, new, tmp_path, kind):
    card, link = new(kind), tmp_path / "reader"
    second = contextlib.ExitStack()

    def is_pulled(step):
        if step == "write" and not pulled:
            pulled.append(first.__exit__())
            second.enter_context(Served(card, link=link))

    pulled = []
    first = Served(card, link=link)
    first.__enter__()
    with second:
        token = (counter.folder / "campus.db.token").read_text("ascii").strip()
        reader = Pn532(link)
        desk = work.Desk(reader, Office(counter.server.http, token), 60, 60)
        made = work.issue(desk, work.find(desk), WISH, is_pulled)
        reader.close()
    assert pulled and counter.server.call("GET", f"/api/cards/{made.card}")["state"] == "issued"
