"""A scanner module on a pty, and the phone that is held to it."""

from __future__ import annotations

import contextlib
import os
import pty
import time
import tty

from terminal_sim.scanner import ScannerModule


class ScannerPort:
    """path: the pty to give to the terminal."""

    def __init__(self) -> None:
        self.module = ScannerModule()
        self._fd, self._host_fd = pty.openpty()
        tty.setraw(self._host_fd)
        os.set_blocking(self._fd, False)
        self.path = os.ttyname(self._host_fd)

    def fileno(self) -> int:
        """Descriptor to watch for reading."""
        return self._fd

    def on_readable(self) -> None:
        """Call when the descriptor is readable; never blocks."""
        with contextlib.suppress(BlockingIOError):
            self._say(self.module.feed(os.read(self._fd, 4096), _now_ms()))

    def show(self, text: str) -> None:
        """Hold a phone with this code to the glass."""
        self._say(self.module.show(text, _now_ms()))

    def close(self) -> None:
        """A second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            os.close(self._host_fd)
            self._fd = self._host_fd = -1

    def _say(self, data: bytes) -> None:
        if data:
            with contextlib.suppress(BlockingIOError):
                os.write(self._fd, data)


def _now_ms() -> int:
    return int(time.monotonic() * 1000)
