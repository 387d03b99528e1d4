"""The wires from meter, supply, case and door: a named pipe into which the world writes changes.

Six bytes a change: a letter; value; microseconds of the PC's monotonic clock, which is the
terminal's too. A terminal that reads none of it loses what does not fit into the pipe.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

METER, POWER, CASE = b"m", b"p", b"c"
DOOR, EXIT, FIRE, LANE = b"d", b"x", b"f", b"l"
_WRAP = 0x3FFFFFFF


def now_us() -> int:
    """The clock of the stamps, not wrapped."""
    return time.monotonic_ns() // 1000


class Inputs:
    """The world's end of the pipe."""

    def __init__(self, path: Path):
        self.path = path
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def say(self, name: bytes, value: int, at_us: int) -> None:
        """A line has this value from `at_us` on."""
        with contextlib.suppress(BlockingIOError):  # nobody reads, and it is full
            os.write(self._fd, name + bytes((value,)) + (at_us & _WRAP).to_bytes(4, "big"))

    def forget(self) -> None:
        """What nobody has read is gone."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._fd, 65536):  # ends when the pipe is empty, by BlockingIOError
                pass

    def close(self) -> None:
        """A second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self.path.unlink(missing_ok=True)
