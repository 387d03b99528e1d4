"""Power is cut in every flash operation of a story at a valve, in every shape, and then again.

The story: one card draws water to its end and is settled, one is pulled, one is torn in the write
of its reserve, and comes back; the journal enters a sector in it. It is played once to count its
operations; then once for each of them and each shape of flash.SHAPES, with the power cut there;
what follows a cut (boot, closes, everybody comes once more) is cut again in each n-th operation.
After each the oracle of `waterworks` must find nothing.

    python -m terminal_sim.gears.water_cuts EVERY     second cuts in each EVERY-th operation
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable

from protocol import reasons
from terminal_sim.flash import SHAPES, PowerCut
from terminal_sim.gears.waterworks import Life
from terminal_sim.oracle import Violation

SEED = 77
FILLS = (0, 52)  # records before: in the middle of a sector, and before its end
UNITS_US = 300_000


class Story(Life):
    """One telling. `operations`: of the flash, since the story began."""

    calm_us = 100_000

    def __init__(self, figures: Counter[str], reprogram: bool, fill: int):
        super().__init__(SEED, figures, reprogram)
        self._kind.usage.faults += [(reasons.LEAK, n + 1) for n in range(fill)]
        self._wait(40_000)
        self._sync()
        self.operations = 0
        self._flash.on_operation = self._count

    def tell(self, cuts: list[tuple[int, int, int]]) -> None:
        """With the power cut (operation, shape, noise) in the story, and in what follows each."""
        if cuts:
            self._flash.cut_after(*cuts[0])
            self._cuts = cuts[1:]
        parts: list[Callable[[], None]] = [self._story, self._finish]
        while parts:  # ends when the last part was played, for the cuts come to an end
            try:
                parts[0]()
                parts.pop(0)
            except PowerCut:
                parts = [self._power_is_cut, self._finish]

    def _story(self) -> None:
        self._present(1)
        self._stay(UNITS_US)
        self._do(self._terminal.key("*", self._now()))
        self._stay(5_000_000)
        self._settle(1)
        self._present(2)
        self._stay(UNITS_US)
        self._pulled()
        self._cards[3].tear_after(5, "all")
        self._present(3)
        self._cards[3].leave_after(None)
        self._wait(40_000)
        self._present(3)
        self._stay(UNITS_US)
        self._pulled()

    def _count(self, name: str, at: int, data: bytes | None) -> None:
        self.operations += 1


def campaign(every: int, fills: tuple[int, ...] = FILLS) -> Counter[str]:
    """-> figures. Violation, which names the cuts."""
    figures: Counter[str] = Counter()
    for reprogram in (True, False):
        for fill in fills:
            whole = _told(figures, reprogram, fill, [])
            for operation in range(1, whole + 1):
                for shape in SHAPES:
                    first = (operation, shape, operation * 31 + shape)
                    after = _told(figures, reprogram, fill, [first])
                    figures["cuts"] += 1
                    left = after - operation
                    for again in range(1 + operation % every, left, every):
                        second = (again, SHAPES[again % len(SHAPES)], again)
                        _told(figures, reprogram, fill, [first, second])
                        figures["cuts_twice"] += 1
    return figures


def _told(figures: Counter[str], reprogram: bool, fill: int, cuts: list) -> int:
    """-> operations of the whole."""
    story = Story(figures, reprogram, fill)
    try:
        story.tell(cuts)
    except (Violation, AssertionError, LookupError, TypeError, ValueError) as fault:
        raise Violation("water", f"{reprogram} {fill} {cuts}: {fault!r}") from fault
    return story.operations


if __name__ == "__main__":
    print(dict(campaign(int(sys.argv[1]))))
