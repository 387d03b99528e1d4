"""A valve in the hands of a test: a terminal of kind water, a card, units as the test likes."""

import gc

from protocol import messages, params, record
from tests.shared.campus import NOON, flash_of, moment, records, tap, terminal_on

TURN_MS = 20


class Valve:
    """`on`: what the output was told. `said`: screens, the last one last."""

    def __init__(self, flash=None, **settings):
        gc.collect()  # of the valve before: this heap is small
        self.flash = flash or flash_of(messages.WATER)
        self.terminal = terminal_on(self.flash)
        if settings:
            self.set(**settings)
        self.ticks_ms = 0
        self.on = False
        self.said = []

    def set(self, **settings):
        """New parameters."""
        status = self.terminal.params.apply(self.terminal.params.version + 1, params.pack(settings))
        assert status == messages.APPLIED

    def reboot(self):
        """Power is gone and back."""
        self.terminal = None
        gc.collect()
        self.terminal = terminal_on(self.flash, False)
        self.on = False

    def now(self, online=True):
        return moment(self.terminal, NOON + self.ticks_ms // 1000, self.ticks_ms, online)

    def present(self, card, online=True, found=None):
        """One tap; -> its Outcome."""
        outcome, effects = tap(self.terminal, card, self.now(online), found)
        self.do(effects)
        return outcome

    def settle(self, card):
        """The tap at the end of a session."""
        self.terminal.kind.only_settles = True
        outcome = self.present(card)
        self.terminal.kind.only_settles = False
        return outcome

    def flow(self, units, apart_ms=100, back=0, glitches=0):
        """Units come, one each `apart_ms`."""
        for _ in range(units):
            self.wait(apart_ms - TURN_MS)
            self.turn(1, back, glitches)

    def wait(self, ms):
        """Nothing comes for so long."""
        for _ in range(ms // TURN_MS):
            self.turn(0, 0, 0)

    def turn(self, pulses, back=0, glitches=0):
        self.ticks_ms += TURN_MS
        self.do(self.terminal.kind.turn(self.now(), pulses, back, glitches))

    def leave(self):
        """The card is taken away, seen by the next look."""
        self.do(self.terminal.kind.card_left(self.now()))

    def power_fails(self):
        self.do(self.terminal.kind.power_fails(self.now()))

    def case(self, is_open):
        self.do(self.terminal.kind.case(is_open, self.now()))

    def press(self, key):
        self.do(self.terminal.key(key, self.now()))

    def log(self):
        """-> [(type, amount, detail)] of the records that wait, and their outcomes asserted."""
        rows = []
        for raw in records(self.terminal):
            entry = record.unpack(raw)
            rows.append((entry.type, entry.amount_fen, entry.detail))
        return rows

    def do(self, effects):
        for effect in effects:
            if effect[0] == "set":
                self.on = bool(effect[2])
            elif effect[0] == "show":
                self.said.append(effect[1:])
