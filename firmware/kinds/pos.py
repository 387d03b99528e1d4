"""A point of sale: the cashier enters an amount, the next card pays it.

It does not know whether a card may pay (policy), nor how dishes add up (core.bill). Its keys are
told in docs/pos.md. Rules:
 1. What a card pays was on the screen when it came: every screen that stands while an amount waits
    says that amount.
 2. A debit that was torn keeps its amount for the card that it was torn from: until that card comes
    back or the cashier presses '*', no other card can pay and no key counts.
 3. The same card and the same amount once more within a set time: the cashier is asked.
 4. While a PIN is asked for (core.pin), the keys are its, and no other card pays.
"""

from firmware.core.bill import PRICES, Bill
from protocol import messages, params, reasons, record

NO_SHIFTS = 255  # as core.shift's NOBODY
CANCEL_MS = 60_000  # so long after a sale it can be cancelled
# duties: what the next card is asked for beside paying
CANCEL = "cancel"  # the last sale's card
CLOSE = "close"  # the cashier's, at the end of the shift
LEAVE = "leave"  # a supervisor's, before an old sale is given back
FIND = "find"  # the card of that sale
FOUND = "found"  # none: '#' is asked for
GIVE = "give"  # that card once more
_RECENT = 16  # sales that a repeated one is looked for among


