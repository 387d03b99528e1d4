"""Emergencies at a terminal: who may order one, what it changes, and that it ends."""

import gc

from firmware.core.emergency import Spent
from firmware.core.layout import make
from firmware.core.terminal import Terminal
from protocol import emergency, keypage, messages, params, reasons, record
from protocol.emergency import DRILL, EMERGENCY, END, Order
from protocol.errors import LocalError, RemoteError
from protocol.states import TERMINAL
from terminal_sim.flash import Flash
from tests.shared.campus import NOON, NUMBER, PAGE, Card, moment, records, screens, tap
from tests.shared.expect import raises
from tests.shared.orders import AGAIN, CENTRE, ENDED, FIRST, FORGED, PRACTICE, TILLS
from tests.shared.test_gate import Gate

NAMES = ("number", "what", "kinds", "begin_s", "end_s", "tap_fen", "card_fen")
LAYOUT = make(0, 3)  # no lists: signatures need the memory
APPLIED, SAME, REFUSED = messages.APPLIED, messages.SAME, messages.REFUSED
HOUR_MS = 3_600_000


def flash_of(kind, centre=CENTRE):
    flash = Flash(LAYOUT.sectors * 4096)
    page = keypage.pack(NUMBER, kind, *PAGE, centre)
    flash.program(LAYOUT.keys.first * 4096, page)
    return flash


def changed(entry, names, **fields):
    """-> the same with other fields."""
    return type(entry)(*[fields.get(name, value) for name, value in zip(names, entry)])


def trusting(terminal):
    """Signatures have tests of their own (test_emergency_orders); here is no memory for them."""
    terminal.emergency.is_signed = lambda key, signed: key == CENTRE and signed != FORGED
    return terminal


class Till:
    """A point of sale with the centre's key, in time."""

    def __init__(self, flash=None, **settings):
        gc.collect()  # of the till before: this heap is small
        self.flash = flash or flash_of(messages.POS)
        self.terminal = trusting(Terminal(self.flash, None, LAYOUT))
        self.terminal.mount()
        self.terminal.params.meet()
        if settings:
            self.terminal.params.apply(1, params.pack(settings))
        self.ticks_ms = 0
        self.online = True

    def reboot(self):
        """Power is gone and back."""
        self.terminal = None
        gc.collect()
        self.terminal = trusting(Terminal(self.flash, None, LAYOUT))
        self.terminal.mount()
        self.ticks_ms = 0

    def now(self):
        utc_s = NOON + self.ticks_ms // 1000
        if self.online:
            return moment(self.terminal, utc_s, self.ticks_ms)
        return self.terminal.moment(utc_s, self.ticks_ms)

    def go_offline(self):
        self.terminal.on_close(self.now())
        self.online = False

    def upload(self):
        """All that is there is on the server."""
        given = self.terminal.journal.batch(50)
        while given is not None:  # ends with the records
            self.terminal.journal.ack(given[0])
            given = self.terminal.journal.batch(50)

    def order(self, signed):
        """-> (number, status) that the terminal answers."""
        body = messages.encode(messages.EMERGENCY, (), signed)
        answer = self.terminal.uploader.on_request(body, self.now())
        number, values, _ = messages.decode(answer, TERMINAL)
        assert number == messages.EMERGENCY_STATE
        return tuple(values)

    def turn(self):
        return self.terminal.turn(self.now())

    def sell(self, card, fen):
        self.terminal.kind.ready(fen)
        return tap(self.terminal, card, self.now())

    def log(self):
        """-> [(type, reason, amount, detail, flags of an emergency)] of all records."""
        flags = record.EMERGENCY | record.DRILL
        entries = [record.unpack(raw) for raw in records(self.terminal)]
        return [
            (one.type, one.reason, one.amount_fen, one.detail, one.flags & flags) for one in entries
        ]


BEGAN = (record.EVENT, reasons.EMERGENCY, 0, 3, record.EMERGENCY)


def test_an_order_whose_time_is_over_is_refused():
    till = Till()
    till.ticks_ms = HOUR_MS
    assert till.order(FIRST) == (0, REFUSED)


