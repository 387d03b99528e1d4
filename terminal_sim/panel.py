"""The other end of a terminal's panel: keys to press, a lamp, a beeper, four rows to look at.

A pty stands for the UART; the line format is told in firmware/drivers/panel.py. What it shows is
kept as people see it; who waits for a beep or a screen gets a future of the running event loop.
Noise from the terminal is passed over. Limit: 512 bytes of an unfinished line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import tty
from collections.abc import Callable

ROWS = 4
_LINE_MAX = 512


class Face:
    """What a panel shows, whatever its line is. led, rows: as they are now. beeps: all so far."""

    def __init__(self) -> None:
        self.led = "off"
        self.rows = [""] * ROWS
        self.beeps = 0
        self._heard = b""

    def hear(self, data: bytes) -> str | None:
        """What the terminal said, in any cut. -> the word of the last beep in it."""
        lines = (self._heard + data).split(b"\n")
        self._heard = lines.pop()[-_LINE_MAX:]
        beep = None
        for line in lines:
            beep = self._take(line.decode("utf-8", "replace")) or beep
        return beep

    def shows(self, text: str) -> bool:
        """Is `text` in some row now?"""
        return any(text in row for row in self.rows)

    def _take(self, line: str) -> str | None:
        """One line. -> the word of a beep."""
        word, rest = line[:1], line[2:]
        if word == "T" and line[1:2] in ("0", "1", "2", "3"):
            self.rows[int(line[1])] = line[3:]
        elif word == "L":
            self.led = rest
        elif word == "C":
            self.rows = [""] * ROWS
        elif word == "B":
            self.beeps += 1
            return rest
        return None


class Panel(Face):
    """On a pty. path: the pty to give to the terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.on_change: Callable[[Panel], None] | None = None
        self.on_beep: Callable[[str], None] | None = None
        self._fd, self._host_fd = pty.openpty()
        tty.setraw(self._host_fd)
        os.set_blocking(self._fd, False)
        self.path = os.ttyname(self._host_fd)
        self._beep: asyncio.Future[str] | None = None
        self._screen: tuple[str, asyncio.Future[None]] | None = None

    def fileno(self) -> int:
        """Descriptor to watch for reading."""
        return self._fd

    def press(self, keys: str) -> None:
        """Press keys, one after the other; a terminal that is off hears none."""
        with contextlib.suppress(OSError):
            os.write(self._fd, keys.encode())

    def beep(self) -> asyncio.Future[str]:
        """A future of the next beep: "ok", "warn" or "error"."""
        self._beep = asyncio.get_running_loop().create_future()
        return self._beep

    def screen(self, text: str) -> asyncio.Future[None]:
        """A future that is done when some row holds `text`; at once if it does."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.shows(text):
            done.set_result(None)
        else:
            self._screen = (text, done)
        return done

    def on_readable(self) -> None:
        """Call when the descriptor is readable; never blocks."""
        try:
            data = os.read(self._fd, 4096)
        except (BlockingIOError, OSError):
            return
        self._tell(self.hear(data))

    def close(self) -> None:
        """Unplug it; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            os.close(self._host_fd)
            self._fd = self._host_fd = -1

    def _tell(self, beep: str | None) -> None:
        """Whoever waits, after all lines that came together: rows and lamp are whole then."""
        if self._screen and not self._screen[1].done() and self.shows(self._screen[0]):
            self._screen[1].set_result(None)
            self._screen = None
        if beep and self._beep and not self._beep.done():
            self._beep.set_result(beep)
        if beep and self.on_beep:
            self.on_beep(beep)
        if self.on_change:
            self.on_change(self)
