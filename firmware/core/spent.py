"""What each card has paid here today, and in the meal period of now: for the limits above which a
PIN is asked for.

Folded from the till's own records, as core.books says, so a power cut gives nobody his limit back.
What was given back still counts: who paid too much and again is asked once more. Limits: 1,024
cards a day; beyond, some are forgotten. A card's payments elsewhere are not known here.
"""

from firmware.core import clock
from protocol import meals, record

RECORDS = 2048  # slots of the journal in which today's are looked for after a boot
_CARDS = 1024
_DAY_S = 86400


class Spent:
    """params: of the terminal."""

    def __init__(self, params):
        self._params = params
        self._utc_s = 0  # as late as anything here
        self._period = (0, 0)  # local day, number of its meal, 0 none
        self._day = {}  # card -> fen
        self._meal = {}

    def done(self, entry):
        """A Record is done."""
        if entry.type != record.PURCHASE or not entry.amount_fen:
            return
        self._enter(entry.utc_s)
        _add(self._day, entry)
        # one that was grey may be of a meal before
        if self._period_of(entry.utc_s) == self._period:
            _add(self._meal, entry)

    def of(self, card, utc_s):
        """(fen of the day, fen of the meal) until now; outside all meals None for it."""
        if utc_s < self._utc_s - _DAY_S:  # the clock had been set wrong
            self._utc_s = 0
        self._enter(utc_s)
        return self._day.get(card, 0), self._meal.get(card, 0) if self._period[1] else None

    def since(self, utc_s):
        """(UTC seconds when the day began, when the meal of now began; outside all meals now)."""
        settings = self._params
        day, _, minute = clock.local_minute(utc_s, settings["utc_offset_min"])
        day_utc_s = (day * 1440 - settings["utc_offset_min"]) * 60
        number = self._period_of(utc_s)[1]
        if not number:
            return day_utc_s, utc_s
        begin_min = list(meals.rows(settings["meals"]))[number - 1][1]
        return day_utc_s, day_utc_s + begin_min * 60

    def _enter(self, utc_s):
        if utc_s < self._utc_s:
            return
        self._utc_s = utc_s
        period = self._period_of(utc_s)
        if period[0] != self._period[0]:
            self._day = {}
        if period != self._period:
            self._meal = {}
        self._period = period

    def _period_of(self, utc_s):
        settings = self._params
        day, weekday, minute = clock.local_minute(utc_s, settings["utc_offset_min"])
        return day, meals.at(settings["meals"], weekday, minute)[0] if settings["meals"] else 0


def _add(fens, entry):
    if len(fens) == _CARDS and entry.card not in fens:
        del fens[next(iter(fens))]
    fens[entry.card] = fens.get(entry.card, 0) + entry.amount_fen
