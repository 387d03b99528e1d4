"""The glass of a terminal: an SSD1306 or an ILI9341 that takes what comes over its SPI.

It carries commands out as the chip does and keeps the pixels: what a person would see. A named
pipe stands for the wires (firmware/boards/unix.py tells its form). Commands that are not modelled
are counted as noise. Limits: of both chips the commands that set them up, place the window and
write; no scrolling, no reading.
Sources: Solomon Systech SSD1306 rev 1.1 section 9; Ilitek ILI9341 V1.11 section 8.2.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

_PIPE_BYTES = 1 << 20  # a whole picture of colours, so that a terminal never waits for the world
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ


class Ssd1306:
    """128 by 64 pixels, light on dark, in page addressing mode."""

    WIDTH, HEIGHT = 128, 64
    _LENGTHS = dict.fromkeys((0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB), 1)

    def __init__(self) -> None:
        self.is_on = False
        self.noise = 0
        self._memory = bytearray(self.WIDTH * self.HEIGHT // 8)
        self._page = self._column = 0
        self._skip = 0  # parameters of a command that change nothing here

    def command(self, data: bytes) -> None:
        """Commands with their parameters."""
        for byte in data:
            if self._skip:
                self._skip -= 1
            elif byte in self._LENGTHS:
                self._skip = self._LENGTHS[byte]
            elif 0xB0 <= byte <= 0xB7:
                self._page = byte & 7
            elif byte <= 0x0F:
                self._column = self._column & 0xF0 | byte
            elif byte <= 0x1F:
                self._column = self._column & 0x0F | (byte & 0x0F) << 4
            elif byte in (0xAE, 0xAF):
                self.is_on = byte == 0xAF
            elif byte not in (0xA0, 0xA1, 0xA4, 0xA6, 0xC0, 0xC8) and not 0x40 <= byte <= 0x7F:
                self.noise += 1

    def data(self, data: bytes) -> None:
        """Into the page, column after column; beyond its end it begins anew."""
        for byte in data:
            self._memory[self._page * self.WIDTH + self._column % self.WIDTH] = byte
            self._column = (self._column + 1) % self.WIDTH

    def rgb(self) -> bytes:
        """Three bytes a pixel, row by row; dark while it is off."""
        lit, dark = b"\xdc\xf0\xff", b"\x06\x0a\x10"
        return b"".join(
            lit if self.is_on and self._memory[y // 8 * self.WIDTH + x] >> y % 8 & 1 else dark
            for y in range(self.HEIGHT)
            for x in range(self.WIDTH)
        )


class Ili9341:
    """320 by 240 pixels on its side, 16 bits each."""

    WIDTH, HEIGHT = 320, 240
    _KNOWN = frozenset((0x01, 0x11, 0x29, 0x2A, 0x2B, 0x2C, 0x36, 0x3A))

    def __init__(self) -> None:
        self.is_on = False
        self.noise = 0
        self._memory = bytearray(2 * self.WIDTH * self.HEIGHT)
        self._window = [0, self.WIDTH - 1, 0, self.HEIGHT - 1]  # columns, rows
        self._last = 0
        self._at = 0  # pixels written into the window

    def command(self, data: bytes) -> None:
        """One command; its parameters come as data."""
        for byte in data:
            self._last = byte
            self.noise += byte not in self._KNOWN
            if byte == 0x2C:
                self._at = 0
            elif byte in (0x01, 0x29):
                self.is_on = byte == 0x29

    def data(self, data: bytes) -> None:
        """Parameters of the last command, or pixels."""
        if self._last in (0x2A, 0x2B) and len(data) == 4:
            first = 0 if self._last == 0x2A else 2
            self._window[first] = int.from_bytes(data[:2], "big")
            self._window[first + 1] = int.from_bytes(data[2:], "big")
        elif self._last == 0x2C:
            self._write(data)

    def _write(self, data: bytes) -> None:
        left, right, top, bottom = self._window
        wide = right - left + 1
        done = 0
        while done < len(data):  # to its end, a row of the window at a time
            row, column = divmod(self._at, wide)
            if not (0 <= left <= right < self.WIDTH and top + row <= min(bottom, self.HEIGHT - 1)):
                self.noise += 1
                return
            part = data[done : done + 2 * (wide - column)]
            place = 2 * ((top + row) * self.WIDTH + left + column)
            self._memory[place : place + len(part)] = part
            self._at += len(part) // 2
            done += len(part)

    def rgb(self) -> bytes:
        """Three bytes a pixel, row by row; dark while it is off."""
        if not self.is_on:
            return bytes(3 * self.WIDTH * self.HEIGHT)
        made = bytearray()
        for at in range(0, len(self._memory), 2):
            word = int.from_bytes(self._memory[at : at + 2], "big")
            made += bytes((word >> 8 & 0xF8, word >> 3 & 0xFC, word << 3 & 0xF8))
        return bytes(made)


KINDS: dict[str, type[Ssd1306 | Ili9341]] = {"ssd1306": Ssd1306, "ili9341": Ili9341}


class Display:
    """On a named pipe. glass: the chip with its pixels. on_change: called after what came."""

    def __init__(self, kind: str, path: Path):
        self.kind = kind
        self.path = path
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        _widen(self._fd)
        self._heard = b""
        self.glass = KINDS[kind]()
        self.on_change: Callable[[], None] | None = None

    @property
    def wiring(self) -> dict[str, str]:
        """For the terminal's configuration."""
        return {"kind": self.kind, "pipe": str(self.path)}

    def fileno(self) -> int:
        """Descriptor to watch for reading."""
        return self._fd

    def on_readable(self) -> None:
        """Call when the descriptor is readable; never blocks."""
        try:
            self._heard += os.read(self._fd, _PIPE_BYTES)
        except BlockingIOError:
            return
        at = 0
        while len(self._heard) - at >= 3:  # whole transfers
            length = int.from_bytes(self._heard[at + 1 : at + 3], "big")
            piece = self._heard[at + 3 : at + 3 + length]
            if len(piece) < length:
                break
            (self.glass.data if self._heard[at] else self.glass.command)(piece)
            at += 3 + length
        self._heard = self._heard[at:]
        if self.on_change:
            self.on_change()

    def power_off(self) -> None:
        """The terminal lost its power, and the glass with it."""
        self.glass = KINDS[self.kind]()
        self._heard = b""

    def close(self) -> None:
        """A second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self.path.unlink(missing_ok=True)


def _widen(descriptor: int) -> None:
    """Room for a whole picture, where the system grants it."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _PIPE_BYTES)
