"""Water: faults, theft, power, and cards that leave in a write."""

from protocol import messages, reasons, record
from tests.shared.campus import Card, flash_of, records, tap
from tests.shared.valve import Valve

RESERVE, SETTLE, EVENT = record.RESERVE, record.SETTLE, record.EVENT


def test_a_torn_reserve_locks_nobody_out_and_is_settled_when_its_card_is_back():
    for written in (True, False):
        torn_reserve(written)


def torn_reserve(written):
    valve, card = Valve(), Card()
    other = Card(8, uid=bytes((4, 9, 9, 9, 9, 9, 9)))
    card.gone_at, card.written = 4, written
    assert valve.present(card).torn
    assert not valve.on
    valve.wait(100)
    assert valve.log() == [(RESERVE, 500, 0), (SETTLE, 0, 0)]
    assert valve.present(other).accepted
    valve.leave()
    valve.wait(1000)
    card.gone_at = None
    assert valve.present(card).accepted
    assert card.purse().balance_fen == 4500
    valve.leave()
    valve.wait(1000)
    valve.settle(card)
    assert card.purse().balance_fen == 5000


def test_a_torn_giving_gives_once():
    for written in (True, False):
        torn_giving(written)


def torn_giving(written):
    valve, card = Valve(), Card()
    valve.present(card)
    valve.flow(10)
    valve.leave()
    valve.wait(1000)
    card.gone_at, card.written = 4, written
    assert valve.settle(card).torn
    card.gone_at = None
    valve.settle(card)
    assert card.purse().balance_fen == 4990
    valve.settle(card)
    assert card.purse().balance_fen == 4990


def test_power_that_fails_is_closed_at_once_and_without_a_word_by_the_strip():
    for warned in (True, False):
        for unit, reprogram in ((1, True), (32, False)):
            power_fails(warned, flash_of(messages.WATER, unit, reprogram))


def power_fails(warned, flash):
    valve, card = Valve(flash, most_units=100), Card()
    valve.present(card)
    valve.flow(33)
    if warned:
        valve.power_fails()
        assert not valve.on
        assert valve.log()[-1] == (SETTLE, 33, 33)
        assert valve.present(Card(8)).reason == reasons.OUT_OF_SERVICE
    valve.reboot()
    valve.wait(20)
    assert valve.log()[-1 - warned] == (SETTLE, 33, 33)
    valve.settle(card)
    assert card.purse().balance_fen == 4967


def test_theft_and_faults_are_events():
    valve, card = Valve(), Card()
    valve.flow(5)
    assert [row[0] for row in valve.log()] == [EVENT]
    assert record.unpack(records(valve.terminal)[0]).reason == reasons.LEAK
    assert valve.present(card).reason == reasons.OUT_OF_SERVICE
    valve.wait(11000)
    assert valve.present(card).accepted  # it is over
    valve.turn(1, 3)
    assert not valve.on
    valve.wait(1000)
    assert record.unpack(records(valve.terminal)[-2]).reason == reasons.METER_BACK
    valve.wait(11000)
    valve.present(card)
    valve.turn(0, 0, 400)
    assert not valve.on
    valve.wait(11000)
    valve.present(card)
    valve.case(True)
    assert not valve.on
    valve.wait(11000)
    assert valve.present(card).reason == reasons.OUT_OF_SERVICE
    valve.case(False)
    assert valve.present(card).accepted
    reasons_told = [record.unpack(raw).reason for raw in records(valve.terminal)]
    assert reasons.METER_NOISE in reasons_told and reasons.CASE_OPEN in reasons_told


def test_a_lost_clock_opens_nothing_and_a_quota_is_not_given_anew():
    valve, card = Valve(free_units=20), Card(balance_fen=0)
    valve.present(card)
    valve.flow(19)
    valve.wait(1000)
    valve.reboot()
    lost = valve.terminal.moment(0, valve.ticks_ms)
    assert tap(valve.terminal, card, lost)[0].reason == reasons.CLOCK_UNSET
    assert not valve.terminal.kind.is_open
    assert valve.terminal.kind.reserves.free_used(7, 0) > 20
    assert valve.present(card).reason == reasons.BALANCE  # it is told the time: one unit is left
    assert valve.present(Card(8, uid=bytes((4, 9, 9, 9, 9, 9, 9)))).accepted


def test_a_valve_that_does_not_shut_is_told():
    valve, card = Valve(), Card()
    valve.present(card)
    valve.flow(5)
    valve.leave()
    valve.flow(40)
    assert not valve.terminal.kind.is_running
    told = [record.unpack(raw) for raw in records(valve.terminal)]
    stuck = [entry for entry in told if entry.reason == reasons.VALVE_STUCK]
    assert len(stuck) == 1 and stuck[0].detail > 30
    assert [entry.reason for entry in told].count(reasons.LEAK) == 1


def test_no_flow_ends_it_and_a_silent_meter_is_an_event():
    valve, card = Valve(no_flow_s=5), Card()
    valve.present(card)
    valve.flow(3)
    valve.wait(4800)
    assert valve.on
    valve.wait(400)
    assert not valve.on
    valve.wait(1000)
    assert valve.log() == [(RESERVE, 500, 0), (SETTLE, 3, 3)]
    valve.settle(card)
    valve.present(card)
    valve.wait(5200)
    assert not valve.on
    assert (EVENT, 0, 0) in valve.log()
    assert record.unpack(records(valve.terminal)[-1]).reason == reasons.METER_SILENT
