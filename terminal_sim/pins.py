"""The wires to the door: a named pipe into which a terminal writes each change of an output.

A line is "barrier 1" or "barrier 0". What it drives is physics for others; here is which output is
on, and how often each was switched on.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path


class Pins:
    """on: names of outputs that are on. pulses: how often each was switched on. drives: name ->
    what is called with each of its changes."""

    def __init__(self, path: Path):
        self.path = path
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # also to write: no end between boots
        self.on: set[str] = set()
        self.pulses: Counter[str] = Counter()
        self.drives: dict[str, Callable[[bool], None]] = {}
        self.on_change: Callable[[], None] | None = None  # after each
        self._heard = ""

    def fileno(self) -> int:
        """Descriptor to watch for reading."""
        return self._fd

    def on_readable(self) -> None:
        """Call when the descriptor is readable; never blocks."""
        try:
            data = os.read(self._fd, 4096)
        except BlockingIOError:
            return
        lines = (self._heard + data.decode("ascii", "replace")).split("\n")
        self._heard = lines.pop()[-64:]
        for line in lines:
            name, _, state = line.partition(" ")
            if state == "1":
                self.on.add(name)
                self.pulses[name] += 1
            else:
                self.on.discard(name)
            if name in self.drives:
                self.drives[name](state == "1")
        if lines and self.on_change:
            self.on_change()

    def power_off(self) -> None:
        """Outputs fall when there is no power."""
        self.on_readable()
        self.on.clear()

    def close(self) -> None:
        """A second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self.path.unlink(missing_ok=True)
