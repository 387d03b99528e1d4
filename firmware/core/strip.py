"""Units of the session that is going on, in flash: what a power cut without a word leaves of it.

For each session a head, then a mark for each unit: a program unit set to 0. Two sectors, the one
that is not in use is erased when a session does not fit. Head: serial of its reserve u32 | marks
u16 | units a mark u8 | 0 | CRC-32 u32, filled with FF to the program unit. Where units are large a
mark stands for more than one unit. A mark that is torn counts: it was being made. What stands here
means nothing once the session's record is closed. Limits: 2,000 units a session.
"""

import binascii
import struct

from firmware.core import nor

_HEAD = ">IHBB"
_HEAD_SIZE = 12


class Strip:
    """In `region` of two sectors."""

    def __init__(self, flash, region):
        self._flash = flash
        self._region = region
        self._step = flash.unit
        self._head = (_HEAD_SIZE + flash.unit - 1) // flash.unit * flash.unit
        self._sector = 0
        self._next = flash.sector  # where the next session goes; at the end: erase
        self._at = 0  # of this session's marks
        self._marks = 0
        self._a_mark = 1
        self._made = 0

    def mount(self, serial):
        """-> units that stand here for the reserve `serial`, 0 if it has no session."""
        units = 0
        for sector in (0, 1):
            at = 0
            while at + self._head <= self._flash.sector:  # ends where no head is
                found = self._head_at(sector, at)
                if found is None:
                    break
                at += self._head
                if found[0] == serial:
                    units = self._count(sector, at, found[1]) * found[2]
                at += found[1] * self._step
        return units

    def begin(self, serial, most_units):
        """A session of up to `most_units`. False if the flash takes no head: none may begin."""
        room = (self._flash.sector - self._head) // self._step
        self._a_mark = (most_units + room - 1) // room
        self._marks = (most_units + self._a_mark - 1) // self._a_mark
        head = struct.pack(_HEAD, serial, self._marks, self._a_mark, 0)
        head += struct.pack(">I", binascii.crc32(head))
        head += b"\xff" * (self._head - len(head))
        size = self._head + self._marks * self._step
        self._made = 0
        for _ in range(3):
            if self._next + size > self._flash.sector:
                self._sector ^= 1
                self._next = self._flash.sector
                if not nor.erase(self._flash, self._region.first + self._sector):
                    continue
                self._next = 0
            at = self._address(self._sector, self._next)
            self._at = at + self._head
            self._next += size
            if nor.program(self._flash, at, head):
                return True
            self._next = self._flash.sector
        return False

    def mark(self, units):
        """So many units of this session have come in all."""
        wanted = min(units // self._a_mark, self._marks)
        while self._made < wanted:  # ends at the units that came
            self._flash.program(self._at + self._made * self._step, bytes(self._step))
            self._made += 1

    def _address(self, sector, at):
        return (self._region.first + sector) * self._flash.sector + at

    def _head_at(self, sector, at):
        """(serial, marks, units a mark), or None."""
        raw = self._flash.read(self._address(sector, at), _HEAD_SIZE)
        if binascii.crc32(raw[:8]) != struct.unpack_from(">I", raw, 8)[0]:
            return None
        serial, marks, a_mark, _ = struct.unpack_from(_HEAD, raw)
        return serial, marks, a_mark

    def _count(self, sector, at, marks):
        """Marks that are made, or were being made when power failed."""
        raw = self._flash.read(self._address(sector, at), marks * self._step)
        made = 0
        blank = b"\xff" * self._step
        for start in range(0, len(raw), self._step):
            if raw[start : start + self._step] == blank:
                break
            made += 1
        return made
