"""NOR flash as a terminal has it, in memory: bits only fall until a sector is erased.

Power may be cut at the n-th operation from now, in the middle of it: a program or an erase is then
done in part (SHAPES) and PowerCut is raised, which no `except Exception` can swallow. What a run
did is in `programs`, `programmed_bytes`, `erases`, `wear` (sector -> erases), and, if asked for, in
`trace`. `copy` is a fork of the state, `digest` names it, `on_operation` hears of each operation
before it begins: so one run can be cut everywhere.

Sectors that are blank take no memory. It is no timing model; chips that fail are flash_faults.
Shared dialect, so that the dialect's tests can use it. Idea of the cut by exception: littlefs's
emubd; of refusing misuse: MCUboot's simflash.
"""

import hashlib

from terminal_sim.prng import Prng

BLANK = 0xFF

# how much of the operation that is cut was done: a program, an erase
NOTHING = 0
ONE = 1  # its first byte; a quarter
HALF = 2
ALL_BUT_ONE = 3  # all but the last byte; three quarters
ALL = 4
BITS = 5  # some bits of one unit, all units before it; some bits of the sector have risen
SPRAY = 6  # some bits anywhere, as a page is programmed at once; the sector is noise
SHAPES = (NOTHING, ONE, HALF, ALL_BUT_ONE, ALL, BITS, SPRAY)


class PowerCut(BaseException):
    """The terminal has no power any more: whatever was in RAM is gone."""


class Misuse(Exception):
    """The firmware did what real flash would not do, or not reliably."""


class Flash:
    """`size` bytes. `unit`: program size and alignment. `reprogram`: may it be done twice."""

    def __init__(self, size, unit=1, reprogram=True, sector=4096):
        self.size = size
        self.sector = sector
        self.unit = unit
        self.reprogram = reprogram
        self.programs = 0
        self.programmed_bytes = 0
        self.erases = 0
        self.wear = {}
        self.trace = None  # set it to a list to have (name, position, length) of each operation
        self.on_operation = None  # or a callable (name, position, data) before each; erase: None
        self._written = {}  # sector -> bytearray, for those that are not blank
        self._shared = set()  # sectors whose bytearray a copy has too
        self._names = {}  # sector -> digest of what it holds
        self._left = 0
        self._shape = ALL
        self._noise = 0

    def cut_after(self, operations, shape=NOTHING, noise=0):
        """Cut the power in the n-th program or erase from now (1: the next); 0: never.

        `noise`: an int that draws the bits of BITS and SPRAY.
        """
        self._left = operations
        self._shape = shape
        self._noise = noise

    def copy(self):
        """-> the same state, with counters at 0 and no cut armed; sectors are copied on write."""
        made = type(self)(self.size, self.unit, self.reprogram, self.sector)
        made._written = dict(self._written)
        made._names = dict(self._names)
        made.wear = dict(self.wear)
        self._shared = set(self._written)
        made._shared = set(self._written)
        return made

    def digest(self):
        """-> 16 bytes that name what the flash holds."""
        whole = hashlib.sha256()
        for sector in sorted(self._written):
            if sector not in self._names:
                self._names[sector] = hashlib.sha256(self._written[sector]).digest()
            whole.update(b"%d " % sector)
            whole.update(self._names[sector])
        return whole.digest()[:16]

    def read(self, at, length):
        """-> `length` bytes."""
        end = at + length
        if not 0 <= at <= end <= self.size:
            raise Misuse(f"read of {length} bytes at {at}")
        sector = at // self.sector
        start = sector * self.sector
        if end - start > self.sector:
            here = start + self.sector - at
            return self.read(at, here) + self.read(at + here, length - here)
        there = self._written.get(sector)
        return b"\xff" * length if there is None else bytes(there[at - start : end - start])

    def program(self, at, data):
        """Clear bits. Misuse if it is not aligned, wants a bit set, or does a unit twice."""
        length = len(data)
        sector = at // self.sector
        if at % self.unit or length % self.unit or not 0 <= at < at + length <= self.size:
            raise Misuse(f"program of {length} bytes at {at}")
        if at - sector * self.sector + length > self.sector:
            raise Misuse(f"program of {length} bytes over the end of sector {sector}")
        before = self.read(at, length)
        self._check(at, before, data)
        after = both(before, data)
        self.programs += 1
        self.programmed_bytes += length
        cut = self._begin("program", at, length, data)
        if cut:
            after = self._cut_program(before, after)
        self._put(at, after)
        if cut:
            raise PowerCut

    def erase(self, sector):
        """Set all bits of a sector."""
        at = sector * self.sector
        if not 0 <= at < self.size:
            raise Misuse(f"erase of sector {sector}")
        self.erases += 1
        self.wear[sector] = self.wear.get(sector, 0) + 1
        cut = self._begin("erase", at, self.sector, None)
        if not cut or self._shape == ALL:
            self._blank(sector)
        elif self._shape == SPRAY:
            self._put(at, Prng(self._noise).bytes(self.sector))
        elif self._shape == BITS:
            noise = Prng(self._noise).bytes(self.sector)
            self._put(at, either(self.read(at, self.sector), noise))
        elif self._shape != NOTHING:
            self._put(at, b"\xff" * (self.sector * self._shape // 4))
        if cut:
            raise PowerCut

    def _cut_program(self, before, after):
        """What is there when the power fails in it."""
        shape, length = self._shape, len(after)
        if shape < BITS:
            done = (0, 1, length // 2, length - 1, length)[shape]
            return after[:done] + before[done:]
        draw = Prng(self._noise)
        start, end = 0, length
        if shape == BITS:
            start = draw.below(length // self.unit) * self.unit
            end = start + self.unit
        some = both(before[start:end], either(after[start:end], draw.bytes(end - start)))
        return after[:start] + some + before[end:]

    def _put(self, at, data):
        """Let the bytes be these, in one sector."""
        sector = at // self.sector
        offset = at - sector * self.sector
        if sector not in self._written:
            self._written[sector] = bytearray(b"\xff" * self.sector)
        elif sector in self._shared:
            self._written[sector] = bytearray(self._written[sector])
        self._shared.discard(sector)
        self._names.pop(sector, None)
        self._written[sector][offset : offset + len(data)] = data

    def _blank(self, sector):
        self._written.pop(sector, None)
        self._names.pop(sector, None)
        self._shared.discard(sector)

    def _check(self, at, before, data):
        if before == b"\xff" * len(before):
            return
        if not self.reprogram:
            for start in range(0, len(before), self.unit):
                if before[start : start + self.unit] != b"\xff" * self.unit:
                    raise Misuse(f"the unit at {at + start} is programmed already")
        for offset in range(len(before)):
            if data[offset] != BLANK and before[offset] & data[offset] != data[offset]:
                raise Misuse(f"byte {at + offset} cannot become {data[offset]:02x}")

    def _begin(self, name, at, length, data):
        """-> True if the power is cut in this operation."""
        if self.trace is not None:
            self.trace.append((name, at, length))
        if self.on_operation is not None:
            self.on_operation(name, at, data)
        if self._left:
            self._left -= 1
            return self._left == 0
        return False


def both(one, other):
    """-> the bits that both have."""
    bits = int.from_bytes(one, "big") & int.from_bytes(other, "big")
    return bits.to_bytes(len(one), "big")


def either(one, other):
    """-> the bits that either has."""
    bits = int.from_bytes(one, "big") | int.from_bytes(other, "big")
    return bits.to_bytes(len(one), "big")
