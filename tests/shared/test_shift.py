"""Shifts: a cashier's card begins one, nobody pays without; its end says what was taken."""

from protocol import params, reasons, record
from tests.shared.campus import Card, flash_of, moment, records, screens, tap, terminal_on

CASHIER_ZONE, SUPERVISOR_ZONE = 3, 4


def till(flash=None):
    terminal = terminal_on(flash or flash_of())
    zones = {"cashier_zone": CASHIER_ZONE, "supervisor_zone": SUPERVISOR_ZONE}
    terminal.params.apply(1, params.pack(zones))
    return terminal


def holder(number, zones=1):
    return Card(number, zones=zones, uid=b"\x04\0\0" + bytes([number]))


def press(terminal, keys):
    for char in keys:
        effects = terminal.key(char, moment(terminal))
    return effects


def sell(terminal, card, fen):
    press(terminal, "*" + str(fen) + "#")
    return screens(tap(terminal, card)[1])


def test_a_shift_from_its_begin_to_its_end():
    terminal, cashier, student = till(), holder(1, 1 << CASHIER_ZONE), holder(2)
    assert sell(terminal, student, 500) == ["no_cashier"]
    assert record.unpack(records(terminal)[0]).reason == reasons.OUT_OF_HOURS
    press(terminal, "*")
    assert terminal.idle(moment(terminal)) == [("show", "no_shift", ())]
    assert screens(tap(terminal, student)[1]) == ["balance"]  # to look needs no cashier
    assert tap(terminal, cashier)[1] == [("show", "shift_begins", (1,))]
    assert sell(terminal, student, 500) == ["paid"]
    assert sell(terminal, cashier, 300) == ["paid"]  # who works must eat
    assert sell(terminal, student, 800) == ["paid"]
    press(terminal, "0#")
    assert screens(tap(terminal, student)[1]) == ["cancelled"]
    assert press(terminal, "000#") == [("show", "shift_end", ())]
    assert tap(terminal, student)[1] == [("show", "refused", (reasons.NO_RIGHT,))]
    assert tap(terminal, cashier)[1] == [("show", "shift_ended", (3, 1600, 800))]
    events = [record.unpack(raw) for raw in records(terminal)]
    events = [entry for entry in events if entry.type == record.EVENT]
    assert [entry.reason for entry in events] == [reasons.SHIFT_OPEN, reasons.SHIFT_CLOSE]
    assert (events[1].amount_fen, events[1].detail, events[1].card) == (1600, 800, 1)
    assert sell(terminal, student, 500) == ["no_cashier"]


def test_the_amount_stays_while_the_cashier_comes():
    terminal, cashier, student = till(), holder(1, 1 << CASHIER_ZONE), holder(2)
    assert sell(terminal, student, 500) == ["no_cashier"]
    assert screens(tap(terminal, cashier)[1]) == ["shift_begins", "ready"]
    assert terminal.idle(moment(terminal)) == [("show", "ready", (500,))]


def test_another_cashier_may_not_end_it_a_supervisor_may():
    terminal, cashier = till(), holder(1, 1 << CASHIER_ZONE)
    tap(terminal, cashier)
    press(terminal, "000#")
    assert screens(tap(terminal, holder(2, 1 << CASHIER_ZONE))[1]) == ["refused"]
    assert screens(tap(terminal, holder(3, 1 << SUPERVISOR_ZONE))[1]) == ["shift_ended"]
    assert screens(tap(terminal, holder(3, 1 << SUPERVISOR_ZONE))[1]) == ["balance"]


def test_a_star_goes_on_with_the_shift():
    terminal, cashier = till(), holder(1, 1 << CASHIER_ZONE)
    tap(terminal, cashier)
    press(terminal, "000#*")
    assert screens(tap(terminal, cashier)[1]) == ["balance"]
    assert sell(terminal, holder(2), 500) == ["paid"]


def test_a_power_cut_changes_nothing():
    for unit, reprogram in ((1, True), (32, False)):
        flash = flash_of(unit=unit, reprogram=reprogram)
        terminal, cashier, student = till(flash), holder(1, 1 << CASHIER_ZONE), holder(2)
        tap(terminal, cashier)
        sell(terminal, student, 500)
        student.gone_at, student.written = 5, True
        assert sell(terminal, student, 700) == ["put_back"]
        student.gone_at = None
        terminal = till(flash)
        assert screens(tap(terminal, student)[1]) == ["paid"]  # it was on the card
        assert sell(terminal, student, 100) == ["paid"]
        press(terminal, "000#")
        assert tap(terminal, cashier)[1] == [("show", "shift_ended", (3, 1300, 0))]
        terminal = till(flash)
        assert terminal.idle(moment(terminal))[0][1] != "last_paid"
        assert sell(terminal, student, 500) == ["no_cashier"]


def test_a_till_without_shifts_has_none():
    terminal = terminal_on(flash_of())
    assert press(terminal, "000#") == [("show", "refused", (reasons.AMOUNT_ZERO,))]
    assert sell(terminal, holder(2, 0xFFFF), 500) == ["paid"]


def test_the_journal_is_read_before_a_tap_has_to():
    terminal = till()
    assert terminal.kind._books is None
    for _ in range(20):
        if not terminal.get_ready():
            break
    books = terminal.kind._books
    assert books is not None and not terminal.get_ready()
    assert tap(terminal, holder(1, 1 << CASHIER_ZONE))[1] == [("show", "shift_begins", (1,))]
    assert terminal.kind._books is books
    plain = terminal_on(flash_of())
    while plain.get_ready():
        pass
    assert plain.kind._books is None
