"""A ring of 64-byte slots in raw NOR flash, written one after the other, erased sector by sector.

It knows where the next slot is and in which order the sectors were written, nothing of what the
slots mean: an `order` callable tells the order number of a slot (0: none), which never falls from
slot to slot; `may_erase(sector)` is asked before what is there is given up (I5). Rules:
 1. Slots are written in turn, a sector is entered at its begin and erased before, each time.
 2. What was written is read back. A slot that does not take it is given up for the next one, a
    sector that is not blank after its erase is passed over until the ring comes round again.
 3. What counts in a sector begins in its first 4 slots, or the sector is given up: so a mount
    knows a sector by those.
 4. After a cut the first blank slot after all that is not blank is next: a torn slot is lost, and
    nothing else. It is made void, where a second program is allowed.
Limits: 64 slots a sector; the order table is one number for each sector.
"""

from firmware.core import nor
from firmware.core.nor import is_blank

SLOT = 64
SLOTS = 64  # in a sector
_PROBED = 4  # slots that tell whether a sector counts; and tries for one write


class Ring:
    """The slots of `region`; `order(raw)` -> int, above 0 for slots that count."""

    def __init__(self, flash, region, order, may_erase):
        self.sectors = region.sectors
        self.next = 0  # slot that is written next
        self.first = [0] * region.sectors  # order number of the first slot that counts
        self._flash = flash
        self._base = region.first * flash.sector
        self._first_sector = region.first
        self._order = order
        self._may_erase = may_erase
        self._ahead = -1  # sector that is written next and known to be blank

    def mount(self):
        """-> the sector written last, or None if all are blank. Reads one slot of most sectors."""
        self._ahead = -1
        for sector in range(self.sectors):
            self.first[sector] = self._first_of(sector)
        newest = 0
        for sector in range(self.sectors):
            if self.first[sector] > self.first[newest]:
                newest = sector
        if not self.first[newest]:
            self.next = 0
            return None
        for _ in range(self.sectors - 1):  # sectors that begin with one number: the last of them
            if self.first[(newest + 1) % self.sectors] == self.first[newest]:
                newest = (newest + 1) % self.sectors
        self._pass_over(newest)
        end = SLOTS
        while end and is_blank(self.read(newest * SLOTS + end - 1)):
            end -= 1
        self.next = (newest * SLOTS + end) % (self.sectors * SLOTS)
        if end:
            self._void_torn(newest * SLOTS + end - 1)
        return newest

    def read(self, slot):
        """-> 64 bytes."""
        return self._flash.read(self._base + slot * SLOT, SLOT)

    def write(self, raw):
        """-> the slot that has `raw` now; None if the flash takes it nowhere it may go."""
        for _ in range(2 * _PROBED):
            if not self.reserve(1):
                return None
            if self.at_boundary():
                self.next = self._ahead * SLOTS
                self._ahead = -1
            slot = self.next
            sector = slot // SLOTS
            self.next = (slot + 1) % (self.sectors * SLOTS)
            if nor.program(self._flash, self._base + slot * SLOT, raw):
                if not self.first[sector]:
                    self.first[sector] = self._order(raw)
                return slot
            if self._flash.reprogram:  # or what is there might count after all
                self._flash.program(self._base + slot * SLOT, bytes(SLOT))
            if not self.first[sector] and slot % SLOTS == _PROBED - 1:
                self.next = (sector + 1) % self.sectors * SLOTS
        return None

    def touch(self, slot, offset, value):
        """Program one byte of a slot again; needs `flash.reprogram`."""
        unit = self._flash.unit
        start = offset // unit * unit
        block = b"\xff" * (offset - start) + bytes((value,)) + b"\xff" * (unit - 1 - offset + start)
        self._flash.program(self._base + slot * SLOT + start, block)

    def at_boundary(self):
        """True if the next write enters a sector."""
        return self.next % SLOTS == 0

    @property
    def left(self):
        """Slots of the sector that is being written."""
        return -self.next % SLOTS

    def has_room(self, slots):
        """True if so many can be written, unless the flash fails."""
        if self.left >= slots or self._ahead >= 0:
            return True
        return self._may_erase((self.next + self.left) // SLOTS % self.sectors)

    def reserve(self, slots):
        """The same, for certain: the sector that is written next is erased now, if it takes one."""
        if self.left >= slots or self._ahead >= 0:
            return True
        sector = (self.next + self.left) // SLOTS
        for step in range(self.sectors - 1):
            ahead = (sector + step) % self.sectors
            if not self._may_erase(ahead) or 0 < self.first[ahead] == max(self.first):
                return False  # what was written last must stay, or a mount finds nothing
            self.first[ahead] = 0
            if nor.erase(self._flash, self._first_sector + ahead):
                self._ahead = ahead
                return True
        return False

    def backwards(self, newest):
        """Yield the sectors that count, from `newest` on to the oldest."""
        below = max(self.first) + 1
        for back in range(self.sectors):
            sector = (newest - back) % self.sectors
            if 0 < self.first[sector] <= below:
                below = self.first[sector]
                yield sector

    def _first_of(self, sector):
        """Order number of the first slot that counts, 0 if none does."""
        start = sector * SLOTS
        if is_blank(self._flash.read(self._base + start * SLOT, _PROBED * SLOT)):
            return 0  # the same as below, in one read: most sectors of a young journal
        for slot in range(start, start + SLOTS):
            raw = self.read(slot)
            order = self._order(raw)
            if order:
                return order
            if slot - start >= _PROBED - 1 and is_blank(raw):
                return 0
        return 0

    def _void_torn(self, slot):
        """The slot written last, if nothing counts in it: by a weak bit it might another time."""
        raw = self.read(slot)
        if self._flash.reprogram and raw != bytes(SLOT) and not self._order(raw):
            self._flash.program(self._base + slot * SLOT, bytes(SLOT))

    def _pass_over(self, newest):
        """What stands in a sector that took no erase is older than all around it: not ours."""
        highest = 0
        for step in range(1, self.sectors + 1):
            sector = (newest + step) % self.sectors
            if self.first[sector] < highest:
                self.first[sector] = 0
            else:
                highest = self.first[sector]
