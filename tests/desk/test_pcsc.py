"""`campus desk` through the real pcscd, pyscard and a real server: what it wrote is read back by
nfcpy through the simulated PN532, a peer that knows nothing of us."""

import threading

import nfc.clf
import nfc.tag.tt4
import pytest

from card_layout import purse_cpu
from tests.desk.models import blank
from tests.peers.test_nfcpy import exchange, opened, sensed
from tools.desk.chips import CPU, MIFARE

CARDS = {MIFARE: 50, CPU: 10}


def people(folder, count):
    """-> a list of people as the office has it."""
    rows = [f"持卡人{n},学生,2029-07-15,3,{n}.5" for n in range(count)]
    path = folder / "people.csv"
    path.write_text("\n".join(["姓名,类别,有效期,区域,余额", *rows]) + "\n", "utf-8")
    return path


class Hand:
    """Lays card after card down, the next when the server says that the one before is issued."""

    def __init__(self, counter, cards):
        self._counter = counter
        self._cards = cards
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._lay)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()

    def _lay(self):
        for card in self._cards:
            self._counter.field.clear()
            self._counter.field.put(card)
            while not self._is_issued(card) and not self._ends.wait(0.01):
                pass

    def _is_issued(self, card):
        try:
            known = self._counter.server.call("GET", f"/api/chips/{card.uid.hex()}")
        except RuntimeError:  # not yet one of ours
            return False
        return known["state"] == "issued"


def read_by_nfcpy(counter, card):
    """-> what the server says of the bytes that nfcpy reads."""
    uid = card.uid
    path = f"/api/chips/{uid.hex()}"
    known = counter.server.call("GET", path)
    with opened(card) as (_, frontend):
        target = sensed(frontend)
        assert target.sdd_res == uid
        if target.sel_res == b"\x20":
            tag = nfc.tag.tt4.Type4ATag(frontend, target)
            ask = lambda apdu: bytes(tag.transceive(bytearray(apdu)))  # noqa: E731
            assert ask(purse_cpu.select())[-2:] == b"\x90\x00"
            told = {
                "identity": ask(purse_cpu.read_binary(purse_cpu.IDENTITY_FILE, 16))[:16].hex(),
                "balance_fen": int.from_bytes(ask(purse_cpu.get_balance())[:4], "big"),
                "challenge": "0102030405060708",
                "proof": ask(purse_cpu.internal_authenticate(bytes(range(1, 9))))[:8].hex(),
            }
        else:
            exchange(frontend, b"\x60\x07" + bytes.fromhex(known["keys_a"][0]) + uid[-4:])
            blocks = {str(n): exchange(frontend, bytes((0x30, n))).hex() for n in (4, 5, 6)}
            told = {"blocks": blocks}
    return counter.server.call("POST", path + "/reading", told)


# shows R5
@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_a_batch_is_issued_and_read_back_by_nfcpy(counter, tmp_path, kind):
    first = b"\x2c" if kind == MIFARE else b"\x5c"
    cards = [blank(kind, first + n.to_bytes(3, "big")) for n in range(CARDS[kind])]
    listed = people(tmp_path, len(cards))
    with Hand(counter, cards):
        code, _, said, told = counter.run(
            "issue", listed, "--work", tmp_path / "w", "--slip", tmp_path / "slips.pdf"
        )
    assert code == 0, said
    assert (told["done"], told["failed"]) == (len(cards), 0)
    assert (tmp_path / "slips.pdf").read_bytes().startswith(b"%PDF")
    for n, (card, row) in enumerate(zip(cards, told["cards"], strict=True)):
        seen = read_by_nfcpy(counter, card)
        assert (seen["card"], seen["problem"]) == (row["card"], "")
        assert (seen["name"], seen["balance_fen"]) == (f"持卡人{n}", 100 * n + 50)
    again, _, _, told = counter.run("issue", listed, "--work", tmp_path / "w", "--wait", 0)
    assert again == 0 and told["done"] == len(cards)  # nothing is left to be done
