"""One card at the desk, every way it can go wrong."""

import pytest

from terminal_sim.fmcos import Fmcos
from terminal_sim.iso_dep import IsoDepCard
from terminal_sim.mifare import MifareClassic
from tests.desk.models import UIDS, House, blank
from tools.desk import work
from tools.desk.chips import CPU, MIFARE, Chip
from tools.desk.faults import Fault

KINDS = (MIFARE, CPU)


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    assert made.store.accounts.sum_fen() == 0
    made.store.close()


@pytest.fixture(params=KINDS)
def card(request, house):
    made = blank(request.param)
    house.line.field.put(made)
    return made


def kind_of(card):
    return MIFARE if isinstance(card, MifareClassic) else CPU


def says(fault, act, /, *args, **more):
    with pytest.raises(Fault) as caught:
        act(*args, **more)
    assert caught.value.name == fault, caught.value
    return caught.value


def state(house, card=1):
    return house.store.issues.get(card)["state"]


def test_issued_read_and_taken_back(house, card):
    assert house.issue().card == 1 and state(house) == "issued"
    seen = work.read(house.desk, work.find(house.desk))
    assert (seen["card"], seen["balance_fen"], seen["problem"]) == (1, 1234, "")
    told = work.take_back(house.desk, work.find(house.desk))
    assert (told["card"], told["paid_fen"]) == (1, 1234) and house.balances() == {}
    says("blank", work.read, house.desk, work.find(house.desk))
    assert house.issue().card == 2


def test_no_card_two_cards_and_other_cards(house, card):
    house.line.field.put(MifareClassic(bytes.fromhex("01020304")))
    says("two_cards", work.find, house.desk)
    house.line.field.clear()
    says("no_card", work.find, house.desk)


def test_already_issued(house, card):
    house.issue()
    says("already", house.issue, name="李四")
    assert house.balances() == {("bank", ""): -1234, ("purse", "1"): 1234}


def test_begun_for_somebody_else(house, card):
    house.office.fails = {"end": "before"}
    says("untold", house.issue)
    house.office.fails = {}
    says("begun", house.issue, name="李四")
    assert house.issue().card == 1 and state(house) == "issued"


def test_a_foreign_card_is_left_as_it_is(house, card):
    if kind_of(card) == MIFARE:
        card.memory[112:118] = bytes(6)  # key A of sector 1
    else:
        card.application._master = bytes(16)
    before = card.dump() if kind_of(card) == MIFARE else card.application._tries
    says("foreign", house.issue)
    after = card.dump() if kind_of(card) == MIFARE else card.application._tries + 1
    assert before == after and house.balances() == {}


class OtherSystem:
    """A CPU card that knows no command of ours. answer: to all."""

    def __init__(self, answer):
        self._answer = answer

    def apdu(self, command):
        return self._answer

    def reset(self):
        pass


@pytest.mark.parametrize("answer", ["6a82", "6d00", "9000", "6300", "01020304050607089000"])
def test_a_cpu_card_of_another_system(house, answer):
    house.line.field.put(IsoDepCard(UIDS[CPU], OtherSystem(bytes.fromhex(answer))))
    fault = "foreign" if answer[0] == "6" else None
    with pytest.raises(Fault) as caught:
        house.issue()
    assert caught.value.name == fault or fault is None, caught.value
    with pytest.raises(Fault):
        work.read(house.desk, work.find(house.desk))


def test_a_write_protected_card(house):
    card = MifareClassic(UIDS[MIFARE])
    trailer = b"\xff" * 6 + bytes.fromhex("7f0788") + b"\x69" + b"\xff" * 6
    card._put(7, trailer)
    house.line.field.put(card)
    says("protected", house.issue)
    assert house.balances() == {}


@pytest.mark.parametrize("when", ["before", "after"])
def test_server_away_when_it_is_asked(house, card, when):
    house.office.fails = {"begin": when}
    says("no_server", house.issue)
    assert work.CHIPS[kind_of(card)].is_blank(house.desk.reader, Chip(kind_of(card), card.uid))
    house.office.fails = {}
    assert house.issue().card == 1
    assert house.balances() == {("bank", ""): -1234, ("purse", "1"): 1234}


@pytest.mark.parametrize("when", ["before", "after"])
def test_server_away_when_it_is_told(house, card, when):
    house.office.fails = {"end": when}
    says("untold", house.issue)
    house.office.fails = {}
    if when == "before":
        assert house.issue().card == 1
    else:
        says("already", house.issue)
    assert state(house) == "issued"


def test_given_up_and_begun_anew(house, card):
    house.office.fails = {"end": "before"}
    says("untold", house.issue)
    house.office.fails = {}
    house.office.void(1)
    says("unreturned", house.issue)
    work.take_back(house.desk, work.find(house.desk))
    assert house.issue().card == 2 and house.store.lists.is_listed(1)
    assert house.balances() == {("bank", ""): -1234, ("purse", "2"): 1234}


def test_a_card_swapped_while_it_is_written(house, card):
    other = blank(kind_of(card), bytes.fromhex("2c0a0b0c"))
    house.issue_apdus = 0
    untouched = other.dump() if kind_of(card) == MIFARE else None
    house.line.swap_at = (house.line.apdus + 16, other)
    says("other_card", house.issue)
    if untouched:
        assert other.dump() == untouched
    else:
        assert isinstance(other.application, Fmcos) and other.application.is_delivered
    house.line.swap_at = None
    house.line.field.clear()
    house.line.field.put(card)
    assert house.issue().card == 1


def test_a_card_is_the_holders_and_so_is_its_replacement(house, card):
    with house.store.db.transaction() as connection:
        connection.execute(
            "INSERT INTO holder (number, kind, name, department, valid_until, made_utc_s)"
            " VALUES ('20250017', 2, '王小明', '机电', 11000, 1)"
        )
    assert house.issue(holder="20250017").card == 1
    house.line.field.clear()
    house.line.field.put(blank(kind_of(card), bytes.fromhex("2c0a0b0c")))
    assert house.issue(replaces=1, balance_fen=0).card == 2
    assert house.store.holders.of_card(1) == house.store.holders.of_card(2) == 1
    house.line.field.clear()
    house.line.field.put(blank(kind_of(card), bytes.fromhex("2c0a0b0d")))
    says("refused", house.issue, holder="nobody")


def test_a_copy_is_told(house):
    card = blank(MIFARE)
    house.line.field.put(card)
    house.issue()
    copy = MifareClassic.load(card.dump())
    copy.memory[5 * 16 + 3] ^= 1
    house.line.field.clear()
    house.line.field.put(copy)
    assert work.read(house.desk, work.find(house.desk))["problem"] == "purse"
    says("refused", work.take_back, house.desk, work.find(house.desk))
