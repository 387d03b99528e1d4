"""Staff meals in the ledger: subsidy and purse, one a period wherever, taken back whole."""

import itertools

import pytest

from card_layout import identity
from protocol import meals, reasons
from tests.shared import campus
from tests.sync_server.databases import url_of
from tests.sync_server.house import START_FEN, House

pytestmark = pytest.mark.usefixtures("both")

MEALS = meals.pack([(0x7F, 0, 1440, 800)])


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path, terminals=2, cards=3)
    made.store.terminals.set_params(None, {"staff": 1, "meals": MEALS})
    for number, card in list(made.cards.items()):
        uid = card.uid
        made.cards[number] = campus.Card(number, START_FEN, uid, holder_kind=identity.STAFF)
    for number in made.terminals:
        made.sync(number)
    yield made
    assert made.store.accounts.sum_fen() == 0
    made.store.close()


def eat(house, number, card, fen):
    """One meal at a terminal. -> screens"""
    terminal, now = house.terminals[number], house.now(number)
    terminal.key("*", now)
    for char in f"{fen}#":
        terminal.key(char, now)
    return campus.screens(campus.tap(terminal, house.cards[card], house.now(number))[1])


def faults(house):
    rows = house.store.db.rows("SELECT terminal, serial, fault FROM record WHERE fault != 0")
    return [(row["terminal"], row["serial"], row["fault"]) for row in rows]


def test_subsidy_and_purse_pay_the_merchant(house):
    assert eat(house, 1, 1, 1250) == ["meal"]
    assert eat(house, 1, 1, 500) == ["paid"]
    assert eat(house, 1, 2, 300) == ["meal"]  # all of it subsidy
    house.sync(1)
    held = house.balances()
    assert held["merchant", "m0"] == 1250 + 500 + 300
    assert held["subsidy", ""] == -800 - 300
    house.check_purses()
    assert faults(house) == [] and house.store.records.counts()["quarantined"] == 0


# shows R4
def test_a_second_meal_at_another_terminal_is_named(house):
    assert eat(house, 1, 1, 1250) == ["meal"] == eat(house, 2, 1, 700)
    assert eat(house, 2, 2, 700) == ["meal"]
    house.sync(2)
    house.sync(1)
    held = house.balances()
    assert (held["merchant", "m0"], held["merchant", "m1"]) == (1250, 1400)
    assert held["subsidy", ""] == -1400 and held["suspense", "meal"] == -800
    house.check_purses()
    assert faults(house) == [(1, 1, reasons.MEAL_TWICE)]
    house.store.close()  # and it is remembered
    house.store = type(house.store)(url_of(house.path))
    assert eat(house, 1, 2, 100) == ["meal"]
    house.sync(1)
    assert faults(house) == [(1, 1, reasons.MEAL_TWICE), (1, 2, reasons.MEAL_TWICE)]


def test_sent_twice_is_one_meal(house):
    eat(house, 1, 1, 1250)
    house.sync(1)
    house.terminals[1].journal.unack(0)
    house.sync(1)
    assert house.balances()["subsidy", ""] == -800 and faults(house) == []


@pytest.mark.parametrize("at_once", [False, True])
def test_taken_back_with_its_subsidy(house, at_once):
    for _ in range(2):
        assert eat(house, 1, 1, 1250) == ["meal"]
        for char in "0#":
            house.terminals[1].key(char, house.now(1))
        _, effects = campus.tap(house.terminals[1], house.cards[1], house.now(1))
        assert campus.screens(effects) == ["cancelled"]
        if at_once:
            continue
        house.sync(1)
        held = house.balances()
        assert ("merchant", "m0") not in held and ("subsidy", "") not in held
        house.check_purses()
    assert eat(house, 1, 1, 1250) == ["meal"]
    house.sync(1)
    assert house.balances()["subsidy", ""] == -800
    house.check_purses()
    assert faults(house) == []


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2))))
def test_a_torn_meal_is_settled_with_its_subsidy(house, order):
    card = house.cards[1]
    card.gone_at, card.written = 5, True
    assert eat(house, 1, 1, 1250) == ["put_back"]
    card.gone_at = None
    house.terminals[1].key("*", house.now(1))
    assert eat(house, 2, 1, 100) == ["meal"]  # nobody there knows of the other
    for number in order:
        house.sync(number)
    held = house.balances()
    assert (held["merchant", "m0"], held["merchant", "m1"]) == (1250, 100)
    assert held["subsidy", ""] + held["suspense", "meal"] == -900
    house.check_purses()
    assert len(faults(house)) == 1 and house.store.records.counts()["grey"] == 0
