"""An old sale given back with a supervisor's card: once, whatever is torn or cut."""

import pytest

from protocol import reasons
from terminal_sim.flash import ALL, NOTHING, PowerCut
from tests.shared import campus
from tests.sync_server.house import START_FEN, House

FEN = 1250
SUPERVISOR = 3


@pytest.fixture
def house(tmp_path):
    made = opened(tmp_path)
    yield made
    assert made.store.accounts.sum_fen() == 0
    made.store.close()


def opened(tmp_path):
    house = House(tmp_path, terminals=2, cards=SUPERVISOR)
    house.store.terminals.set_params(None, {"supervisor_zone": 4})
    uid = house.cards[SUPERVISOR].uid
    house.cards[SUPERVISOR] = campus.Card(SUPERVISOR, START_FEN, uid, zones=1 << 4)
    for number in house.terminals:
        house.sync(number)
    return house


def press(house, keys, number=1):
    for char in keys:
        effects = house.terminals[number].key(char, house.now(number))
    return [(effect[1], effect[2]) for effect in effects]


def tap(house, card, number=1):
    now = house.now(number)
    _, effects = campus.tap(house.terminals[number], house.cards[card], now)
    return [(effect[1], effect[2]) for effect in effects if effect[0] == "show"]


def sell(house, card, fen, number=1):
    press(house, f"*{fen}#", number)
    assert tap(house, card, number)[0][0] == "paid"


def find(house, card):
    """The supervisor, then the customer. -> the screen that asks"""
    assert press(house, "*00#") == [("refund_leave", ())]
    assert tap(house, SUPERVISOR) == [("refund_find", ())]
    return tap(house, card)


def settle(house):
    for number in house.terminals:
        house.sync(number)
        press(house, "*", number)
        for card in (1, 2):
            tap(house, card, number)
        house.sync(number)
    house.check_purses()
    assert house.store.records.counts()["grey"] == 0


def test_an_hour_later_and_after_other_sales(house):
    sell(house, 1, FEN)
    sell(house, 2, 300)
    sell(house, 1, 100, number=2)
    house.utc_s += 3600
    house._ticks_ms += 3_600_000
    ((screen, (fen, _)),) = find(house, 1)
    assert (screen, fen) == ("refund", FEN)
    assert press(house, "#") == [("refund_give", (FEN,))]
    assert tap(house, 2)[0][0] == "balance"  # another card
    assert tap(house, 1) == [("cancelled", (FEN, START_FEN - 100))]
    assert tap(house, 1)[0][0] == "balance"
    assert find(house, 1) == [("no_sale", ())]  # not twice
    settle(house)
    assert house.balances()["merchant", "m0"] == 300
    assert house.store.records.counts()["quarantined"] == 0
    events = [row for row in house.store.records.of(1, 0, 99) if row[3] == reasons.REFUND_LEAVE]
    assert [row[5] for row in events] == [SUPERVISOR, SUPERVISOR]  # who let it be


def test_only_with_a_supervisor_and_only_a_sale_of_this_card_here(house):
    sell(house, 1, FEN)
    sell(house, 2, 100, number=2)
    press(house, "*00#")
    assert tap(house, 1)[0] == ("refused", (reasons.NO_RIGHT,))
    assert find(house, 2) == [("no_sale", ())]
    assert find(house, 1)[0][0] == "refund"
    press(house, "*")
    assert tap(house, 1)[0][0] == "balance" and house.held_fen(1) == START_FEN - FEN
    find(house, 1)
    press(house, "5#")  # a key ends it
    assert tap(house, 1)[0][0] == "paid"


def test_a_reported_card_gets_nothing_back(house):
    sell(house, 1, FEN)
    house.store.lists.loss_report(1, "desk", house.utc_s)
    house.sync(1)
    assert find(house, 1)[0][0] == "refused" and house.held_fen(1) == START_FEN - FEN


# shows R12
@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("gone_at", range(7))
def test_torn_at_every_command(house, gone_at, written):
    sell(house, 1, FEN)
    find(house, 1)
    press(house, "#")
    card = house.cards[1]
    card.gone_at, card.written = gone_at, written
    tap(house, 1)
    card.gone_at = None
    for _ in range(2):
        tap(house, 1)
    settle(house)
    assert house.held_fen(1) == START_FEN and ("merchant", "m0") not in house.balances()


def test_cut_at_every_operation(tmp_path):
    operation, was_cut = 0, True
    while was_cut:  # until the tap has fewer operations
        operation += 1
        (tmp_path / str(operation)).mkdir()
        house = opened(tmp_path / str(operation))
        sell(house, 1, FEN)
        find(house, 1)
        press(house, "#")
        flash, was_cut = house.terminals[1]._flash, False
        flash.cut_after(operation, ALL if operation % 2 else NOTHING)
        try:
            tap(house, 1)
        except PowerCut:
            was_cut = True
        flash.cut_after(0)
        house.power_on(1, flash)
        tap(house, 1)  # settles what is grey
        if find(house, 1)[0][0] == "refund":
            press(house, "#")
            tap(house, 1)
        settle(house)
        assert house.held_fen(1) == START_FEN, operation
        house.store.close()
    assert operation > 2