def test_the_limits_of_being_offline_give_way_to_those_of_the_order():
    till, card = Till(offline_taps_per_card=1, offline_fen_per_card=100), Card()
    till.order(FIRST)
    till.turn()
    till.go_offline()
    assert till.sell(card, 2001)[0].reason == reasons.TAP_LIMIT
    assert till.sell(card, 2000)[0].accepted
    assert till.sell(card, 1001)[0].reason == reasons.OFFLINE_FEN
    assert till.sell(card, 1000)[0].accepted
    assert card.purse().balance_fen == 2000
    till.ticks_ms = HOUR_MS
    assert till.sell(card, 50)[0].reason == reasons.OFFLINE_TAPS
    till.turn()
    flags = [row[4] for row in till.log()]
    assert flags == [8, 8, 8, 8, 8, 0, 0]
    assert till.log()[0] == (record.EVENT, reasons.EMERGENCY, 0, 3, record.EMERGENCY)
    assert till.log()[-1] == (record.EVENT, reasons.EMERGENCY, 0, 2, 0)


def test_what_cards_took_outlives_power_cuts_and_torn_debits():
    till, card = Till(), Card()
    till.order(FIRST)
    till.turn()
    till.sell(card, 1500)
    till.reboot()
    till.ticks_ms = 1000
    assert till.turn() == []  # it has begun before
    assert till.sell(card, 1501)[0].reason == reasons.OFFLINE_FEN
    card.gone_at, card.written = 4, False
    assert till.sell(card, 1400)[0].torn
    assert till.terminal.emergency.spent.fen(7) == 2900
    card.gone_at = None
    assert till.sell(card, 1400)[0].accepted  # it was not written: void, and paid now
    assert till.terminal.emergency.spent.fen(7) == 2900
    till.reboot()
    assert till.terminal.emergency.spent.fen(7) == 2900


def test_a_drill_takes_nothing_and_is_told_from_the_real_one():
    till, card = Till(), Card()
    assert till.order(PRACTICE) == (4, APPLIED)
    assert till.turn()[0][1] == "drilling"
    outcome, effects = till.sell(card, 1250)
    assert outcome.accepted and effects[-1] == ("show", "drill", (1250,))
    assert card.purse().balance_fen == 5000 and card.purse().counter == 0
    assert till.log()[-1] == (record.PASS, reasons.OK, 0, 1250, 8 | 128)
    assert till.sell(card, 2001)[0].reason == reasons.TAP_LIMIT
    assert till.sell(card, 2000)[0].reason == reasons.OFFLINE_FEN  # as it would be
    poor = Card(8, balance_fen=10)
    assert till.sell(poor, 100)[0].reason == reasons.BALANCE
    assert till.terminal.kind.awaited is None


def test_gates_open_and_shut_by_order_and_by_time():
    for last in (ENDED, None):
        gate_opens_and_shuts(last)


def gate_opens_and_shuts(last):
    gate = Gate(flash_of(messages.GATE), LAYOUT)
    trusting(gate.terminal)
    gate.wait(1000)
    gate.terminal.ordered(FIRST, gate.now())
    gate.turn()
    assert gate.is_open and gate.said[-1] == ("free", (reasons.EMERGENCY,))
    assert gate.present(Card(valid_until=1)).accepted
    if last:
        assert gate.terminal.ordered(last, gate.now()) == (2, APPLIED)
    else:
        gate.ticks_ms = HOUR_MS
    gate.turn()
    gate.do(gate.terminal.turn(gate.now()))
    assert not gate.is_open
    assert not gate.present(Card(valid_until=1)).accepted


def test_a_gate_that_starts_in_an_emergency_is_open():
    gate = Gate(flash_of(messages.GATE), LAYOUT)
    trusting(gate.terminal)
    gate.terminal.ordered(PRACTICE, gate.now())
    again = Gate(gate.flash, LAYOUT)
    again.turn()
    assert again.is_open and again.said[-1] == ("free_drill", ())


def test_it_is_for_the_kinds_that_are_named():
    gate = Gate(flash_of(messages.GATE), LAYOUT)
    trusting(gate.terminal)
    assert gate.terminal.ordered(TILLS, gate.now()) == (5, APPLIED)
    gate.turn()
    assert not gate.is_open and gate.terminal.turn(gate.now()) == [] and gate.log() == []


