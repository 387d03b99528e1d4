"""A list of cards in flash: one bit for each card number, in two copies, of which one holds.

Which list it is (refused cards, cards with a right) is the owner's business. Rules:
 1. A new version is made in the copy that does not hold, sector by sector, from a delta or from a
    whole list; sectors that are right already are left alone.
 2. Its bitmap is read back from flash and must have the digest that the server named; only then
    its header is programmed, last. Until then, and at any cut, the old version holds.
 3. The header of a copy is erased before anything else of it is touched.
 4. What flash does not take makes no new version: REFUSED, and the old one holds.
Header, 64 bytes: magic 4 | sequence u32 | version u32 | universe u32 | digest 16 | utc u32 | FF to
60 | CRC-32 u32. The copy with the higher sequence holds. Version 0 is the empty list of nobody.
Limits: as many cards as the region has sectors for; 4 KiB of RAM to make a version in.
"""

import binascii
import hashlib
import struct

from firmware.core import nor
from protocol import blacklist, messages
from protocol.errors import RemoteError

MAGIC = b"CLST"
_HEADER = ">4sIIII16s"
_HEADER_SIZE = 64
_CRC_AT = 60
_PIECE = 256  # bytes read or programmed at once
_CARDS = blacklist.SECTOR_NUMBERS
NO_DIGEST = blacklist.digest(b"")


