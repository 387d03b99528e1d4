"""What a valve has taken and not yet settled: a fold over its own records, in their order.

The same calls come from the journal at the boot, one for each record that is there, and in work as
each is written: `written`, and `settled` when a grey one has its outcome. So RAM never knows more
than flash. A reserve is open until its close is written; then what it did not use is owed, if the
reserve is known to be on the card, until a giving record says that it is there again. What a grey
giving record came to nobody guesses: meanwhile nothing more is given.
Limits: free units of 512 cards in a period; who comes after them has none.
"""

from firmware.core import clock
from protocol import record

_CARDS = 512
_UNLIMITED = 0xFFFFFFFF


class Reserves:
    """`period(utc_s)` -> the number of the day or month in which free units are counted."""

    def __init__(self, period):
        self._period = period
        self._open = {}  # serial of the reserve -> its Record
        self._done = set()  # serials of those, open or owed, that are on the card for certain
        self._owed = {}  # serial of the reserve -> [its Record, fen, serial of a grey giving or 0]
        self._free = {}  # card -> free units used
        self._now = None  # the period of `_free`

    def written(self, entry, outcome):
        """A record stands in the journal."""
        if entry.type == record.RESERVE and outcome != record.VOID:
            self._open[entry.serial] = entry
            if outcome == record.DONE:
                self._done.add(entry.serial)
        elif entry.type == record.SETTLE and entry.flags & record.PURSE_READ:
            row = self._owed.get(entry.detail)
            if row is not None and outcome == record.DONE:
                self._paid(entry.detail)
            elif row is not None and outcome == record.INTENT:
                row[2] = entry.serial
        elif entry.type == record.SETTLE:
            self._closed(entry)

    def settled(self, serial, outcome):
        """A grey record has its outcome."""
        if serial in self._open or serial in self._owed:
            if outcome == record.DONE:
                self._done.add(serial)
            else:
                self._open.pop(serial, None)
                self._paid(serial)
        for reserve, row in list(self._owed.items()):
            if row[2] == serial:
                if outcome == record.DONE:
                    self._paid(reserve)
                else:
                    row[2] = 0

    def to_close(self):
        """-> Records of the open reserves."""
        return list(self._open.values())

    def owed(self, card):
        """(serial of the reserve, fen) of what this card is to get now, None if nothing."""
        for serial, row in self._owed.items():
            if row[0].card == card and serial in self._done and not row[2]:
                return serial, row[1]
        return None

    def to_account(self):
        """-> [(Record of the reserve, fen)] of what no terminal can put on a card."""
        rows = [row for serial, row in self._owed.items() if serial in self._done]
        return [(row[0], row[1]) for row in rows if row[0].credential & 15 != record.MIFARE]

    def free_used(self, card, utc_s):
        """Free units that this card has used in the period of `utc_s`."""
        if not clock.is_set(utc_s) or self._period(utc_s) != self._now:
            return 0 if clock.is_set(utc_s) else _UNLIMITED
        if card not in self._free and len(self._free) >= _CARDS:
            return _UNLIMITED
        return self._free.get(card, 0)

    def _closed(self, entry):
        reserve = self._open.pop(entry.previous_serial, None)
        if entry.balance_fen and reserve is not None:
            self._owed[entry.previous_serial] = [reserve, entry.balance_fen, 0]
        else:
            self._done.discard(entry.previous_serial)
        if reserve is None or not entry.detail or not reserve.detail:
            return
        period = self._period(reserve.utc_s)
        if self._now is None or period > self._now:
            self._now, self._free = period, {}
        if period == self._now and (entry.card in self._free or len(self._free) < _CARDS):
            used = min(entry.detail, reserve.detail)
            self._free[entry.card] = self._free.get(entry.card, 0) + used

    def _paid(self, reserve):
        self._owed.pop(reserve, None)
        self._done.discard(reserve)
