"""A ring of 64-byte slots in raw NOR flash, written one after the other, erased sector by sector.

It knows where the next slot is and in which order the sectors were written, nothing of what the
slots mean: an `order` callable tells the order number of a slot (0: none), which never falls from
slot to slot. Rules:
 1. Slots are written in turn, a sector is entered at its first slot and erased just before, or
    earlier by `prepare`. So a sector whose first slot is blank holds nothing that counts.
 2. Whoever erases asks first whether it may (`erase` belongs to the journal's rule I5).
 3. After a cut the first blank slot after all that is not blank is next: a torn slot is lost, and
    nothing else.
Limits: 64 slots a sector; the order table is one number for each sector.
"""

SLOT = 64
SLOTS = 64  # in a sector


class Ring:
    """The slots of `region`; `order(raw)` -> int, above 0 for slots that count."""

    def __init__(self, flash, region, order):
        self.sectors = region.sectors
        self.next = 0  # slot that is written next
        self.first = [0] * region.sectors  # order number of the first slot that counts
        self._flash = flash
        self._base = region.first * flash.sector
        self._first_sector = region.first
        self._order = order
        self._erased = -1  # sector that is known to be blank

    def mount(self):
        """-> the sector written last, or None if all are blank. Reads one slot of most sectors."""
        self._erased = -1
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
        end = SLOTS
        while end and is_blank(self.read(newest * SLOTS + end - 1)):
            end -= 1
        self.next = (newest * SLOTS + end) % (self.sectors * SLOTS)
        return newest

    def read(self, slot):
        """-> 64 bytes."""
        return self._flash.read(self._base + slot * SLOT, SLOT)

    def is_erased(self, sector):
        """True if all of a sector is blank; read slot by slot, for 4 KiB may not be had at once."""
        start = sector * SLOTS
        return all(is_blank(self.read(slot)) for slot in range(start, start + SLOTS))

    def write(self, raw):
        """-> the slot that has `raw` now. At a sector's begin whoever calls has asked to erase."""
        slot = self.next
        sector, offset = divmod(slot, SLOTS)
        if offset == 0:
            self.prepare()
            self._erased = -1
        self.next = (slot + 1) % (self.sectors * SLOTS)
        self._flash.program(self._base + slot * SLOT, raw)
        if not self.first[sector]:
            self.first[sector] = self._order(raw)
        return slot

    def touch(self, slot, offset, value):
        """Program one byte of a slot again; needs `flash.reprogram`."""
        unit = self._flash.unit
        start = offset // unit * unit
        block = b"\xff" * (offset - start) + bytes((value,)) + b"\xff" * (unit - 1 - offset + start)
        self._flash.program(self._base + slot * SLOT + start, block)

    def at_boundary(self):
        """True if the next write enters a sector."""
        return self.next % SLOTS == 0

    def prepare(self):
        """Erase the sector that the next write enters, unless it is blank."""
        sector = self.next // SLOTS
        if sector == self._erased:
            return
        self.first[sector] = 0
        if not self.is_erased(sector):
            self._flash.erase(self._first_sector + sector)
        self._erased = sector

    def backwards(self, newest):
        """Yield the sectors that count, from `newest` on to the oldest."""
        below = self.first[newest] + 1
        for back in range(self.sectors):
            sector = (newest - back) % self.sectors
            if 0 < self.first[sector] <= below:
                below = self.first[sector]
                yield sector

    def _first_of(self, sector):
        """Order number of the first slot that counts, 0 if none does."""
        start = sector * SLOTS
        if is_blank(self.read(start)):
            return 0
        for slot in range(start, start + SLOTS):
            order = self._order(self.read(slot))
            if order:
                return order
        return 0


def is_blank(raw):
    """True for erased flash."""
    return raw == b"\xff" * len(raw)
