"""Claims: a code for some boxes; each asks once or again, and keeps a key of its own."""

import time

import pytest

from protocol import claim as seals
from protocol import keypage
from protocol.errors import LocalError
from sync_server.gateway import claims
from sync_server.gateway.refusals import Impossible
from sync_server.keyring import KINDS, OWN_KEY, Keyring
from sync_server.store.store import Store
from tests.sync_server.databases import url_of

pytestmark = pytest.mark.usefixtures("both")

OWN = bytes(range(40, 72, 2))
WISH = {"kind": "pos", "place": "一食堂", "merchant": "饭", "boxes": 2, "days": 1, "kit": False}
ONE, TWO, THREE = (bytes([n]) * 8 for n in (1, 2, 3))
NONCE = b"n" * seals.NONCE


class Town:
    """Claims on a real store, at once; told: numbers that the gateway was told."""

    def __init__(self, folder):
        self.store = Store(url_of(folder / "c.db"))
        self.keyring = Keyring.beside(folder / "c.db")
        self.told = []
        self.claims = claims.Claims(
            self.store, self.keyring, lambda work, *args: work(*args), self.enrolled
        )

    def enrolled(self, number):
        self.told.append(number)
        return self.store.terminals.get(number)

    def code(self, **other):
        made = self.claims.make(WISH | other)
        return seals.read_code(made["code"]), made

    def ask(self, code, device, terminal=0, own=OWN, kind="pos", place="", nonce=NONCE):
        asked = seals.Question(KINDS[kind], terminal, own, device, place)
        name, key = seals.name_of(code), seals.key_of(code)
        sealed = seals.seal(seals.QUESTION, name, key, nonce, seals.pack_question(asked))
        answer = self.claims.use(name, sealed)
        (page,) = seals.unpack_pages(seals.unseal(seals.ANSWER, name, key, answer, nonce))
        return page


@pytest.fixture
def town(tmp_path):
    made = Town(tmp_path)
    yield made
    made.store.close()


def test_a_box_gets_number_and_card_keys_and_keeps_its_own(town):
    code, made = town.code()
    page = town.ask(code, ONE, place="一食堂 3 号窗")
    row = town.store.terminals.get(page.number)
    assert (row["kind"], row["place"], row["merchant"]) == ("pos", "一食堂 3 号窗", "饭")
    assert town.told == [page.number] and made["kit"] is None
    theirs = keypage.unpack(town.keyring.page(page.number, "pos", 1))
    assert page == theirs  # the card keys; the enrolment key in it is not used
    assert town.keyring.show(OWN_KEY, row["own_key"]) == OWN
    derive = town.keyring.deriver(page.number, 1, row["own_key"])
    assert derive(b"s", b"i", 16) != town.keyring.deriver(page.number, 1)(b"s", b"i", 16)


def test_the_place_of_a_box_without_one_is_the_claims(town):
    code, _ = town.code()
    places = [town.store.terminals.get(town.ask(code, d).number)["place"] for d in (ONE, TWO)]
    assert places == ["一食堂 1", "一食堂 2"]


def test_who_asks_again_gets_the_same_number_with_the_new_key(town):
    code, _ = town.code()
    first = town.ask(code, ONE)
    town.ask(code, TWO)
    assert town.ask(code, ONE, own=OWN[::-1]).number == first.number
    assert (
        town.keyring.show(OWN_KEY, town.store.terminals.get(first.number)["own_key"]) == OWN[::-1]
    )
    with pytest.raises(LocalError, match="all are taken"):
        town.ask(code, THREE)


def test_boxes_that_ask_at_once_do_not_take_more_than_there_are(town):
    """Each was looked up before the other was stored."""
    code, _ = town.code(boxes=1)
    row = town.store.claims.get(seals.name_of(code))
    assert town.store.claims.use(row, ONE, 0, "", 1) == 1
    with pytest.raises(LocalError, match="all are taken"):
        town.store.claims.use(row, TWO, 0, "", 1)


def test_two_boards_with_one_id_are_refused_by_name(town):
    code, _ = town.code()
    page = town.ask(code, ONE)
    assert town.store.terminals.admit_epoch(page.number, 1)
    with pytest.raises(LocalError, match="device 0101010101010101 is terminal 1 and has met"):
        town.ask(code, ONE)


def test_a_claim_is_for_its_kind_and_its_time(town, monkeypatch):
    code, _ = town.code()
    with pytest.raises(Impossible, match="for a pos"):
        town.ask(code, ONE, kind="gate")
    later = time.time() + 86_402
    monkeypatch.setattr(claims.time, "time", lambda: later)
    assert not town.claims.known(seals.name_of(code))
    with pytest.raises(Impossible, match="ended"):
        town.ask(code, ONE)
    town.code()  # and now its key is gone from the database, too
    assert town.store.claims.get(seals.name_of(code))["hidden_key"] == b""


def test_another_code_under_this_name_is_refused(town):
    code, _ = town.code()
    other, _ = town.code()
    raw = seals.pack_question(seals.Question(KINDS["pos"], 0, OWN, ONE, ""))
    sealed = seals.seal(seals.QUESTION, seals.name_of(code), seals.key_of(other), NONCE, raw)
    with pytest.raises(Impossible, match="not sealed"):
        town.claims.use(seals.name_of(code), sealed)
    assert town.store.terminals.all() == []


def test_a_kit_has_its_numbers_beforehand_and_each_is_taken_once(town):
    code, made = town.code(kit=True)
    name, key = seals.name_of(code), seals.key_of(code)
    pages = seals.unpack_pages(seals.unseal(seals.KIT, name, key, bytes.fromhex(made["kit"])))
    assert [page.number for page in pages] == [1, 2] == town.told
    assert town.ask(code, TWO, terminal=2).number == 2
    assert town.ask(code, TWO, terminal=2, own=OWN[::-1]).number == 2
    with pytest.raises(LocalError, match="terminal 2 is device 0202020202020202 already"):
        town.ask(code, ONE, terminal=2)
    with pytest.raises(LocalError, match="not of this claim"):
        town.ask(code, ONE, terminal=3)
    assert town.ask(code, ONE).number == 1  # without a wish: the first that is free
    with pytest.raises(LocalError, match="is terminal 1 and not 2"):
        town.ask(code, ONE, terminal=2)


def test_keys_are_not_in_the_database(town, tmp_path):
    code, _ = town.code()
    town.ask(code, ONE)
    town.store.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("c.db*") if path.suffix != ".keys")
    assert OWN not in raw and seals.key_of(code) not in raw and code not in raw


def test_a_replaced_terminal_does_not_keep_the_old_key(town):
    code, _ = town.code()
    number = town.ask(code, ONE).number
    town.store.lost.replace(number, int(time.time()))
    assert town.store.terminals.get(number)["own_key"] is None
