"""A meter's pulses: edges in, pulses out, bounce and spikes told apart from them.

A level counts when it has stood for DEBOUNCE_US; each rise that counts is a pulse. A meter of two
lines says by the second, at that moment, which way it turns. A level that did not stand is a
glitch. It owns no pin: `feed` takes (level, microseconds) as the board stamped them. Limits: pulses
of at least DEBOUNCE_US, up to 150 a second; stamps wrap at 2**30 microseconds, so `feed` is called
at least every 5 minutes. The board begins with the level that the line has.
"""

DEBOUNCE_US = 3000
_WRAP = 0x3FFFFFFF

A = 1  # bits of a level: the line that counts
B = 2  # and the one that is high when it turns backwards


class Meter:
    """One meter; `glitches` since the last feed."""

    def __init__(self):
        self.glitches = 0
        self._level = None  # of line A, as it counts; None: not known yet
        self._new = None  # level that has not stood yet
        self._new_us = 0

    def feed(self, edges, now_us):
        """-> (pulses, pulses backwards) of what the board has seen up to `now_us`."""
        self.glitches = 0
        pulses = back = 0
        for level, at_us in edges:
            counted = self._settle(at_us, True)
            pulses += counted == A
            back += counted == A | B
            self._new, self._new_us = level, at_us
        counted = self._settle(now_us, False)
        return pulses + (counted == A), back + (counted == A | B)

    def _settle(self, at_us, is_edge):
        """-> the level of a rise that counts by now, else 0."""
        if self._new is None:
            return 0
        new, before = self._new, self._level
        if (at_us - self._new_us) & _WRAP < DEBOUNCE_US:
            if is_edge:
                self.glitches += 1
                self._new = None
            return 0
        self._new = None
        self._level = new & A
        return new if new & A and before == 0 else 0
