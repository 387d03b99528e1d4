"""Emergency mode at a terminal: the centre's order, whether it is in force, what cards took in it.

The bytes of an order are protocol.emergency's; what a gate or a till does meanwhile is theirs.
Rules:
 1. An order counts if the centre has signed it (the key is in the key page, so no gateway can make
    one) and its number is above all before. It is kept in flash before it is obeyed.
 2. It ends at its end by the clock, or after as long as it was to last by the ticks of this boot,
    whichever comes first: so it also ends without a clock. What has ended stays so.
 3. Begin and end are records (detail: number * 2, and 1 for the begin). One that power has cut off
    is written again: at least once.
 4. What a card took in it is counted from the records, grey ones too, over boots.
Limits: 4,096 cards at one till (core.seen); a boot without a clock begins the time anew.
"""

from firmware.core import clock
from firmware.core.seen import Seen
from protocol import emergency, messages, reasons, record
from protocol.errors import RemoteError

FRESH = 0  # its begin is not recorded
BEGUN = 1
OVER = 2


class Emergency:
    """Of a terminal with core.params.Params `params`. `fire`: its own loop says alarm."""

    def __init__(self, params):
        self.fire = False
        self.order = None
        self.is_signed = is_signed  # a test has no memory for it
        self._params = params
        self._state = OVER
        self._since_ms = 0
        self._kind = 0
        self.spent = Spent()

    def mount(self, kind, journal):
        """At the boot; kind: of firmware.kinds."""
        self._kind = kind.NUMBER
        kept = self._params.order
        if kept:
            self._state, self.order = kept[0], emergency.of_body(kept[1:])
        if self._state != OVER and kind.PAYS and not kind.METERS:
            self.spent = Spent(self.order.begin_s)
            journal.walk(self.spent, (record.PURCHASE, record.PASS))

    def is_on(self, now):
        """True while an order is in force here."""
        order = self.order
        if self._state == OVER or order.what == emergency.END or not order.kinds >> self._kind & 1:
            return False
        if clock.is_set(now.utc_s) and now.utc_s >= order.end_s:
            return False
        return now.ticks_ms - self._since_ms < (order.end_s - order.begin_s) * 1000

    def is_drill(self, now):
        """True while it is only a drill."""
        return self.is_on(now) and self.order.what == emergency.DRILL

    def flags(self, now):
        """Flags of a record that is made now."""
        flags = record.EMERGENCY if self.fire else 0
        if self.is_on(now):
            flags |= record.EMERGENCY
            if self.order.what == emergency.DRILL:
                flags |= record.DRILL
        return flags

    def take(self, signed, key, terminal, now):
        """An order came. key: the centre's, 33 bytes, b"" if there is none. -> (number, status)"""
        here = self.order.number if self.order else 0
        try:
            order = emergency.parse(signed)
        except RemoteError:
            return here, messages.REFUSED
        if order == self.order:
            return here, messages.SAME
        late = clock.is_set(now.utc_s) and now.utc_s >= order.end_s
        if order.number <= here or late or not self.is_signed(key, signed):
            return here, messages.REFUSED
        if self._state == BEGUN:
            terminal.note(reasons.EMERGENCY, here << 1, now)  # if there is room
        if not self._keep(FRESH, order):
            return here, messages.REFUSED
        self._since_ms = now.ticks_ms
        if terminal.kind.PAYS and not terminal.kind.METERS:
            self.spent = terminal.journal.watcher = Spent(order.begin_s)
        return order.number, messages.APPLIED

    def turn(self, terminal, now):
        """What time brings. -> True when something has begun or ended."""
        if self._state == OVER or terminal.journal.open:
            return False
        is_on = self.is_on(now)
        if is_on and self._state == FRESH:
            return self._tell(terminal, now, 1, BEGUN)
        if not is_on and self._state == BEGUN:
            return self._tell(terminal, now, 0, OVER)
        if not is_on:
            self._keep(OVER, self.order)
        return False

    def _tell(self, terminal, now, begins, state):
        detail = self.order.number << 1 | begins
        return terminal.note(reasons.EMERGENCY, detail, now) and self._keep(state, self.order)

    def _keep(self, state, order):
        """False if flash does not keep it; then nothing has changed."""
        if not self._params.keep_order(bytes((state,)) + emergency.body(order)):
            return False
        self._state, self.order = state, order
        return True


class Spent:
    """What each card took in an emergency, as a fold over the records (core.journal, watcher)."""

    def __init__(self, since_s=0):
        self._since_s = since_s
        self._seen = Seen()
        self._greys = {}  # serial -> (card, fen)

    def fen(self, card):
        """Of this card, what is not certain included."""
        grey = sum([row[1] for row in self._greys.values() if row[0] == card])
        return self._seen.spent(card)[1] + grey

    def written(self, entry, outcome):
        """A record stands in the journal."""
        fen = entry.amount_fen if entry.type == record.PURCHASE else 0
        if entry.type == record.PASS and entry.flags & record.DRILL:
            fen = entry.detail
        is_before = clock.is_set(entry.utc_s) and entry.utc_s < self._since_s
        if not fen or not entry.flags & record.EMERGENCY or is_before or outcome == record.VOID:
            return
        if outcome == record.INTENT:
            self._greys[entry.serial] = entry.card, fen
        else:
            self._seen.note(entry.card, 0, fen)

    def settled(self, serial, outcome):
        """A grey record has its outcome."""
        grey = self._greys.pop(serial, None)
        if grey and outcome == record.DONE:
            self._seen.note(grey[0], 0, grey[1])


def is_signed(key, signed):
    """True if the centre, whose key this is, has signed it."""
    from card_layout import p256  # no memory for it on most days

    return p256.verify(key, signed[: emergency.SIGNED], signed[emergency.SIGNED :])
