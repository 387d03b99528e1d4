"""What a till knows from its own records: who had a meal, what the shift took, what a card spent.

A fold over the journal, in its order: after a boot over what lies there, in work as each record is
written or has its outcome. So RAM never knows more than flash, and a power cut changes nothing.
Only a till that needs it has it in RAM.
"""

from firmware.core import meals, shift
from protocol import record

_TYPES = (record.PURCHASE, record.REVERSAL, record.EVENT)
_GREYS = 64  # as the journal remembers


class Books:
    """meals: a staff window's; shift: the one that goes on; given: sales that were given back;
    spent: what cards have paid, None where there are no limits for it."""

    def __init__(self, terminal):
        self.meals = meals.Meals()
        self.shift = shift.Shift()
        self.given = {}  # serial of a sale -> its REVERSAL, of this boot
        self.spent = None
        self._params = terminal.params
        self._greys = {}  # serial -> Record without an outcome
        slots = 0
        if terminal.params["cashier_zone"] != shift.NOBODY:
            slots = terminal.journal.back_to(shift.is_mark)
        if terminal.params["staff"]:
            slots = max(slots, meals.RECORDS)
        if any(terminal.params[name] for name in ("pin_day_fen", "pin_meal_fen", "pin_ask_fen")):
            from firmware.core import spent  # no other till has it in RAM

            self.spent = spent.Spent(terminal.params)
            slots = max(slots, spent.RECORDS)
        for raw, outcome in terminal.journal.recent(slots):
            if raw[4] in _TYPES:
                self.written(record.unpack(raw), outcome)
        terminal.journal.watcher = self

    def written(self, entry, outcome):
        """A record stands in the journal."""
        if entry.type not in _TYPES:
            return
        if entry.type == record.REVERSAL and outcome != record.VOID:
            self.given[entry.detail] = entry.serial
            if len(self.given) > _GREYS:
                del self.given[min(self.given)]
        if outcome == record.DONE:
            self._done(entry)
        elif outcome == record.INTENT:
            self._greys[entry.serial] = entry
            if len(self._greys) > _GREYS:
                del self._greys[min(self._greys)]

    def settled(self, serial, outcome):
        """A grey record has its outcome."""
        entry = self._greys.pop(serial, None)
        if entry is None:
            return
        if outcome == record.DONE:
            self._done(entry)
        elif self.given.get(entry.detail) == serial:
            del self.given[entry.detail]

    def _done(self, entry):
        self.shift.done(entry)
        if self.spent is not None:
            self.spent.done(entry)
        self.meals.done(entry, self._params["utc_offset_min"])
