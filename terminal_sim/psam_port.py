"""A socket with a PSAM on a pty: its reset contact is an output of the terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import tty

from terminal_sim.psam import Line


class PsamPort:
    """path: the pty to give to the terminal. line: what sits in the socket, None for nothing."""

    def __init__(self, line: Line | None):
        self.line = line
        self._is_on = False
        self._fd, self._host_fd = pty.openpty()
        tty.setraw(self._host_fd)
        os.set_blocking(self._fd, False)
        self.path = os.ttyname(self._host_fd)

    def fileno(self) -> int:
        """Descriptor to watch for reading."""
        return self._fd

    def reset(self, is_on: bool) -> None:
        """The reset contact has changed: a chip that is let go says its ATR."""
        is_let_go, self._is_on = is_on and not self._is_on, is_on
        if is_let_go and self.line:
            self._say(self.line.reset())

    def on_readable(self) -> None:
        """Call when the descriptor is readable; never blocks."""
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._fd, 4096)
            if self.line:
                self._say(self.line.feed(data))

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
