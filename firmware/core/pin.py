"""A PIN that is asked for: when, and what may follow what. Rules, table, runner.

 1. It is asked for one card and one amount: until that card paid it, no other card can pay.
 2. Whether it is right the server says, and nobody else knows: a terminal without a server asks for
    none. Nothing of it is in flash, so there is nothing to be found there and no try to be undone.
 3. Its digits are here from their keys to the question, and in nothing that is shown.
 4. The card may leave while it is keyed in. When it comes back everything is looked at again, the
    amount too; only the question whether a PIN is wanted has been answered.
 5. Who does nothing for `pin_wait_s` is waited for no longer: the amount stays as it was before.

Source: docs/pin.md. Only a till that meets such a payment has this file in RAM.
"""

from protocol import messages, reasons

DIGITS = 6
_KEYS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

TYPING = "TYPING"
SENT = "SENT"
GIVEN = "GIVEN"
OVER = "OVER"
STATES = (TYPING, SENT, GIVEN, OVER)

KEYED = "keyed"
ENTERED = "entered"
CANCELLED = "cancelled"
LATE = "late"
RIGHT = "right"
WRONG = "wrong"
REFUSED = "refused"  # there is none, it is locked, or nobody answers
PAID = "paid"
EVENTS = (KEYED, ENTERED, CANCELLED, LATE, RIGHT, WRONG, REFUSED, PAID)

TABLE = {
    TYPING: {KEYED: TYPING, ENTERED: SENT, CANCELLED: OVER, LATE: OVER},
    SENT: {RIGHT: GIVEN, WRONG: TYPING, REFUSED: OVER},
    GIVEN: {PAID: OVER, CANCELLED: OVER, LATE: OVER},
    OVER: {},
}


class Pin:
    """Of one card, for one amount. `tries`: how many are left, None as long as none was wrong."""

    def __init__(self, card, fen, now, wait_s):
        self.state = TYPING
        self.card = card
        self.fen = fen  # as it stands on the screen
        self.tries = None
        self._digits = ""
        self._wait_ms = wait_s * 1000
        self._until_ms = now.ticks_ms + self._wait_ms

    def key(self, char, now):
        """One key; others count for nothing."""
        if char == "*":
            if self._digits:
                self._digits = ""
                self._go(KEYED, now)
            else:
                self._go(CANCELLED, now)
        elif char == "#":
            if len(self._digits) == DIGITS:
                self._go(ENTERED, now)
        elif char in _KEYS and self.state == TYPING and len(self._digits) < DIGITS:
            self._digits += char
            self._go(KEYED, now)

    def question(self, serial):
        """Body for the server, once; None when there is nothing to ask. serial: of the record that
        comes next."""
        if self.state != SENT or not self._digits:
            return None
        digits = self._digits.encode()
        self._digits = ""
        return messages.encode(messages.PIN, (self.card, self.fen, serial), digits)

    def answered(self, body, now):
        """What the server said to it, None if nothing. -> reason."""
        verdict, tries = _verdict(body, self.card)
        if verdict == reasons.OK:
            self._go(RIGHT, now)
        elif verdict == reasons.PIN_WRONG:
            self.tries = tries
            self._go(WRONG, now)
        else:
            self._go(REFUSED, now)
        return verdict

    def covers(self, tap, fen):
        """May this tap's card pay this without being asked?"""
        is_it = (self.card, self.fen) == (tap.card, fen)
        return is_it and self.state == GIVEN and tap.now.ticks_ms < self._until_ms

    def turn(self, now):
        """Time goes on. -> True if it is waited for no longer."""
        if now.ticks_ms >= self._until_ms:
            self._go(LATE, now)
        return self.state == OVER

    def paid(self, now):
        """Its payment is done."""
        self._go(PAID, now)

    def screen(self):
        """What people see; every one says the amount."""
        if self.state == TYPING and self._digits:
            return "show", "pin_typed", (len(self._digits), self.fen)
        if self.state == TYPING and self.tries is not None:
            return "show", "pin_wrong", (self.tries, self.fen)
        name = {TYPING: "pin", SENT: "pin_sent", GIVEN: "pin_right"}[self.state]
        return "show", name, (self.fen,)

    def _go(self, event, now):
        """By the table; what has no cell there changes nothing."""
        after = TABLE[self.state].get(event)
        if after is not None:
            self.state = after
            self._until_ms = now.ticks_ms + self._wait_ms


def judge(tap, kind, fen):
    """Is a PIN wanted for the `fen` that this tap's card would pay? -> OK or PIN.

    Without a server a card may go beyond the limits by `pin_offline_fen` in a spell. In an
    emergency the order has limits of its own.
    """
    settings = tap.terminal.params
    if tap.emergency or not _is_above(tap, kind, fen, settings):
        return reasons.OK
    if kind.pin is not None and kind.pin.covers(tap, kind.armed_fen):
        return reasons.OK
    offline_fen = tap.terminal.seen.spent(tap.card)[1] + fen
    if not tap.now.online and offline_fen <= settings["pin_offline_fen"]:
        return reasons.OK
    return reasons.PIN


def ask(tap, kind):
    """The holder is asked for it; not without a server, which alone could tell. -> effect"""
    if not tap.now.online:
        return "show", "unpaid", (reasons.PIN_OFFLINE, kind.armed_fen)
    if kind.pin is None or kind.pin.fen != kind.armed_fen:
        kind.pin = Pin(tap.card, kind.armed_fen, tap.now, tap.terminal.params["pin_wait_s"])
    return kind.pin.screen()


def asks(tap, kind):
    """Shall the server say what this tap's card has paid elsewhere?"""
    if tap.elsewhere is not None or tap.emergency or not tap.now.online:
        return False
    here_fen = kind.books_of(tap.terminal, True).spent.of(tap.card, tap.now.utc_s)[0]
    return here_fen + kind.armed_fen > tap.terminal.params["pin_ask_fen"]


def look_up(tap):
    """Ask the server what this card has paid elsewhere. Without an answer only what is known here
    counts: below the limits a card pays offline, too."""
    since = tap.terminal.kind.books_of(tap.terminal, True).spent.since(tap.now.utc_s)
    body = yield ("server", messages.encode(messages.SPENT, (tap.card,) + since))
    said = messages.of_card(tap.card, body, messages.SPENT_STATE)
    tap.elsewhere = (said[0].day_fen, said[0].meal_fen) if said else (0, 0)


def _is_above(tap, kind, fen, settings):
    """Above the limit of a tap, or with what this card has paid before of a meal or a day."""
    if 0 < settings["pin_tap_fen"] < fen:
        return True
    limits = settings["pin_day_fen"], settings["pin_meal_fen"]
    if limits == (0, 0):
        return False
    here = kind.books_of(tap.terminal, True).spent.of(tap.card, tap.now.utc_s)
    for limit, before, elsewhere in zip(limits, here, tap.elsewhere or (0, 0)):
        if before is not None and 0 < limit < before + elsewhere + fen:
            return True
    return False


def _verdict(body, card):
    """(reason, tries left) of the server's answer."""
    said = messages.of_card(card, body, messages.PIN_STATE)
    return (said[0].verdict, said[0].tries) if said else (reasons.PIN_OFFLINE, 0)
