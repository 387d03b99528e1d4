"""The flash chip of the board: it takes its time, and power can fail in the middle of a command.

The emulator programs and erases in no time; here the chip is busy as long as the data sheet says
is typical. Commands that change something are counted; at the one that is chosen power fails,
before it ("clean"), or within it ("torn"): a program has cleared some of the bits it was to clear,
up to a place that the seed tells; an erase leaves a sector of which a part is erased.
Source: Winbond W25Q16JV data sheet, AC characteristics (page program 0.4 ms, sector erase 45 ms,
block erase 150 ms).
"""

from __future__ import annotations

import random
from collections.abc import Callable

from rp2040py.peripherals import ssi as commands

_BUSY = 0x01
_TIMES_NS = {
    commands.CMD_PAGE_PROGRAM: 400_000,
    commands.CMD_SECTOR_ERASE: 45_000_000,
    commands.CMD_BLOCK_ERASE: 150_000_000,
}
_SIZES = {commands.CMD_SECTOR_ERASE: 4096, commands.CMD_BLOCK_ERASE: 65536}


class FlashChip:
    """Of an emulated chip; on_cut() when power fails. changes: commands that changed
    something; log: they themselves."""

    def __init__(self, chip, on_cut: Callable[[], None]):
        self._chip = chip
        self._ssi = chip.ssi
        self._on_cut = on_cut
        self.changes = 0
        self.log: list[bytes] = []
        self.is_off = False
        self._cut_at = 0
        self._tear: random.Random | None = None
        self._busy_to_ns = 0.0
        self._apply, self._shift = self._ssi._apply_command, self._ssi._shift_byte
        self._ssi._apply_command = self._on_command
        self._ssi._shift_byte = self._on_byte

    def cut(self, after: int, torn_seed: int | None = None) -> None:
        """Power fails at the `after`-th change from now on, counted from 1; torn if seeded."""
        self._cut_at = self.changes + after
        self._tear = None if torn_seed is None else random.Random(torn_seed)

    def _on_byte(self, byte: int) -> int:
        answer = self._shift(byte)
        buffer = self._ssi._tx_buffer
        if len(buffer) > 1 and buffer[0] == commands.CMD_READ_STATUS_1:
            answer |= _BUSY if self._chip.clock.nanos < self._busy_to_ns else 0
        return answer

    def _on_command(self) -> None:
        command = bytes(self._ssi._tx_buffer)
        takes_ns = _TIMES_NS.get(command[0]) if command else None
        if self.is_off:
            self._ssi._tx_buffer = bytearray()
            return
        if takes_ns is not None and len(command) >= 4 and self._ssi._write_enabled:
            self.changes += 1
            self.log.append(command)
            if self.changes == self._cut_at:
                self._fail(command)
                return
            self._busy_to_ns = self._chip.clock.nanos + takes_ns
        self._apply()

    def _fail(self, command: bytes) -> None:
        self.is_off = True
        if self._tear is not None:
            half(self._chip.flash, command, self._tear)
        self._ssi._tx_buffer = bytearray()
        self._on_cut()


def half(flash: bytearray, command: bytes, draw: random.Random) -> None:
    """What a command leaves in which power fails."""
    at = int.from_bytes(command[1:4], "big")
    if command[0] == commands.CMD_PAGE_PROGRAM:
        data = command[4 : 4 + 256]
        changing = [i for i, byte in enumerate(data) if flash[at + i] & ~byte]
        end = draw.choice(changing) if changing else 0
        for i in range(end):
            flash[at + i] &= data[i]
        if changing:
            flash[at + end] &= data[end] | draw.randrange(256)
    else:
        size = _SIZES[command[0]]
        at -= at % size
        part = draw.randrange(size)
        flash[at : at + part] = b"\xff" * part


def whole(flash: bytearray, command: bytes) -> None:
    """What a command does that comes to its end."""
    at = int.from_bytes(command[1:4], "big")
    if command[0] == commands.CMD_PAGE_PROGRAM:
        for i, byte in enumerate(command[4 : 4 + 256]):
            flash[at + i] &= byte
    else:
        size = _SIZES[command[0]]
        flash[at - at % size : at - at % size + size] = b"\xff" * size
