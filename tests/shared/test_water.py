"""Water: reserved, metered, given back."""

from protocol import reasons, record, tariff
from tests.shared.campus import Card
from tests.shared.valve import Valve

RESERVE, SETTLE = record.RESERVE, record.SETTLE
STEPS = tariff.pack([(0, 10, 50), (10, tariff.END, 200)])


def test_a_shower_costs_what_flowed():
    valve, card = Valve(), Card()
    outcome = valve.present(card)
    assert (outcome.accepted, outcome.amount_fen) == (True, 500)
    assert valve.on and card.purse().balance_fen == 4500
    valve.flow(37)
    name, (left_fen, units) = valve.said[-1]
    assert name == "flowing" and units > 25 and left_fen == 500 - units
    valve.press("*")
    assert not valve.on
    valve.wait(1000)
    assert not valve.terminal.kind.is_running
    assert valve.said[-1] == ("ended", (37, 463))
    assert card.purse().balance_fen == 4500  # it lies there and is owed
    assert valve.settle(card).torn is False
    assert card.purse().balance_fen == 4963
    assert valve.said[-1] == ("used", (37, 4963))
    assert valve.log() == [(RESERVE, 500, 0), (SETTLE, 37, 37), (SETTLE, 463, 1)]
    assert valve.terminal.kind.reserves.to_close() == []
    assert valve.terminal.kind.reserves.owed(7) is None


def test_a_card_that_left_gets_it_at_its_next_tap_and_nobody_else_waits():
    valve, card = Valve(), Card()
    other = Card(8, uid=bytes((4, 9, 9, 9, 9, 9, 9)))
    valve.present(card)
    valve.flow(20)
    valve.leave()
    assert not valve.on
    valve.wait(1000)
    assert valve.present(other).accepted
    valve.flow(5)
    valve.leave()
    valve.wait(1000)
    assert valve.present(card).accepted
    assert card.purse().balance_fen == 5000 - 20 - 500
    valve.leave()
    valve.wait(1000)
    valve.settle(card)
    assert card.purse().balance_fen == 4980
    valve.settle(other)
    assert other.purse().balance_fen == 4995


def test_what_flows_after_the_valve_was_told_to_shut_is_paid():
    valve, card = Valve(), Card()
    valve.present(card)
    valve.flow(10)
    valve.leave()
    valve.flow(2)
    valve.wait(1000)
    assert valve.log()[1] == (SETTLE, 12, 12)


def test_the_reserve_ends_it_with_the_margin_left():
    valve, card = Valve(reserve_fen=30, margin_units=2), Card()
    valve.present(card)
    valve.flow(27)
    assert valve.on
    valve.flow(1)
    assert not valve.on
    valve.flow(2)  # while the valve shuts
    valve.wait(1000)
    assert valve.log() == [(RESERVE, 30, 0), (SETTLE, 30, 30)]
    assert valve.terminal.kind.reserves.owed(7) is None


def test_the_balance_is_what_can_be_reserved():
    valve, card = Valve(), Card(balance_fen=40)
    assert valve.present(card).amount_fen == 40
    assert card.purse().balance_fen == 0
    poor = Card(9, balance_fen=1, uid=bytes((4, 9, 9, 9, 9, 9, 9)))
    valve.leave()
    valve.wait(1000)
    outcome = valve.present(poor)
    assert (outcome.accepted, outcome.reason) == (False, reasons.BALANCE)


def test_free_units_are_counted_over_sessions_and_boots():
    valve, card = Valve(free_units=20, reserve_fen=100), Card()
    valve.present(card)
    valve.flow(15)
    valve.leave()
    valve.wait(1000)
    assert valve.log() == [(RESERVE, 100, 20), (SETTLE, 0, 15)]
    valve.reboot()
    valve.present(card)
    assert valve.log()[-1] == (RESERVE, 100, 5)
    valve.flow(12)
    valve.leave()
    valve.wait(1000)
    assert valve.log()[-1] == (SETTLE, 7, 12)
    valve.settle(card)
    assert card.purse().balance_fen == 4993


def test_a_card_without_money_has_its_free_units_and_no_more():
    valve, card = Valve(free_units=20), Card(balance_fen=0)
    assert valve.present(card).accepted and valve.on
    assert len(card.commands) == 4  # nothing is written
    valve.flow(19)
    assert not valve.on
    valve.wait(1000)
    assert valve.log() == [(RESERVE, 0, 20), (SETTLE, 0, 19)]
    assert valve.present(card).reason == reasons.BALANCE


def test_steps():
    valve, card = Valve(tariff=STEPS), Card()
    valve.present(card)
    valve.flow(15)
    valve.leave()
    valve.wait(1000)
    assert valve.log()[-1] == (SETTLE, 15, 15)  # 10 at half a fen, 5 at 2 fen


def test_seconds():
    valve = Valve(tariff=STEPS, per_second=1)
    valve.present(Card())
    valve.wait(12000)
    valve.leave()
    valve.wait(1000)
    assert valve.log()[-1] == (SETTLE, 9, 12)


def test_in_use_is_refused_and_full_is_refused():
    valve, card = Valve(), Card()
    valve.present(card)
    assert valve.present(Card(8, uid=bytes((4, 9, 9, 9, 9, 9, 9)))).reason == reasons.IN_USE
    valve.leave()
    valve.wait(1000)
    valve.terminal.journal.has_room = lambda records: False
    assert valve.present(card).reason == reasons.JOURNAL_FULL


def test_ledger_of_a_lost_card_keeps_what_is_owed():
    valve, card = Valve(), Card()
    valve.present(card)
    valve.leave()
    valve.wait(1000)
    valve.terminal.blacklist.has = lambda number: True
    assert valve.present(card).reason == reasons.LISTED
    assert valve.terminal.kind.reserves.owed(7) == (1, 500)
