"""A point of sale: the cashier enters an amount, the next card pays it.

It does not know whether a card may pay (policy). Keys: digits enter fen (1250 is 12.50 yuan), or
yuan as soon as '.' is pressed; '#' asks for a card, '*' clears. '0' '#' within a minute of a sale
asks for its card once more, to give the money back. A debit that was torn keeps its
amount for the card that it was torn from: until that card comes back or the cashier presses '*',
no other card can pay and no key counts. Limit: 7 digits.
"""

from protocol import messages, reasons, record

_DIGITS = 7
CANCEL_MS = 60_000  # so long after a sale it can be cancelled


class Pos:
    """See firmware.kinds for the calls."""

    NUMBER = messages.POS
    PAYS = True
    GIVES_AS = record.REVERSAL
    METERS = False
    RECORD = record.PURCHASE

    def __init__(self):
        self.awaited = None
        self.armed_fen = None  # what the next card pays, None: nothing
        self._typed = ""
        self._last = None  # (card, serial, fen, ticks of) the last sale
        self._cancels = False  # its card is asked for

    def key(self, char, now, params):
        """One key of the keypad; others count for nothing."""
        if char == "*":
            self._clear()
            return [("show", "amount", (0,))]
        if self.awaited is not None:
            return [("show", "put_back", (self.armed_fen or 0,))]
        if char == "#":
            return self._enter(params, now)
        if char not in ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "."):
            return []
        self.armed_fen = None
        typed = self._typed + char
        if len(typed) <= _DIGITS and _is_amount(typed):
            self._typed = typed
        return [("show", "amount", (_fen(self._typed),))]

    def ready(self, amount_fen):
        """The next card pays this; what may not be paid is refused at the tap."""
        self._clear()
        self.armed_fen = amount_fen
        return [("show", "ready", (amount_fen,))]

    def decide(self, tap):
        """The amount entered, None without one."""
        return self.armed_fen, reasons.OK

    def accepted(self, tap):
        """Paid."""
        self._clear()
        self._last = (tap.card, tap.serial, tap.amount_fen, tap.now.ticks_ms)
        if tap.balance_fen is None:
            return (("show", "paid_account", (tap.amount_fen,)),)
        return (("show", "paid", (tap.amount_fen, tap.balance_fen)),)

    def refused(self, tap):
        """Why not; the amount stays for another card."""
        if tap.reason == reasons.BALANCE and tap.balance_fen is not None:
            return (("show", "too_low", (tap.amount_fen, tap.balance_fen)),)
        if tap.reason == reasons.PAID_BEFORE:
            return (tap.terminal.recall.asks(),)
        return (("show", "refused", (tap.reason,)),)

    def torn(self, tap):
        """The same card, please."""
        return (("show", "put_back", (tap.amount_fen,)),)

    def look(self, tap):
        """Balance and last valid day."""
        if tap.loaded_fen and self._cancels:
            self._clear()
            self._last = None
            screen = "cancelled" if tap.credential.GIVES_ALONE else "cancelled_later"
            return (("show", screen, (tap.loaded_fen, tap.balance_fen)),)
        if tap.loaded_fen:
            return (("show", "loaded", (tap.loaded_fen, tap.balance_fen)),)
        if tap.balance_fen is None:
            return (("show", "valid", (tap.identity.valid_until,)),)
        return (("show", "balance", (tap.balance_fen, tap.identity.valid_until)),)

    def settle(self, serial):
        """Record `serial` has its outcome."""
        if self.awaited is not None and self.awaited[1] == serial:
            self.awaited = None

    def owes(self, tap):
        """(serial, fen) of the sale that is cancelled, if this card's purse says that it was the
        last to be paid with it, or None."""
        if not self._cancels or not self._may_cancel(tap.now):
            return None
        card, serial, fen, _ = self._last
        purse = tap.purse
        is_it = card and tap.card == card and purse is not None
        if is_it and (purse.terminal, purse.serial) == (tap.terminal.address, serial):
            return serial, fen
        return None

    def idle(self):
        """What the cashier is in the middle of."""
        if self.awaited is not None:
            return (("show", "put_back", (self.armed_fen or 0,)),)
        if self._cancels:
            return (("show", "cancel", (self._last[2],)),)
        if self.armed_fen is not None:
            return (("show", "ready", (self.armed_fen,)),)
        if self._typed:
            return (("show", "amount", (_fen(self._typed),)),)
        return None

    def _may_cancel(self, now):
        return self._last is not None and now.ticks_ms - self._last[3] <= CANCEL_MS

    def _enter(self, params, now):
        """'#': an amount that no card may pay is not asked of one."""
        amount_fen = _fen(self._typed) if self._typed else self.armed_fen or 0
        if self._typed == "0" and self._may_cancel(now):
            self._clear()
            self._cancels = True
            return [("show", "cancel", (self._last[2],))]
        if amount_fen == 0:
            return [("show", "refused", (reasons.AMOUNT_ZERO,))]
        if amount_fen > params["tap_limit_fen"]:
            self._typed = ""
            return [("show", "refused", (reasons.TAP_LIMIT,))]
        return self.ready(amount_fen)

    def _clear(self):
        self.awaited = None
        self.armed_fen = None
        self._typed = ""
        self._cancels = False


def _is_amount(typed):
    """At most one point, and two digits after it."""
    parts = typed.split(".")
    return len(parts) == 1 or (len(parts) == 2 and len(parts[1]) <= 2)


def _fen(typed):
    """Amount of what was typed: fen, or yuan and fen around a point."""
    if "." not in typed:
        return int(typed or "0")
    yuan, fen = typed.split(".")
    return int(yuan or "0") * 100 + int((fen + "00")[:2])
