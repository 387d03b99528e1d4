"""A clock that the world owns: eight bytes in a file, which a terminal reads as its clock chip."""

from __future__ import annotations

import os
from pathlib import Path


class Rtc:
    """UTC seconds in `path`, from `utc_s` on only moved by `set`."""

    def __init__(self, path: Path, utc_s: int):
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.set(utc_s)

    def set(self, utc_s: int) -> None:
        """It is `utc_s` now; every reader sees the old time or the new one."""
        os.pwrite(self._fd, utc_s.to_bytes(8, "big"), 0)

    def close(self) -> None:
        """A second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
