"""The valve's machine: what may follow what, and what is seen to be wrong. Rules, table.

 1. The valve is open in OPEN and nowhere else.
 2. What flows after it was told to shut still belongs to the session: it is OVER when nothing has
    come for STILL_MS, or, if it does not stop, after STUCK_MS (a fault).
 3. Power that fails ends it at once: there is no time to wait for the pipe.
 4. A session that is OVER has to be closed, by its record, before another can begin.
 5. A fault is told once, and again when it has been away for CALM_MS.

It knows no money, no card, no flash: units, milliseconds. A unit is a pulse, or with `per_second` a
second that the valve was open. Limits: docs/water.md.
"""

from protocol import reasons

SHUT = "SHUT"
OPEN = "OPEN"
SHUTTING = "SHUTTING"
OVER = "OVER"

BEGIN = "begin"
USED_UP = "used up"  # what was reserved, or the most of one session
GONE = "card gone"
PRESSED = "ended by key"
NO_FLOW = "no flow"
FAULT = "fault"
POWER = "power fails"
STILL = "still"
STUCK = "stuck"
CLOSED = "closed"

TABLE = {
    SHUT: {BEGIN: OPEN},
    OPEN: {
        USED_UP: SHUTTING, GONE: SHUTTING, PRESSED: SHUTTING, NO_FLOW: SHUTTING,
        FAULT: SHUTTING, POWER: OVER,
    },
    SHUTTING: {STILL: OVER, STUCK: OVER, POWER: OVER},
    OVER: {CLOSED: SHUT},
}  # fmt: skip

STILL_MS = 400
STUCK_MS = 3000
CALM_MS = 10000
LEAK_UNITS = 3
BACK_UNITS = 3
NOISE_GLITCHES = 400  # within NOISE_MS
NOISE_MS = 1000


class Usage:
    """`units` of the session, `why` it ended (an event), `faults` told and not yet taken."""

    def __init__(self):
        self.state = SHUT
        self.units = 0
        self.why = None
        self.faults = []  # (reason, units)
        self.has_power = True
        self._case_open = False
        self._shut_at = 0
        self._no_flow_ms = 0
        self._per_second = False
        self._since_ms = 0  # of the state
        self._unit_ms = 0  # when the last unit came
        self._seen_ms = {}  # reason -> when it was seen last
        self._leaked = 0
        self._back = 0
        self._glitches = 0
        self._glitches_ms = 0

    @property
    def is_open(self):
        """What the valve is told."""
        return self.state == OPEN

    def is_fit(self, now_ms):
        """False while no session may begin."""
        leaks = self._leaked >= LEAK_UNITS and now_ms - self._unit_ms < CALM_MS
        return self.has_power and not self._case_open and not leaks

    def begin(self, now_ms, shut_at, no_flow_s, per_second):
        """Open; shut when `shut_at` units have come."""
        self.units = 0
        self.why = None
        self._shut_at = shut_at
        self._no_flow_ms = no_flow_s * 1000
        self._per_second = per_second
        self._leaked = self._back = 0
        self._unit_ms = now_ms
        self._step(BEGIN, now_ms)

    def end(self, event, now_ms):
        """Card gone, key, power: if the session is not over already."""
        if event == POWER:
            self.has_power = False
        if event in TABLE[self.state]:
            self._step(event, now_ms)

    def closed(self, now_ms):
        """The session's record is written."""
        self._step(CLOSED, now_ms)

    def power_is_back(self):
        """It was a dip."""
        self.has_power = True

    def case(self, is_open, now_ms):
        """The case's contact."""
        self._case_open = is_open
        if is_open:
            self._fault(reasons.CASE_OPEN, 0, now_ms)

    def turn(self, now_ms, pulses, back, glitches):
        """What the meter said since the last turn; call it also when it said nothing."""
        if pulses:
            self._unit_ms = now_ms
        self._look_at_meter(now_ms, back, glitches)
        if self.state in (OPEN, SHUTTING):
            self._count(now_ms, pulses)
        elif pulses:
            self._leak(now_ms, pulses)
        if self.state == OPEN:
            self._watch(now_ms)
        elif self.state == SHUTTING:
            if now_ms - self._since_ms >= STUCK_MS:
                self._fault(reasons.VALVE_STUCK, self.units, now_ms)
                self._step(STUCK, now_ms)
            elif now_ms - max(self._unit_ms, self._since_ms) >= STILL_MS:
                self._step(STILL, now_ms)

    def _count(self, now_ms, pulses):
        if not self._per_second:
            self.units += pulses
        elif self.state == OPEN:
            self.units = (now_ms - self._since_ms) // 1000

    def _watch(self, now_ms):
        """Is the session to end?"""
        if self.units >= self._shut_at:
            self._step(USED_UP, now_ms)
        elif not self._per_second and now_ms - self._unit_ms >= self._no_flow_ms:
            if not self.units:
                self._fault(reasons.METER_SILENT, 0, now_ms)
            self.end(NO_FLOW, now_ms)

    def _look_at_meter(self, now_ms, back, glitches):
        if now_ms - self._glitches_ms >= NOISE_MS:
            self._glitches, self._glitches_ms = 0, now_ms
        self._glitches += glitches
        if self._glitches >= NOISE_GLITCHES:
            self._fault(reasons.METER_NOISE, self._glitches, now_ms)
        self._back += back
        if back and self._back >= BACK_UNITS:
            self._fault(reasons.METER_BACK, self._back, now_ms)

    def _leak(self, now_ms, pulses):
        self._leaked += pulses
        if self._leaked >= LEAK_UNITS:
            self._fault(reasons.LEAK, self._leaked, now_ms)

    def _fault(self, reason, units, now_ms):
        """Tell it unless it was told and is still there; no session goes on."""
        seen_ms = self._seen_ms.get(reason)
        self._seen_ms[reason] = now_ms
        if seen_ms is None or now_ms - seen_ms >= CALM_MS:
            self.faults.append((reason, units))
        if self.state == OPEN:
            self._step(FAULT, now_ms)

    def _step(self, event, now_ms):
        self.state = TABLE[self.state][event]
        self._since_ms = now_ms
        if self.state in (SHUTTING, OVER) and self.why is None:
            self.why = event
