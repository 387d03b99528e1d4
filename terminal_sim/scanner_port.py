"""A scanner module on a pty, and the phone that is held to it."""

from __future__ import annotations

import time

from terminal_sim.pty_end import PtyEnd
from terminal_sim.scanner import ScannerModule


class ScannerPort(PtyEnd):
    """module: what is on the pty."""

    def __init__(self) -> None:
        super().__init__(lambda data: self.module.feed(data, _now_ms()))
        self.module = ScannerModule()

    def show(self, text: str) -> None:
        """Hold a phone with this code to the glass."""
        self.say(self.module.show(text, _now_ms()))


def _now_ms() -> int:
    return int(time.monotonic() * 1000)
