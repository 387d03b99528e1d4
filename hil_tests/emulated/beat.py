"""A mend of the emulated state machines, which miss what is not a whole cycle of a sleep.

While bits are on their wires, the processor sleeps from one whole cycle to the next. Limit: an
alarm of somebody else still costs a part of a cycle.
"""

from __future__ import annotations

from rp2040py.rp2040 import RP2040

_BEAT_NS = 128  # whole cycles of the processor, few against one of the state machines
_AWAKE_NS = 1024  # an awake processor keeps them in step itself; is it still?
_KEPT_NS = 260_000  # 30 bits at 115,200 baud


class Beat:
    """One for all wires of a board: of two, each would cut the other's cycles short."""

    def __init__(self, chip: RP2040):
        self._clock, self._core = chip.clock, chip.core
        self._alarm = self._clock.create_alarm(self._next)
        self._end_ns = 0.0

    def keep(self) -> None:
        """Something is on a wire; call it again at least every 20 bits."""
        now_ns = self._clock.nanos
        if now_ns >= self._end_ns:
            self._alarm.schedule(_BEAT_NS)
        self._end_ns = now_ns + _KEPT_NS

    def _next(self) -> None:
        if self._clock.nanos < self._end_ns:
            self._alarm.schedule(_BEAT_NS if self._core.waiting else _AWAKE_NS)
