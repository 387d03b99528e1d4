"""A cashier's shift: who is there, what was taken and given back since.

A cashier is a card with the zone `cashier_zone`, a supervisor one with `supervisor_zone`: rights
that stand under the MAC of the card's identity. A shift begins with an EVENT SHIFT_OPEN and ends
with an EVENT SHIFT_CLOSE: its amount is what was taken, its detail what was given back, in fen, by
the records between the two; the server adds them up itself and compares (docs/pos.md). It is folded
from the till's own records, as core.books says.
"""

from protocol import reasons, record

NOBODY = 255  # no card has this zone: a till without shifts, or without a supervisor


class Shift:
    """opened: serial of its SHIFT_OPEN, 0 none; cashier: that card; sales: how many."""

    def __init__(self):
        self._begin(0, 0)

    def done(self, entry):
        """A Record is done."""
        if entry.type == record.EVENT and entry.reason == reasons.SHIFT_OPEN:
            self._begin(entry.serial, entry.card)
        elif entry.type == record.EVENT and entry.reason == reasons.SHIFT_CLOSE:
            self.opened = 0
        elif entry.serial <= self.opened:
            pass  # torn in the shift before: counted there, by the server
        elif entry.type == record.PURCHASE:
            self.sales += 1
            self.sold_fen += entry.amount_fen
        elif entry.type == record.REVERSAL:
            self.back_fen += entry.amount_fen

    def open(self, tap):
        """This tap begins the shift. -> what a kind decides."""
        return _event(tap, reasons.SHIFT_OPEN, 0, 0)

    def close(self, tap):
        """This tap ends it. -> what a kind decides."""
        may = tap.card == self.cashier or has_zone(tap, "supervisor_zone")
        if not may:
            tap.is_free = True
            return 0, reasons.NO_RIGHT
        return _event(tap, reasons.SHIFT_CLOSE, self.sold_fen, self.back_fen)

    def _begin(self, serial, card):
        self.opened = serial
        self.cashier = card
        self.sales = self.sold_fen = self.back_fen = 0


def leave(tap):
    """A supervisor lets an old sale be given back. -> what a kind decides."""
    if has_zone(tap, "supervisor_zone"):
        return _event(tap, reasons.REFUND_LEAVE, 0, 0)
    tap.is_free = True
    return 0, reasons.NO_RIGHT


def has_zone(tap, name):
    """Has this card the zone that the parameter `name` says?"""
    zone = tap.terminal.params[name]
    return zone != NOBODY and tap.identity.zones >> zone & 1 == 1


def is_mark(raw):
    """Do these 64 bytes begin or end a shift?"""
    reason = raw[6] << 8 | raw[7]
    return raw[4] == record.EVENT and reason in (reasons.SHIFT_OPEN, reasons.SHIFT_CLOSE)


def _event(tap, what, fen, detail):
    tap.is_free = True
    tap.type, tap.told, tap.detail = record.EVENT, what, detail
    return fen, reasons.OK
