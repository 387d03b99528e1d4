"""The staff window: who eats there, which meal it is now, and how much of it the college pays.

A meal is a row of the parameter `meals`, in local time; its number is its place there, from 1. One
subsidised meal a card and period: who had it is folded from this terminal's own records, as they
are written and, after a boot, as they lie in the journal. Another terminal cannot be asked in time;
the server finds what was had twice (docs/pos.md). Limit: 1,024 cards a meal; beyond, the first of
them are forgotten, and the server finds those too.
"""

from card_layout import identity
from firmware.core import clock
from protocol import meals, reasons, record

ANYBODY, STAFF, NAMED = 0, 1, 2  # the parameter `staff`
RECORDS = 2048  # slots of the journal in which a meal's are looked for after a boot
_CARDS = 1024


class Meals:
    """Of one staff window."""

    def __init__(self):
        self._period = None  # (local day, number) of the meal that `_had` speaks of
        self._had = {}  # card -> serial of its record

    def judge(self, tap, fen):
        """-> (subsidy in fen, detail of the record, reason) for a bill of `fen`."""
        settings = tap.terminal.params
        if not self._is_staff(tap, settings["staff"]):
            return 0, 0, reasons.BLOCKED_KIND
        if not settings["meals"] or not clock.is_set(tap.now.utc_s):
            return 0, 0, reasons.OK
        day, weekday, minute = clock.local_minute(tap.now.utc_s, settings["utc_offset_min"])
        number, subsidy_fen = meals.at(settings["meals"], weekday, minute)
        if not number:
            return 0, 0, reasons.OUT_OF_HOURS
        if self._period == (day, number) and tap.card in self._had:
            return 0, 0, reasons.OK
        part_fen = min(subsidy_fen, fen)
        return part_fen, record.meal_detail(number, part_fen), reasons.OK

    def done(self, entry, offset_min):
        """A Record is done: a meal that was had, or one that was given back."""
        if entry.type == record.REVERSAL and self._had.get(entry.card) == entry.detail:
            del self._had[entry.card]
        if not record.subsidy_fen(entry):
            return
        period = clock.local_minute(entry.utc_s, offset_min)[0], record.meal_number(entry)
        if period != self._period or len(self._had) == _CARDS:
            self._period = period
            self._had = {}
        self._had[entry.card] = entry.serial

    def _is_staff(self, tap, whom):
        if whom == NAMED:
            return tap.terminal.grants.has(tap.card)
        return tap.identity.holder_kind == identity.STAFF
