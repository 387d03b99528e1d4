"""Flash that fails: what a chip may do beside losing its power.

All of it on top of `flash.Flash`, switched on by what stands in `faults`, so that a flash without
any is as before:
 - `stick`: a bit that reads 0 or 1 for ever, whatever is programmed or erased.
 - `ignore`: the n-th operation from now does nothing and nobody is told.
 - `limit`: after so many erases a sector is worn: its erases do nothing, silently.
 - `bad`: sectors that take neither program nor erase, silently.
 - `shaky`: a cut program may leave a unit UNSTABLE: its bits that were to fall read otherwise each
   time, until the unit is programmed or its sector erased.
It is no model of read disturb or of bits that leak over years; `rot` flips a bit by hand.
"""

from terminal_sim.flash import Flash, both, either
from terminal_sim.prng import Prng


class FaultyFlash(Flash):
    """See above; every fault is off at first."""

    def __init__(self, size, unit=1, reprogram=True, sector=4096):
        super().__init__(size, unit, reprogram, sector)
        self.limit = None
        self.bad = set()
        self.shaky = False
        self.ignored = 0  # operations that did nothing
        self._stuck = {}  # position -> (mask of bits that are 0, mask of bits that are 1)
        self._ignore_in = 0
        self._unstable = {}  # position of a unit -> (bytes before, bytes meant)
        self._cut_unit = None  # the same of the unit in which power is just being cut
        self._silent = False  # the operation under way does nothing
        self._at = 0
        self._draw = Prng(1)

    def stick(self, at, bit, value):
        """Bit `bit` of the byte at `at` reads `value` from now on."""
        low, high = self._stuck.get(at, (0, 0))
        if value:
            self._stuck[at] = (low & ~(1 << bit), high | 1 << bit)
        else:
            self._stuck[at] = (low | 1 << bit, high & ~(1 << bit))

    def ignore(self, operations):
        """The n-th operation from now (1: the next) does nothing; 0: none."""
        self._ignore_in = operations

    def rot(self, at, bit):
        """Flip one bit that was right."""
        byte = super().read(at, 1)[0]
        super()._put(at, bytes((byte ^ 1 << bit,)))

    def copy(self):
        """-> the same state with the same faults."""
        made = super().copy()
        made.limit, made.bad, made.shaky = self.limit, set(self.bad), self.shaky
        made._stuck = dict(self._stuck)
        made._unstable = dict(self._unstable)
        return made

    def read(self, at, length):
        """-> `length` bytes, as far as the chip can tell."""
        data = super().read(at, length)
        if not self._stuck and not self._unstable:
            return data
        data = bytearray(data)
        for start in sorted(self._unstable):
            before, meant = self._unstable[start]
            now = both(before, either(meant, self._draw.bytes(len(meant))))
            for offset in range(len(now)):
                if 0 <= start + offset - at < length:
                    data[start + offset - at] = now[offset]
        for position in self._stuck:
            if at <= position < at + length:
                low, high = self._stuck[position]
                data[position - at] = data[position - at] & ~low & 0xFF | high
        return bytes(data)

    def program(self, at, data):
        """As of a good flash, unless a fault is due."""
        self._silent = self._is_ignored() or at // self.sector in self.bad
        self._at = at
        super().program(at, data)

    def erase(self, sector):
        """As of a good flash, unless a fault is due."""
        worn = self.limit is not None and self.wear.get(sector, 0) >= self.limit
        self._silent = self._is_ignored() or worn or sector in self.bad
        super().erase(sector)

    def _is_ignored(self):
        if self._ignore_in:
            self._ignore_in -= 1
            return self._ignore_in == 0
        return False

    def _check(self, at, before, data):
        """A stuck bit is the chip's fault; an unstable unit may be programmed once more."""
        if not self._stuck and not self._unstable:
            super()._check(at, before, data)

    def _cut_program(self, before, after):
        done = super()._cut_program(before, after)
        if self.shaky and not self._silent and done != after:
            for start in range(0, len(after), self.unit):
                if done[start : start + self.unit] != after[start : start + self.unit]:
                    unit = before[start : start + self.unit], after[start : start + self.unit]
                    self._cut_unit = (self._at + start, unit)
                    break
        return done

    def _put(self, at, data):
        if self._silent:
            self.ignored += 1
            return
        self._settle(at, len(data))
        super()._put(at, data)
        if self._cut_unit:
            start, unit = self._cut_unit
            self._unstable[start] = unit
            self._cut_unit = None

    def _blank(self, sector):
        if self._silent:
            self.ignored += 1
            return
        self._settle(sector * self.sector, self.sector)
        super()._blank(sector)

    def _settle(self, at, length):
        """What is written anew is unstable no more."""
        for start in [start for start in self._unstable if at <= start < at + length]:
            del self._unstable[start]
