"""The world's end of a pty that a terminal has for a line; what hangs there is handed to it."""

from __future__ import annotations

import contextlib
import os
import pty
import tty
from collections.abc import Callable

_READ_MAX = 4096


class PtyEnd:
    """answer: what the terminal said -> what is said to it. path: of the terminal's end."""

    def __init__(self, answer: Callable[[bytes], bytes]):
        self._answer = answer
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
            self.say(self._answer(os.read(self._fd, _READ_MAX)))

    def say(self, data: bytes) -> None:
        """To the terminal; one that does not read loses it, as on a UART."""
        if data:
            with contextlib.suppress(BlockingIOError):
                os.write(self._fd, data)

    def close(self) -> None:
        """A second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            os.close(self._host_fd)
            self._fd = self._host_fd = -1