class CardList:
    """The list in `region`: two copies of one header sector and the bitmap's sectors.

    `work`: bytearray of one sector to build in, shared with other lists; made once, at the start,
    because so many bytes in one piece may not be had later.
    """

    def __init__(self, flash, region, work):
        self.version = 0
        self.universe = 0
        self.digest = NO_DIGEST
        self.updated_utc_s = 0  # when this version came, 0 unknown
        self.capacity = (region.sectors // 2 - 1) * _CARDS
        self._flash = flash
        self._region = region
        self._copy = 1  # the one that holds; at first neither, so that 0 is written next
        self._sequence = 0
        self._bits = 0  # position of the bitmap that holds
        self._work = work

    def mount(self):
        """Find the copy that holds. Its digest was checked before its header was written."""
        for copy in (0, 1):
            header = self._flash.read(self._at(copy, 0), _HEADER_SIZE)
            (crc,) = struct.unpack_from(">I", header, _CRC_AT)
            magic, sequence, version, universe, utc_s, digest = struct.unpack_from(_HEADER, header)
            whole = magic == MAGIC and binascii.crc32(header[:_CRC_AT]) == crc
            if whole and sequence > self._sequence:
                self._hold(copy, sequence, version, universe, digest, utc_s)

    def has(self, number):
        """True if this card is on the list: one byte of flash."""
        if number >= self.universe:
            return False
        return self._flash.read(self._bits + (number >> 3), 1)[0] >> (number & 7) & 1 == 1

    def apply_delta(self, before, after, digest, blob, utc_s):
        """-> APPLIED, SAME, NEED_FULL (not from this version, or another digest) or REFUSED."""
        if after == self.version and digest == self.digest:
            return messages.SAME
        if before != self.version:
            return messages.NEED_FULL
        try:
            universe = blacklist.head_delta(blob)[0]
            added = _Run(blacklist.iterate_delta(blob), True)
            removed = _Run(blacklist.iterate_delta(blob), False)
        except RemoteError:
            return messages.REFUSED
        if universe < self.universe:
            return messages.NEED_FULL
        return self._make(after, universe, digest, utc_s, added, removed)

    def apply_full(self, version, digest, blob, utc_s):
        """-> APPLIED, SAME, NEED_FULL (another digest: fetch it again) or REFUSED."""
        if version == self.version and digest == self.digest:
            return messages.SAME
        try:
            universe = blacklist.head(blob)[0]
        except RemoteError:
            return messages.REFUSED
        return self._make(version, universe, digest, utc_s, _Run(blacklist.iterate(blob)), None)

    def _make(self, version, universe, digest, utc_s, added, removed):
        """The other copy becomes this version; `removed` is None for a whole list."""
        if universe % _CARDS or universe > self.capacity:
            return messages.REFUSED
        copy = 1 - self._copy
        if not nor.erase(self._flash, self._at(copy, 0) // self._flash.sector):
            return messages.REFUSED
        whole = hashlib.sha256()
        try:
            for index in range(universe // _CARDS):
                end = (index + 1) * _CARDS
                self._start_from(index, removed is None)
                added.change(self._work, end, True)
                if removed is not None:
                    removed.change(self._work, end, False)
                if not self._put(self._at(copy, 1 + index), whole):
                    return messages.REFUSED
        except RemoteError:
            return messages.REFUSED
        if whole.digest()[: blacklist.DIGEST_SIZE] != digest:
            return messages.NEED_FULL
        header = struct.pack(
            _HEADER, MAGIC, self._sequence + 1, version, universe, utc_s, bytes(digest)
        )
        header += b"\xff" * (_CRC_AT - len(header))
        header += struct.pack(">I", binascii.crc32(header))
        if not nor.program(self._flash, self._at(copy, 0), header):
            return messages.REFUSED
        self._hold(copy, self._sequence + 1, version, universe, bytes(digest), utc_s)
        return messages.APPLIED

    def _start_from(self, index, blank):
        """Fill the work sector: with the bits that hold now, or zeros."""
        work = self._work
        for at in range(0, len(work), _PIECE):
            if blank or index * _CARDS >= self.universe:
                work[at : at + _PIECE] = bytes(_PIECE)
            else:
                start = self._bits + index * (_CARDS >> 3) + at
                work[at : at + _PIECE] = self._flash.read(start, _PIECE)

    def _put(self, start, whole):
        """Make the sector at `start` the work sector's bits; what it then reads goes to `whole`.

        False if flash does not take them.
        """
        work = self._work
        pieces = range(0, len(work), _PIECE)
        if any(self._flash.read(start + at, _PIECE) != work[at : at + _PIECE] for at in pieces):
            if not nor.erase(self._flash, start // self._flash.sector):
                return False
            for at in pieces:
                if not nor.program(self._flash, start + at, bytes(work[at : at + _PIECE])):
                    return False
        for at in pieces:
            whole.update(self._flash.read(start + at, _PIECE))
        return True

    def _hold(self, copy, sequence, version, universe, digest, utc_s):
        self._copy = copy
        self._sequence = sequence
        self.version = version
        self.universe = universe
        self.digest = digest
        self.updated_utc_s = utc_s
        self._bits = self._at(copy, 1)

    def _at(self, copy, sector):
        """Position of a sector of a copy."""
        sectors = self._region.sectors // 2
        return (self._region.first + copy * sectors + sector) * self._flash.sector


class _Run:
    """Ascending numbers, taken as far as a sector reaches; of a delta, one half of it."""

    def __init__(self, numbers, half=None):
        self._numbers = numbers
        self._half = half  # of a delta: True what it adds, False what it removes
        self._next = None
        self._ended = False

    def change(self, bits, end, listed):
        """Set or clear the numbers below `end`, which ends the sector in `bits`."""
        start = end - _CARDS
        while True:  # ends with the numbers, which are bounded by their bytes
            if self._next is None and not self._advance():
                return
            if self._next >= end:
                return
            offset = self._next - start
            if listed:
                bits[offset >> 3] |= 1 << (offset & 7)
            else:
                bits[offset >> 3] &= ~(1 << (offset & 7)) & 0xFF
            self._next = None

    def _advance(self):
        """Take the next number of our half. False at the end."""
        if self._ended:
            return False
        for item in self._numbers:
            if self._half is None:
                self._next = item
                return True
            number, added = item
            if added == self._half:
                self._next = number
                return True
            if self._half:
                break
        self._ended = True
        return False
