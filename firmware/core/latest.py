"""The latest of many values of one kind, kept in flash: appended to two sectors in turn.

Not a file and not a history: of a value that was followed by another one nothing is promised. A
cut leaves either the value before or the new one. Slot: sequence u32 | length u16 | value, filled
with FF | CRC-32 u32. The whole slot with the highest sequence counts; a torn one is passed over.
What was written is read back: a slot that does not take it is given up for the next one. The sector
of the value that holds is never erased; if the other one takes nothing either, it is FlashFailed.
Limits: a region of two sectors; slots of at most one sector, each programmed once, so that it
works where flash forbids programming twice.
"""

import binascii
import struct

from firmware.core import nor

_HEAD = 6
_CRC = 4


class FlashFailed(OSError):
    """The flash takes the value nowhere it may go; the value before still holds."""


class Latest:
    """Values of up to `most` bytes in `region`."""

    def __init__(self, flash, region, most):
        unit = 64  # the largest program unit there is
        self.size = (_HEAD + most + _CRC + unit - 1) // unit * unit
        self.value = None  # bytes, or None when nothing was ever put
        self._flash = flash
        self._region = region
        self._slots = flash.sector // self.size
        self._sequence = 0
        self._sector = 0  # 0 or 1: the one in use
        self._next = self._slots  # slot to write next; at the end the other sector is erased

    def mount(self):
        """Find the value again."""
        self.value = None
        self._sequence = 0
        self._sector, self._next = 1, self._slots
        for sector in (0, 1):
            for slot in range(self._slots):
                raw = self._flash.read(self._at(sector, slot), self.size)
                sequence, value = _parse(raw)
                if sequence > self._sequence:
                    self._sequence, self.value = sequence, value
                    self._sector = sector
        if self.value is not None:
            self._next = self._first_free()

    def put(self, value):
        """Keep `value` (bytes) from now on. FlashFailed if the flash takes it nowhere."""
        raw = struct.pack(">IH", self._sequence + 1, len(value)) + value
        raw += b"\xff" * (self.size - _CRC - len(raw))
        raw += struct.pack(">I", binascii.crc32(raw))
        sector, erased = self._sector, False
        while True:  # ends when the other sector, once erased, has no slot left
            if self._next == self._slots:
                if erased:
                    raise FlashFailed("the flash keeps no value any more")
                sector = self._sector ^ 1
                erased = True
                if nor.erase(self._flash, self._region.first + sector):
                    self._next = 0
                continue
            self._next += 1
            if nor.program(self._flash, self._at(sector, self._next - 1), raw):
                break
        self._sector = sector
        self._sequence += 1
        self.value = bytes(value)

    def _at(self, sector, slot):
        return (self._region.first + sector) * self._flash.sector + slot * self.size

    def _first_free(self):
        """After the last slot of the sector in use that holds anything, torn ones included."""
        slot = self._slots
        blank = b"\xff" * self.size
        while slot and self._flash.read(self._at(self._sector, slot - 1), self.size) == blank:
            slot -= 1
        return slot


def _parse(raw):
    """(sequence, value), or (0, None) for what is no whole slot."""
    sequence, length = struct.unpack_from(">IH", raw)
    if sequence == 0xFFFFFFFF:
        return 0, None
    (crc,) = struct.unpack_from(">I", raw, len(raw) - _CRC)
    if length > len(raw) - _HEAD - _CRC or binascii.crc32(raw[:-_CRC]) != crc:
        return 0, None
    return sequence, bytes(raw[_HEAD : _HEAD + length])
