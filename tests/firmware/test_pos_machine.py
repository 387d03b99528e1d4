"""Keys in any order, cards at any moment: a POS takes nothing that the screen did not say.

The screen is what a cashier sees: the last screen that was shown. Whatever is pressed, pushed or
presented, a card pays exactly the amount that stood there when it came, once, or nothing. And
nothing above a limit without the PIN of its holder, which a server knows that counts three tries a
card over all restarts; `Judge` is told which payment it let through, and that is taken once.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from firmware.screens.render import render
from protocol import messages, params, reasons, record
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
    {"pin_tap_fen": 1000, "repeat_s": 20},
    {"pin_tap_fen": 2000, "pin_day_fen": 2500},
    {"pin_day_fen": 1500, "fixed_fen": 800},
)
PIN, TRIES = "471108", 3


class Judge:
    """A server as docs/pin.md says: tries counted before the PIN is looked at, right ones noted."""

    def __init__(self):
        self.tries = {}  # card -> wrong ones in a row
        self.leave = None  # (card, fen) that it has said yes to last, until that is taken

    def answer(self, body):
        _, values, digits = messages.decode(body)
        tries = self.tries.get(values.card, 0)
        if tries == TRIES:
            verdict = reasons.PIN_LOCKED
        elif digits.decode() == PIN:
            verdict, tries = reasons.OK, 0
            self.leave = (values.card, values.amount_fen)
        else:
            tries += 1
            verdict = reasons.PIN_LOCKED if tries == TRIES else reasons.PIN_WRONG
        self.tries[values.card] = tries
        return messages.encode(messages.PIN_STATE, (values.card, verdict, TRIES - tries))


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
        self.judge = Judge()
        self.given = given
        self.spent = {}  # card number -> fen of the day
        self.look()

    def push(self, given):
        self.version += 1
        assert self.terminal.params.apply(self.version, params.pack(given)) == 1
        self.given = given

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
            body = self.terminal.question()
            if body is not None:
                self.see(self.terminal.answered(self.judge.answer(body), self.now()))

    @rule(fen=st.integers(1, 6000))
    def ask(self, fen):
        self.press(f"*{fen}#")

    @rule(digits=st.sampled_from((PIN, PIN, "000001", "999999", "12")), stays=st.booleans())
    def enter(self, digits, stays):
        self.press(digits + "#")
        if stays:  # the card lies there
            pin = self.terminal.kind.pin
            if pin is not None:
                self.present(pin.card - 1, None, True)

    @rule()
    def power_fails(self):
        """What was keyed in is gone, and what the server said; tries are not."""
        flash, self.judge.leave = self.terminal._flash, None
        self.terminal = terminal_on(flash)
        self.look()

    @rule(zeros=st.integers(1, 3))
    def duty(self, zeros):
        self.press("*" + "0" * zeros + "#")

    @rule(seconds=st.sampled_from((1, 4, 30, 90)))
    def wait(self, seconds):
        self.ticks_ms += seconds * 1000
        self.see(self.terminal.turn(self.now()))
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
            self.was_allowed(which + 1, taken)
        self.see(effects)

    def was_allowed(self, card, fen):
        """Below the limits, or let through by the server, and that once."""
        spent = self.spent[card] = self.spent.get(card, 0) + fen
        tap_fen, day_fen = self.given.get("pin_tap_fen", 0), self.given.get("pin_day_fen", 0)
        if 0 < tap_fen < fen or 0 < day_fen < spent:
            assert self.judge.leave == (card, fen), (card, fen, spent, self.given)
        if self.judge.leave == (card, fen):
            self.judge.leave = None

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