class Pos:
    """See firmware.kinds for the calls."""

    NUMBER = messages.POS
    PAYS = True
    GIVES_AS = record.REVERSAL
    METERS = False
    WATCHES = False
    RECORD = record.PURCHASE

    def __init__(self):
        self.awaited = None
        self.pin = None
        self.armed_fen = None  # what the next card pays, None: nothing
        self._bill = Bill()
        self._fixed_fen = 0  # what is asked for when nothing is keyed in, 0: nothing
        self._pauses = False  # the fixed price is not asked for
        self._recent = []  # (card, fen, ticks) of sales, the last one last
        self._asked = False  # whether the same is to be paid once more
        self._again = False  # it is
        self._last = None  # (card, serial, fen, ticks of) the last sale
        self._duty = None
        self._sale = None  # core.refund's, that is to be given back
        self._books = None  # made when a staff window or a shift needs them

    def key(self, char, now, params):
        """One key of the keypad; others count for nothing."""
        if self.pin is not None and self.awaited is None:
            return self._pin_key(char, now)
        if char == "*":
            return self._star()
        if self.awaited is not None:
            return [("show", "put_back", (self.armed_fen or 0,))]
        if char == "#":
            return self._enter(params, now)
        if char not in ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "+") + tuple(PRICES):
            return []
        return self._keyed(char, params)

    def ready(self, amount_fen):
        """The next card pays this; what may not be paid is refused at the tap."""
        self._clear()
        self.armed_fen = amount_fen
        return [("show", "ready", (amount_fen,))]

    def decide(self, tap):
        """What the card is to pay of the amount entered, None without one."""
        fen, reason = self.armed_fen, reasons.OK
        if self._duty == LEAVE:
            from firmware.core import shift

            return shift.leave(tap)
        if tap.terminal.params["cashier_zone"] != NO_SHIFTS:
            attended = self._attend(tap)
            if attended is not None:
                return attended
        if fen is None:
            return None, reason
        if self.pin is not None and self.pin.card != tap.card:
            return fen, reasons.IN_USE
        if self._repeats(tap):
            return fen, reasons.REPEATED
        if tap.terminal.params["staff"]:
            subsidy_fen, tap.detail, reason = self.books_of(tap.terminal).meals.judge(tap, fen)
            tap.is_free = 0 < subsidy_fen == fen
            fen -= subsidy_fen
        if reason == reasons.OK and _has_limits(tap.terminal.params) and not tap.is_free:
            from firmware.core import pin  # no other till has it in RAM

            reason = pin.judge(tap, self, fen)
        return fen, reason

    def accepted(self, tap):
        """Paid: green; amber if the server does not know it yet."""
        if tap.told != reasons.OK:
            return self._attended(tap)
        if self.pin is not None:
            self.pin.paid(tap.now)
        self._clear()
        subsidy_fen = tap.detail & 0xFFFFFF
        bill = tap.card, tap.amount_fen + subsidy_fen, tap.now.ticks_ms
        self._recent = self._recent[1 - _RECENT :] + [bill]
        self._last = (tap.card, tap.serial, tap.amount_fen, tap.now.ticks_ms)
        where = "" if tap.now.online else "_offline"
        if subsidy_fen and tap.balance_fen is None:
            return (("show", "meal_account" + where, (subsidy_fen, tap.amount_fen)),)
        if subsidy_fen:
            return (("show", "meal" + where, (subsidy_fen, tap.amount_fen, tap.balance_fen)),)
        if tap.balance_fen is None:
            return (("show", "paid_account" + where, (tap.amount_fen,)),)
        if self._arm_fixed(tap.terminal.params):
            return (("show", "next" + where, (tap.balance_fen, self.armed_fen)),)
        return (("show", "paid" + where, (tap.amount_fen, tap.balance_fen)),)

    def refused(self, tap):
        """Why not; the amount stays for another card."""
        self._asked = tap.reason == reasons.REPEATED
        if tap.reason == reasons.BALANCE and tap.balance_fen is not None:
            return (("show", "too_low", (tap.amount_fen, tap.balance_fen)),)
        if tap.reason == reasons.PAID_BEFORE:
            return (tap.terminal.recall.asks(),)
        if tap.reason == reasons.PIN:
            from firmware.core import pin

            return (pin.ask(tap, self),)
        if self._asked:
            return (("show", "repeated", (tap.amount_fen,)),)
        if self.armed_fen is None:
            return (("show", "refused", (tap.reason,)),)
        if tap.reason == reasons.OUT_OF_HOURS and self._lacks_cashier(tap.terminal):
            return (("show", "no_cashier", (self.armed_fen,)),)
        return (("show", "unpaid", (tap.reason, self.armed_fen)),)

    def torn(self, tap):
        """The same card, please."""
        return (("show", "put_back", (self.armed_fen or tap.amount_fen,)),)

    def look(self, tap):
        """Balance and last valid day."""
        if tap.loaded_fen and self._duty in (CANCEL, GIVE):
            fen = tap.loaded_fen
            self._recent = [row for row in self._recent if row[0] != tap.card]
            if self._duty == CANCEL:
                self._last = None
            self._clear()
            screen = "cancelled" if tap.credential.GIVES_ALONE else "cancelled_later"
            return (("show", screen, (fen, tap.balance_fen)),)
        if self._duty == FIND and tap.credential.HOLDS_MONEY:
            return (self._found(tap),)
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
        """(serial, fen) of the sale that is given back, or None. Of an older one the journal is the
        proof; the last one, this card's purse must say that it was the last to be paid with it."""
        if self._duty == GIVE and tap.card == self._sale.card:
            is_given = self._sale.serial in self._books.given
            return None if is_given else (self._sale.serial, self._sale.fen)
        if self._duty != CANCEL or not self._may_cancel(tap.now):
            return None
        card, serial, fen, _ = self._last
        purse = tap.purse
        is_it = card and tap.card == card and purse is not None
        if is_it and (purse.terminal, purse.serial) == (tap.terminal.address, serial):
            return serial, fen
        return None

    def asks(self, tap):
        """What a card pays elsewhere counts once it pays more than `pin_ask_fen` of a day here."""
        if not tap.terminal.params["pin_ask_fen"] or self.armed_fen is None:
            return False
        from firmware.core import pin

        return self._duty is None and pin.asks(tap, self)

    def idle(self, terminal):
        """What the cashier is in the middle of."""
        settings = terminal.params
        if self.awaited is not None:
            return (("show", "put_back", (self.armed_fen or 0,)),)
        if self.pin is not None:
            return (self.pin.screen(),)
        if self._duty is not None:
            return (self._asked_for(terminal.params),)
        if not self._bill.is_empty and self.armed_fen is None:
            return (self._billed(),)
        if self._fixed_fen or self.armed_fen is None:
            self._arm_fixed(settings)
        if self.armed_fen is not None:
            return (("show", "ready", (self.armed_fen,)),)
        if self._pauses and settings["fixed_fen"]:
            return (("show", "paused", (settings["fixed_fen"],)),)
        if self._lacks_cashier(terminal):
            return (("show", "no_shift", ()),)
        return None

    def answered(self, body, terminal, now):
        """What the server said of the PIN, None if nothing. -> list of effects"""
        if self.pin is None:
            return []
        card, reason = self.pin.card, self.pin.answered(body, now)
        if not self.pin.turn(now):
            return [self.pin.screen()]
        self.pin = None
        if reason == reasons.PIN_LOCKED:
            terminal.note(reason, card, now)
        return [("show", "unpaid", (reason, self.armed_fen))]

    def get_ready(self, terminal):
        """Read the journal before a tap has to. -> True if that was done now."""
        settings = terminal.params
        with_shifts = settings["cashier_zone"] != NO_SHIFTS
        if self._books or not (with_shifts or settings["staff"] or _has_limits(settings)):
            return False
        self.books_of(terminal)
        return True

    def _pin_key(self, char, now):
        """A key while a PIN is asked for."""
        self.pin.key(char, now)
        if not self.pin.turn(now):
            return [self.pin.screen()]
        self.pin = None
        return [("show", "ready", (self.armed_fen,))]

    def _attend(self, tap):
        """A cashier's own tap. -> what is decided, or None: the tap is a customer's."""
        shift = self.books_of(tap.terminal).shift
        if self._duty == CLOSE and shift.opened:
            return shift.close(tap)
        if shift.opened or tap.identity is None:
            return None
        from firmware.core.shift import has_zone

        if has_zone(tap, "cashier_zone"):
            return shift.open(tap)
        return None if self.armed_fen is None else (self.armed_fen, reasons.OUT_OF_HOURS)

    def _attended(self, tap):
        """A shift began or ended, or a supervisor was here."""
        if tap.told == reasons.REFUND_LEAVE:
            self._duty = FIND
            self.books_of(tap.terminal)
            return (self._asked_for(tap.terminal.params),)
        self._duty = None
        if tap.told == reasons.SHIFT_OPEN:
            began = ("show", "shift_begins", (tap.card,))
            return (began,) + (self.idle(tap.terminal) or ())  # an amount that waits is said
        sales = self._books.shift.sales
        return (("show", "shift_ended", (sales, tap.amount_fen, tap.detail)),)

    def _found(self, tap):
        """The card of an old sale: which one is it?"""
        from firmware.core.refund import last_sale

        self._sale = last_sale(tap.terminal.journal, tap.card)
        if self._sale is None:
            return "show", "no_sale", ()
        self._duty = FOUND
        return self._asked_for(tap.terminal.params)

    def _asked_for(self, params):
        """The screen of what was asked for beside paying."""
        if self._duty == CANCEL:
            return "show", "cancel", (self._last[2],)
        if self._duty == FOUND:
            local_s = self._sale.utc_s + params["utc_offset_min"] * 60
            return "show", "refund", (self._sale.fen, local_s)
        if self._duty == GIVE:
            return "show", "refund_give", (self._sale.fen,)
        return (
            "show",
            {CLOSE: "shift_end", LEAVE: "refund_leave", FIND: "refund_find"}[self._duty],
            (),
        )

    def _lacks_cashier(self, terminal):
        with_shifts = terminal.params["cashier_zone"] != NO_SHIFTS
        return with_shifts and not self.books_of(terminal).shift.opened

    def books_of(self, terminal, with_spent=False):
        """core.books', which are made when they are needed."""
        if self._books is None or (with_spent and self._books.spent is None):
            from firmware.core.books import Books  # no other till has it in RAM

            self._books = Books(terminal)
        return self._books

    def _keyed(self, char, settings):
        """A key of the amount. After '#' a digit begins anew; '+' or a price key goes on."""
        if self.armed_fen is not None and (self._fixed_fen or char not in "+" + PRICES):
            self._bill.clear()
        self.armed_fen = None
        self._fixed_fen = 0
        self._asked = self._again = False
        self._duty = None
        self._bill.key(char, params.prices(settings["prices"]))
        return [self._billed()]

    def _star(self):
        """Back: from what was asked for, of what is keyed in, or of the fixed price."""
        if self.armed_fen is None and self.awaited is None and self._duty is None:
            self._bill.back()
            return [self._billed()]
        paused_fen = self._fixed_fen if self.awaited is None else 0
        self._clear()
        self._pauses = self._pauses or paused_fen != 0
        return [("show", "paused", (paused_fen,)) if paused_fen else self._billed()]

    def _billed(self):
        bill = self._bill
        if not bill.dishes:
            return "show", "amount", (bill.fen,)
        if bill.typed:
            return "show", "dish", (bill.dishes, bill.dish_fen, bill.fen)
        return "show", "dishes", (bill.dishes, bill.fen)

    def _arm_fixed(self, params):
        """Ask for the fixed price, where there is one. -> True if it is asked for."""
        self._fixed_fen = 0 if self._pauses else params["fixed_fen"]
        self.armed_fen = self._fixed_fen or None
        return self.armed_fen is not None

    def _repeats(self, tap):
        """Has this card just paid as much?"""
        if self._again:
            return False
        since_ms = tap.now.ticks_ms - tap.terminal.params["repeat_s"] * 1000
        for card, fen, ticks_ms in self._recent:
            if (card, fen) == (tap.card, self.armed_fen) and ticks_ms > since_ms:
                return True
        return False

    def _may_cancel(self, now):
        return self._last is not None and now.ticks_ms - self._last[3] <= CANCEL_MS

    def _enter(self, params, now):
        """'#': an amount that no card may pay is not asked of one."""
        bill = self._bill
        duty = None if bill.dishes else self._duty_of(bill.typed, params, now)
        if duty is not None:
            sale = self._sale
            self._clear()
            self._duty, self._sale = duty, sale
            return [self._asked_for(params)]
        self._again = self._asked
        self._asked = False
        if self.armed_fen is None and bill.is_empty:
            self._pauses = False
            self._arm_fixed(params)
        elif self.armed_fen is None:
            if bill.fen > params["tap_limit_fen"]:
                if not bill.dishes:
                    bill.clear()
                return [("show", "refused", (reasons.TAP_LIMIT,))]
            self.armed_fen = bill.fen or None
        if self.armed_fen is None:
            return [("show", "refused", (reasons.AMOUNT_ZERO,))]
        return [("show", "ready", (self.armed_fen,))]

    def _duty_of(self, typed, params, now):
        """The duty that was keyed in: 0 cancel, 00 an old sale, 000 the end of the shift."""
        if typed == "0" and self._may_cancel(now):
            return CANCEL
        if typed == "00" and params["supervisor_zone"] != NO_SHIFTS:
            return LEAVE
        if typed == "000" and params["cashier_zone"] != NO_SHIFTS:
            return CLOSE
        return GIVE if not typed and self._duty == FOUND else None

    def _clear(self):
        self.awaited = None
        self.pin = None
        self.armed_fen = None
        self._fixed_fen = 0
        self._bill.clear()
        self._asked = self._again = False
        self._duty = None


def _has_limits(params):
    """Is there any above which a PIN is asked for?"""
    return any(params[name] for name in ("pin_tap_fen", "pin_meal_fen", "pin_day_fen"))
