"""NOR flash as a terminal has it, in memory: bits only fall until a sector is erased.

Power may be cut at the n-th operation from now, in the middle of it: a program or an erase is then
done in part (SHAPES) and PowerCut is raised, which no `except Exception` can swallow. What a run
did is in `programs`, `programmed_bytes`, `erases`, and, if asked for, in `trace`.

Sectors that are blank take no memory. It is no timing model and it knows no bad blocks. Shared
dialect, so that the dialect's tests can use it. Idea of the cut by exception: littlefs's emubd; of
refusing misuse: MCUboot's simflash.
"""

BLANK = 0xFF

# how much of the operation that is cut was done
NOTHING = 0
ONE = 1  # its first byte
HALF = 2
ALL_BUT_ONE = 3
ALL = 4
SHAPES = (NOTHING, ONE, HALF, ALL_BUT_ONE, ALL)


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
        self._written = {}  # sector -> bytearray, for those that are not blank
        self.programs = 0
        self.programmed_bytes = 0
        self.erases = 0
        self.trace = None  # set it to a list to have (name, position, length) of each operation
        self._left = 0
        self._shape = ALL

    def cut_after(self, operations, shape=NOTHING):
        """Cut the power in the n-th program or erase from now (1: the next); 0: never."""
        self._left = operations
        self._shape = shape

    def read(self, at, length):
        """-> `length` bytes."""
        if not 0 <= at <= at + length <= self.size:
            raise Misuse(f"read of {length} bytes at {at}")
        sector = at // self.sector
        offset = at - sector * self.sector
        if offset + length > self.sector:
            here = self.sector - offset
            return self.read(at, here) + self.read(at + here, length - here)
        there = self._written.get(sector)
        return b"\xff" * length if there is None else bytes(there[offset : offset + length])

    def program(self, at, data):
        """Clear bits. Misuse if it is not aligned, wants a bit set, or does a unit twice."""
        length = len(data)
        sector = at // self.sector
        offset = at - sector * self.sector
        if at % self.unit or length % self.unit or not 0 <= at < at + length <= self.size:
            raise Misuse(f"program of {length} bytes at {at}")
        if offset + length > self.sector:
            raise Misuse(f"program of {length} bytes over the end of sector {sector}")
        before = self.read(at, length)
        self._check(at, before, data)
        after = int.from_bytes(before, "big") & int.from_bytes(data, "big")
        after = after.to_bytes(length, "big")
        self.programs += 1
        self.programmed_bytes += length
        done = self._begin("program", at, length)
        if sector not in self._written:
            self._written[sector] = bytearray(b"\xff" * self.sector)
        self._written[sector][offset : offset + done] = after[:done]
        self._end(done, length)

    def erase(self, sector):
        """Set all bits of a sector."""
        at = sector * self.sector
        if not 0 <= at < self.size:
            raise Misuse(f"erase of sector {sector}")
        self.erases += 1
        done = self._begin("erase", at, self.sector)
        if done == self.sector:
            self._written.pop(sector, None)
        elif sector in self._written:
            self._written[sector][:done] = b"\xff" * done
        self._end(done, self.sector)

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

    def _begin(self, name, at, length):
        """-> how many bytes of the operation come to pass."""
        if self.trace is not None:
            self.trace.append((name, at, length))
        if self._left != 1:
            return length
        return (0, 1, length // 2, length - 1, length)[self._shape]

    def _end(self, done, length):
        if self._left:
            self._left -= 1
            if self._left == 0:
                raise PowerCut
