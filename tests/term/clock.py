"""The story's clock: it stands still until somebody moves it, and only forward.

While it is entered, `time.time` of this process is it, and so is the clock of each terminal that
was given to `follows`. Monotonic clocks, and with them all time-outs, stay real.
"""

import time
from contextlib import contextmanager

from sync_server.core import days, validity


class Clock:
    """utc_s: now. Use as a context manager."""

    def __init__(self, date):
        self.utc_s = _begins(date) + 7 * 3600
        self._clocks = []
        self._real = None

    def __enter__(self):
        self._real, time.time = time.time, lambda: float(self.utc_s)
        return self

    def __exit__(self, *_):
        time.time = self._real

    @contextmanager
    def runs(self):
        """It goes on by itself for a while: whoever closes a server waits by it."""
        began_s, stands = time.monotonic(), time.time
        time.time = lambda: self.utc_s + time.monotonic() - began_s
        try:
            yield
        finally:
            time.time = stands

    def follows(self, rtc):
        """A terminal's clock (terminal_sim.rtc.Rtc, or anything with `set`)."""
        rtc.set(self.utc_s)
        self._clocks.append(rtc)

    def pass_(self, seconds):
        """So long."""
        assert seconds >= 0, "time does not go back"
        self.utc_s += seconds
        for rtc in self._clocks:
            rtc.set(self.utc_s)

    def at(self, date, local_s):
        """It is this day, so many seconds after local midnight; or later, if it is by now."""
        self.pass_(max(0, _begins(date) + int(local_s) - self.utc_s))

    @property
    def date(self):
        """Of today, YYYY-MM-DD."""
        return validity.shown(validity.today(self.utc_s))


def _begins(date):
    return days.begins_utc_s(validity.day(date))
