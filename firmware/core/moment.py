"""What the core is told about now. It never looks itself.

utc_s: seconds since 1970, 0 unknown. clock_trusted: set by the server since the boot, and not
moved since. online: the session is open. ticks_ms: milliseconds of the boot, only growing.
"""

from collections import namedtuple

Moment = namedtuple("Moment", "utc_s clock_trusted online ticks_ms")