def test_begin_and_end_are_written_when_there_is_room_and_not_twice():
    till = Till()
    till.order(FIRST)
    while not till.terminal.journal.full:
        till.terminal.note(reasons.OK, 0, till.now())
    first = till.terminal.journal.serial_next
    assert till.turn() == [] and till.turn() == []
    till.upload()
    assert till.terminal.journal.serial_next == first
    assert till.turn() != [] and till.turn() == []
    assert till.log() == [BEGAN]
    till.reboot()
    assert till.turn() == [] and till.log() == [BEGAN]


def test_the_one_before_has_ended_when_the_next_begins():
    till = Till()
    for order in (FIRST, AGAIN):
        till.order(order)
        till.turn()
    assert [row[3] for row in till.log()] == [3, 2, 7]


def test_without_a_clock_it_lasts_as_long_as_it_was_to():
    till = Till()
    till.order(FIRST)
    till.reboot()

    def on(ticks_ms, utc_s=0):
        return till.terminal.emergency.is_on(till.terminal.moment(utc_s, ticks_ms))

    assert on(HOUR_MS - 1) and not on(HOUR_MS)
    assert on(0, NOON + 3599) and not on(0, NOON + 3600)
    assert not on(HOUR_MS, NOON)  # a clock that was set back does not make it longer
    card = Card()
    till.terminal.kind.ready(100)
    assert tap(till.terminal, card, till.terminal.moment(0, 1000))[0].accepted


def test_the_page_keeps_parameters_and_order_apart():
    till = Till(tap_limit_fen=700)
    till.order(FIRST)
    till.terminal.params.apply(2, params.pack({"tap_limit_fen": 800}))
    till.reboot()
    assert till.terminal.params.met and till.terminal.params["tap_limit_fen"] == 800
    assert till.terminal.params.version == 2
    assert till.terminal.emergency.order == emergency.parse(FIRST)


def test_an_idle_till_says_until_when():
    till = Till()
    till.order(FIRST)
    (screen,) = till.turn()
    assert screen == ("show", "emergency", (3000, NOON + 3600 + 8 * 3600))
    till.sell(Card(), 100)
    assert screens(till.terminal.idle(till.now())) == ["emergency"]


def test_orders_that_make_no_sense_are_none():
    good = Order(1, EMERGENCY, 6, NOON, NOON + 60, 100, 100)
    assert emergency.parse(emergency.pack(good) + bytes(64)) == good
    for wrong in (
        {"number": 0}, {"number": 1 << 31}, {"what": 3}, {"kinds": 0}, {"kinds": 8},
        {"end_s": NOON}, {"end_s": NOON + emergency.MAX_S + 1}, {"card_fen": 100_001},
        {"tap_fen": 100_001},
    ):  # fmt: skip
        bad = changed(good, NAMES, **wrong)
        raises(LocalError, emergency.pack, bad)
        raw = emergency.MAGIC + b"\1" + emergency.body(bad) + b"\xff" * 5 + bytes(64)
        raises(RemoteError, emergency.parse, raw)
    for raw in (b"", FIRST[:95], b"X" + FIRST[1:], FIRST[:4] + b"\2" + FIRST[5:]):
        raises(RemoteError, emergency.parse, raw)
    assert DRILL != END != EMERGENCY


def test_what_was_before_does_not_count():
    spent = Spent(NOON)
    till = Till()
    till.order(FIRST)
    till.sell(Card(), 700)
    entry = record.unpack(records(till.terminal)[-1])
    names = [name for name, _ in record.FIELDS]
    spent.written(changed(entry, names, utc_s=NOON - 1), record.DONE)
    spent.written(changed(entry, names, flags=0), record.DONE)
    spent.written(entry, record.VOID)
    assert spent.fen(7) == 0
    spent.written(changed(entry, names, utc_s=0), record.INTENT)  # a clock that does not know
    spent.settled(entry.serial, record.VOID)
    spent.written(entry, record.DONE)
    assert spent.fen(7) == 700
