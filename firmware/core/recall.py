"""What the newest record says after a boot: power may have failed before anybody read the screen.

Who does not know that a sale is paid enters it again. So what it came to is shown until a key or a
card comes; a debit that is still grey is waited for; and before the same card pays the same amount
once more, the cashier is asked. All of it ends RESUME_S after the record, by the clock; a clock
that cannot tell, or was set while the record was made, waits and asks rather once too often.
"""

from firmware.core import clock
from protocol import reasons, record

RESUME_S = 600


class Recall:
    """Of one boot; `screen` is None when there is nothing to recall."""

    def __init__(self):
        self.screen = None
        self.values = None  # of the screen: card number, local time, fen
        self._serial = 0
        self._utc_s = 0
        self._unseen = False  # no key and no card has come since the boot
        self._asked = False  # the cashier was asked just now

    def found(self, entry, outcome, offset_s):
        """At mount: the newest record. `offset_s`: local time is so much later."""
        kind = entry.type
        if kind == record.PURCHASE and outcome == record.INTENT:
            self.screen = "last_grey"
        elif kind == record.REFUSAL or (kind == record.PURCHASE and outcome == record.VOID):
            self.screen = "last_unpaid"
        elif kind == record.PURCHASE or _follows(entry):
            self.screen = "last_paid"
        self._unseen = self.screen is not None
        self._serial = entry.serial
        stepped = entry.flags & record.ONLINE and not entry.flags & record.CLOCK_TRUSTED
        self._utc_s = 0 if stepped else entry.utc_s  # nothing can be told from a clock set wrong
        local_s = entry.utc_s + offset_s if clock.is_set(entry.utc_s) else 0
        self.values = (entry.card, local_s, entry.amount_fen + record.subsidy_fen(entry))

    def seen(self, char):
        """A key came, or a card (""). '#' pays once more where that was the question."""
        if self._asked and char == "#":
            self.screen = None
        self._unseen = self._asked = False

    def idle(self, now, tolerance_s):
        """True if `screen` is to be shown when nothing happens."""
        return self._unseen and self._is_recent(now, tolerance_s, True)

    def asks(self):
        """The cashier is asked whether the same is to be paid once more."""
        self._asked = True
        return "show", "paid_before", self.values

    def repeats(self, card, amount_fen, now, tolerance_s):
        """True if this was paid just before the boot, once more."""
        if self.screen != "last_paid" or (self.values[0], self.values[2]) != (card, amount_fen):
            return False
        return self._is_recent(now, tolerance_s, True)

    def awaits(self, serial, now, tolerance_s):
        """True if this grey record is the debit in which power failed, not long ago."""
        if self.screen != "last_grey" or self._serial != serial:
            return False
        return self._is_recent(now, tolerance_s, True)

    def _is_recent(self, now, tolerance_s, unknown):
        age_s = clock.age_s(self._utc_s, now.utc_s, tolerance_s)
        return unknown if age_s is None else age_s <= RESUME_S


def _follows(entry):
    """An event with an amount follows a purchase; but for the end of a shift."""
    return entry.type == record.EVENT and entry.amount_fen and entry.reason != reasons.SHIFT_CLOSE
