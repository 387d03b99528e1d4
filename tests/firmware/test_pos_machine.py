"""Keys in any order, cards at any moment: a POS takes nothing that the screen did not say.

The screen is what a cashier sees: the last screen that was shown. Whatever is pressed, pushed or
presented, a card pays exactly the amount that stood there when it came, once, or nothing.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from firmware.screens.render import render
from protocol import params, record
from tests.shared.campus import NOON, Card, flash_of, records, tap, terminal_on

START_FEN = 20_000
KEYS = "0123456789.*#+ABCD"
SETTINGS = (
    {},
    {"fixed_fen": 800},
    {"prices": bytes((0, 150, 1, 44, 8, 0, 0, 0)), "repeat_s": 20},
    {"fixed_fen": 500, "repeat_s": 60, "tap_limit_fen": 700},
    {"supervisor_zone": 0, "cashier_zone": 0},  # every card here has zone 0
    {"supervisor_zone": 0, "fixed_fen": 700},
)


class Till(RuleBasedStateMachine):
    """One POS, four cards, one of them torn now and then."""

    @initialize(given=st.sampled_from(SETTINGS))
    def switch_on(self, given):
        self.terminal = terminal_on(flash_of())
        self.version = 0
        self.push(given)
        self.ticks_ms = 0
        self.cards = [
            Card(number, START_FEN, b"\x04\0\0" + bytes([number])) for number in range(1, 5)
        ]
        self.rows = []
        self.debits = {}  # serial -> fen
        self.look()

    def push(self, given):
        self.version += 1
        assert self.terminal.params.apply(self.version, params.pack(given)) == 1

    def now(self):
        now = self.terminal.moment(NOON + self.ticks_ms // 1000, self.ticks_ms)
        if not self.terminal.online:
            self.terminal.on_open(now)
            self.terminal.list_checked(NOON, now)
        return self.terminal.moment(NOON + self.ticks_ms // 1000, self.ticks_ms)

    def see(self, effects):
        for effect in effects:
            if effect[0] == "show":
                self.rows = render(0, effect[1], effect[2])[2]

    def look(self):
        self.see(self.terminal.idle(self.now()))

    @rule(keys=st.text(KEYS, min_size=1, max_size=6))
    def press(self, keys):
        for char in keys:
            self.see(self.terminal.key(char, self.now()))

    @rule(fen=st.integers(1, 6000))
    def ask(self, fen):
        self.press(f"*{fen}#")

    @rule(zeros=st.integers(1, 3))
    def duty(self, zeros):
        self.press("*" + "0" * zeros + "#")

    @rule(seconds=st.sampled_from((1, 4, 30, 90)))
    def wait(self, seconds):
        self.ticks_ms += seconds * 1000
        if seconds > 3:
            self.look()

    @rule(given=st.sampled_from(SETTINGS))
    def pushed(self, given):
        self.push(given)

    @rule()
    def found(self):
        self.terminal.cause("show", "here", (12,))
        self.see(self.terminal.effects())

    @rule(which=st.integers(0, 3), gone_at=st.none() | st.integers(0, 7), written=st.booleans())
    def present(self, which, gone_at, written):
        card, said = self.cards[which], list(self.rows)
        card.gone_at, card.written = gone_at, written
        before = card.purse().balance_fen
        _, effects = tap(self.terminal, card, self.now())
        card.gone_at = None
        taken = before - card.purse().balance_fen
        if taken > 0:
            amount = f"{taken // 100}.{taken % 100:02d}"
            assert any(amount in row.split() for row in said), (said, amount)
        self.see(effects)

    @invariant()
    def nothing_waits_unsaid(self):
        if not hasattr(self, "terminal"):
            return
        fen = self.terminal.kind.armed_fen
        if fen is not None:
            amount = f"{fen // 100}.{fen % 100:02d}"
            assert any(amount in row.split() for row in self.rows), (self.rows, amount)

    def teardown(self):
        """What is gone from the cards is what the records say, greys asked of the cards."""
        if not hasattr(self, "terminal"):
            return
        for card in self.cards:
            self.terminal.key("*", self.now())
            self.see(tap(self.terminal, card, self.now())[1])
        taken = {}
        for raw in records(self.terminal, 50):
            entry = record.unpack(raw)
            if record.outcome_of(raw) == record.DONE:
                sign = {record.PURCHASE: 1, record.REVERSAL: -1}.get(entry.type, 0)
                taken[entry.card] = taken.get(entry.card, 0) + sign * entry.amount_fen
        if self.terminal.journal.queue <= 50 and not self.terminal.journal.grey:
            for number, card in enumerate(self.cards, 1):
                assert START_FEN - card.purse().balance_fen == taken.get(number, 0)


TestTill = Till.TestCase
TestTill.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
