"""Session epochs: numbers that only grow, over reboots too, for almost no wear of the flash.

A block of 1,024 is reserved in flash before the first of it is used; a boot never goes on with the
block of the boot before, for it cannot know how far that had come. So there is at most one program
for 1,024 sessions or for a boot that had one. Boots are counted in the same slot, for the report.
Limit: 2**32 epochs.
"""

import struct

from firmware.core.latest import Latest

BLOCK = 1024
_FORMAT = ">IH"


class Epochs:
    """Of one terminal, in the two sectors of `region`."""

    def __init__(self, flash, region):
        self.boots = 0  # boots that opened a session, this one included; wraps at 65,536
        self._latest = Latest(flash, region, struct.calcsize(_FORMAT))
        self._next = 1
        self._reserved_to = 1  # first epoch that is not ours to use

    def mount(self):
        """Find the reserved end again."""
        self._latest.mount()
        if self._latest.value is not None:
            self._reserved_to, self.boots = struct.unpack(_FORMAT, self._latest.value)
        self._next = self._reserved_to
        self.boots = (self.boots + 1) & 0xFFFF

    def next(self):
        """-> the next epoch."""
        if self._next >= self._reserved_to:
            end = self._next + BLOCK
            self._latest.put(struct.pack(_FORMAT, end, self.boots))
            self._reserved_to = end
        self._next += 1
        return self._next - 1
