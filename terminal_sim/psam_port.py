"""A socket with a PSAM on a pty: its reset contact is an output of the terminal."""

from __future__ import annotations

from terminal_sim.psam import Line
from terminal_sim.pty_end import PtyEnd


class PsamPort(PtyEnd):
    """line: what sits in the socket, None for nothing."""

    def __init__(self, line: Line | None):
        super().__init__(self._chip)
        self.line = line
        self._is_on = False

    def reset(self, is_on: bool) -> None:
        """The reset contact has changed: a chip that is let go says its ATR."""
        is_let_go, self._is_on = is_on and not self._is_on, is_on
        if is_let_go and self.line:
            self.say(self.line.reset())

    def _chip(self, data: bytes) -> bytes:
        return self.line.feed(data) if self.line else b""  # an empty socket says nothing
