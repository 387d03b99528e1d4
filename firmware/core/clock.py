"""How far the terminal's clock may be believed.

It does not tell the time. The clock is trusted from the server's first word in this boot on, and as
long as it goes along with the ticks since; a step beyond the tolerance makes it untrusted until the
server's next word. Records say which it was (flag CLOCK_TRUSTED). Limit: tolerance in seconds, a
parameter.
"""

EARLIEST_UTC_S = 978307200  # 2001-01-01: clocks that lost power begin in 1970 or 2000


class Clock:
    """Compares the clock with the server's last word."""

    def __init__(self):
        self._utc_s = 0
        self._ticks_ms = None

    def told(self, utc_s, ticks_ms):
        """The server said what time it is."""
        self._utc_s = utc_s
        self._ticks_ms = ticks_ms

    def trusts(self, utc_s, ticks_ms, tolerance_s):
        """True if the clock, which shows `utc_s`, may be believed."""
        if self._ticks_ms is None:
            return False
        expected_s = self._utc_s + (ticks_ms - self._ticks_ms) // 1000
        return abs(utc_s - expected_s) <= tolerance_s


def is_set(utc_s):
    """False for a clock that was never set."""
    return utc_s >= EARLIEST_UTC_S


def age_s(since_utc_s, utc_s, tolerance_s):
    """Seconds since a moment of the same clock, or None if that cannot be told."""
    if not is_set(since_utc_s) or utc_s < since_utc_s - tolerance_s:
        return None
    return max(0, utc_s - since_utc_s)


def local_minute(utc_s, offset_min):
    """(days since 1970, weekday with Monday 0, minute of the day) in local time."""
    minutes = utc_s // 60 + offset_min
    day = minutes // 1440
    return day, (day + 3) % 7, minutes % 1440


def local_month(utc_s, offset_min):
    """Months since 1970 in local time (H. Hinnant, days to civil)."""
    days = utc_s // 60 + offset_min
    days = days // 1440 + 719468
    of_era = days % 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    month = (5 * (of_era - (365 * year + year // 4 - year // 100)) + 2) // 153 + 2  # 2: March
    return (year + days // 146097 * 400 - 1970) * 12 + month
