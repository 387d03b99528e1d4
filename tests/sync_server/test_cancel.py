"""The last sale cancelled within its minute: the money is back once, whatever is torn or cut."""

import pytest

from firmware.kinds.pos import CANCEL, CANCEL_MS
from protocol import reasons, record
from terminal_sim.flash import ALL, NOTHING, PowerCut
from tests.shared import campus
from tests.sync_server import test_cpu_loads
from tests.sync_server.house import START_FEN, House
from tests.sync_server.test_actions import present

FEN = 1250


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path, terminals=2, cards=2)
    yield made
    made.store.close()


def asks(house, number=1):
    """'0' and '#'. -> what the screen says."""
    terminal = house.terminals[number]
    terminal.key("0", house.now(number))
    return terminal.key("#", house.now(number))


def tap(house, number=1, card=1):
    """One tap without a key before it. -> screens"""
    serve = lambda body: house.serve(number, body)  # noqa: E731
    now = house.now(number)
    _, effects = campus.tap(house.terminals[number], house.cards[card], now, serve=serve)
    return [(effect[1], effect[2]) for effect in effects if effect[0] == "show"]


def settle(house):
    for number in house.terminals:
        house.sync(number)
    for number in house.terminals:
        present(house, number)
        house.sync(number)


def check(house, back):
    house.check_purses()
    taken = 0 if back else FEN
    assert house.held_fen(1) == START_FEN - taken
    assert house.balances().get(("merchant", "m0"), 0) == taken
    assert (
        house.store.records.counts()["quarantined"] == 0
        and house.store.records.counts()["grey"] == 0
    )


# shows R12
def test_cancelled_once(house):
    assert present(house, 1, pay_fen=FEN)[0].accepted
    assert asks(house) == [("show", "cancel", (FEN,))]
    assert tap(house, card=2)[0][0] == "balance"  # another card
    assert tap(house) == [("cancelled", (FEN, START_FEN))]
    assert asks(house) == [("show", "refused", (reasons.AMOUNT_ZERO,))]
    house.sync(1)
    assert house.store.records.of(1, 1, 9)[0][1] == record.REVERSAL
    settle(house)
    check(house, back=True)


def test_too_late_elsewhere_or_after_another_purchase(house):
    present(house, 1, pay_fen=FEN)
    assert asks(house, 2) == [("show", "refused", (reasons.AMOUNT_ZERO,))]
    asks(house)
    house._ticks_ms += CANCEL_MS
    assert tap(house)[0][0] == "balance"
    house.terminals[1].key("*", house.now(1))
    present(house, 1, pay_fen=FEN)
    asks(house)
    present(house, 2, pay_fen=10)
    assert tap(house)[0][0] == "balance"
    assert house.held_fen(1) == START_FEN - 2 * FEN - 10


def test_a_star_keeps_the_sale(house):
    present(house, 1, pay_fen=FEN)
    asks(house)
    house.terminals[1].key("*", house.now(1))
    assert tap(house)[0][0] == "balance"
    settle(house)
    check(house, back=False)


def test_a_reported_card_gets_nothing_back(house):
    present(house, 1, pay_fen=FEN)
    house.store.lists.loss_report(1, "desk", house.utc_s)
    house.sync(1)
    asks(house)
    assert tap(house)[0][0] == "refused" and house.held_fen(1) == START_FEN - FEN


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("gone_at", range(6))
def test_torn_at_every_command(house, gone_at, written):
    present(house, 1, pay_fen=FEN)
    asks(house)
    card = house.cards[1]
    card.gone_at, card.written = gone_at, written
    tap(house)
    card.gone_at = None
    tap(house)
    settle(house)
    check(house, back=True)


def test_cut_at_every_operation(tmp_path):
    operation, was_cut = 0, True
    while was_cut:  # until the tap has fewer operations
        operation += 1
        (tmp_path / str(operation)).mkdir()
        house = House(tmp_path / str(operation), terminals=2, cards=1)
        present(house, 1, pay_fen=FEN)
        asks(house)
        flash, was_cut = house.terminals[1]._flash, False
        flash.cut_after(operation, ALL if operation % 2 else NOTHING)
        try:
            tap(house)
        except PowerCut:
            was_cut = True
        flash.cut_after(0)
        house.power_on(1, flash)
        settle(house)
        house.check_purses()
        assert house.held_fen(1) in (START_FEN, START_FEN - FEN)
        assert house.store.records.counts()["grey"] == 0
        house.store.close()
    assert operation > 2


def test_a_reversal_of_nothing_is_named(house):
    """A terminal that gives money back for no purchase of its own."""
    terminal = house.terminals[1]
    terminal.kind._last = (1, 0, 99, 0)
    terminal.kind._duty = CANCEL
    card = house.cards[1]
    present(house, 1, pay_fen=FEN)
    terminal.kind._last = (1, card.purse().serial, 9999, house._ticks_ms)
    terminal.kind._duty = CANCEL
    assert tap(house)[0] == ("cancelled", (9999, START_FEN - FEN + 9999))
    house.sync(1)
    assert house.balances()["suspense", "reversal"] == -9999
    assert house.store.records.counts()["quarantined"] == 1
    house.check_purses()


def test_a_cpu_card_gets_it_by_a_load(tmp_path):
    house = test_cpu_loads.opened(tmp_path)
    assert present(house, 1, pay_fen=FEN)[0].accepted
    asks(house)
    assert tap(house)[0][0] == "cancelled_later"
    assert asks(house) == [("show", "refused", (reasons.AMOUNT_ZERO,))]
    house.sync(1)
    assert house.balances()["account", "1"] == FEN
    house.tell_waiting()
    assert tap(house, 2)[0] == ("loaded", (FEN, START_FEN))
    settle(house)
    check(house, back=True)
    house.store.close()
