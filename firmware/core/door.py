"""The door's machine: what may follow what, and what is seen to be wrong. Rules, table.

 1. Somebody is let out by the button and in by a card; that lasts until the door was used and is
    shut again, or until the time is over.
 2. A door that opens and was not released is FORCED; one that stays open too long is HELD. Each is
    told once.
 3. FREE, for a fire or an emergency, comes from every state and keeps the door unlocked; when it
    ends, a door that is still open counts as opened with leave.
 4. The fire loop opens at once; it is over when it has been well for CALM_MS.

It knows no card, no record, no pin: milliseconds. A gate without a door's contact never hears that
it opens, so its releases end by time. Limits: docs/gate.md.
"""

from protocol import reasons

LOCKED = "LOCKED"
RELEASED = "RELEASED"
OPEN = "OPEN"
HELD = "HELD"
FORCED = "FORCED"
FREE = "FREE"

LET = "let through"
OPENED = "opened"
SHUT = "shut"
UNUSED = "time is over"
TOO_LONG = "too long"
FREED = "freed"
BOUND = "bound, shut"
BOUND_OPEN = "bound, open"

TABLE = {
    LOCKED: {LET: RELEASED, OPENED: FORCED, FREED: FREE},
    RELEASED: {LET: RELEASED, OPENED: OPEN, UNUSED: LOCKED, FREED: FREE},
    OPEN: {LET: OPEN, SHUT: LOCKED, TOO_LONG: HELD, FREED: FREE},
    HELD: {LET: HELD, SHUT: LOCKED, FREED: FREE},
    FORCED: {LET: OPEN, SHUT: LOCKED, FREED: FREE},
    FREE: {BOUND: LOCKED, BOUND_OPEN: OPEN},
}
STATES = (LOCKED, RELEASED, OPEN, HELD, FORCED, FREE)
EVENTS = (LET, OPENED, SHUT, UNUSED, TOO_LONG, FREED, BOUND, BOUND_OPEN)

CALM_MS = 10_000
SETTLE_MS = 1000  # after the start: a door found open was not forced under our eyes


class Door:
    """`events` told and not yet taken: (reason, detail). `is_seen`: it has a contact. `is_used`: it
    was opened and is shut again, until somebody takes that up."""

    def __init__(self):
        self.state = LOCKED
        self.events = []
        self.is_seen = self.is_used = False
        self.fire = False
        self._loop = False  # the fire loop says alarm
        self._calm_ms = 0  # since then it does not
        self._is_open = False
        self._begun_ms = None  # ticks of the first turn
        self._since_ms = 0  # of the state
        self._to_ms = 0  # so long is it released

    def let(self, now_ms, open_ms):
        """Somebody may go through. False where that changes nothing: it is free."""
        if self.state == FREE:
            return False
        self._to_ms = now_ms + open_ms
        self._step(LET, now_ms)
        return True

    def contact(self, is_open, now_ms):
        """The door's contact."""
        self.is_seen = True
        self._is_open = is_open
        if is_open and self.state == LOCKED and now_ms - self._begin(now_ms) < SETTLE_MS:
            self._step(LET, now_ms)
        event = OPENED if is_open else SHUT
        if event not in TABLE[self.state]:
            return
        self._step(event, now_ms)
        self.is_used = self.state == LOCKED
        if self.state == FORCED:
            self.events.append((reasons.DOOR_FORCED, 0))

    def loop(self, alarm, now_ms):
        """The fire loop."""
        self._loop = alarm
        self._calm_ms = now_ms
        if alarm and not self.fire:
            self.fire = True
            self.events.append((reasons.FIRE, 1))

    def turn(self, now_ms, emergency, held_ms):
        """What time brings; call it all the time. held_ms 0: a door may stand open."""
        self._begin(now_ms)
        if self.fire and not self._loop and now_ms - self._calm_ms >= CALM_MS:
            self.fire = False
            self.events.append((reasons.FIRE, 0))
        free = self.fire or emergency
        if free and self.state != FREE:
            self._step(FREED, now_ms)
        elif not free and self.state == FREE:
            self._step(BOUND_OPEN if self._is_open else BOUND, now_ms)
        elif self.state == RELEASED and now_ms >= self._to_ms:
            self._step(UNUSED, now_ms)
        elif self.state == OPEN and held_ms and now_ms - self._since_ms >= held_ms:
            self._step(TOO_LONG, now_ms)
            self.events.append((reasons.DOOR_HELD, held_ms // 1000))

    def _begin(self, now_ms):
        if self._begun_ms is None:
            self._begun_ms = now_ms
        return self._begun_ms

    def _step(self, event, now_ms):
        self.state = TABLE[self.state][event]
        self._since_ms = now_ms
