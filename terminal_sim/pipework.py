"""A pipe with a valve and a meter, and what people do to them: physics in whole microseconds.

Water flows while the valve is open and the tap behind it is; the meter's line rises at each whole
unit and falls half a unit later. Besides that the line bounces, catches spikes, babbles; the valve
takes its time, or sticks; the meter stands still, or is turned round. The truth is `flowed` (in
millionths of a unit). What it is not: a terminal; it knows no money.
"""

from __future__ import annotations

from dataclasses import dataclass

from terminal_sim.prng import Prng

MICRO = 1_000_000
BABBLE_US = 50  # half a period of 10 kHz
_SPIKE_US = 1500


@dataclass
class Faults:
    """What is wrong with it. spikes_a_s: of the meter's line; bounces: at each edge."""

    stuck_open: bool = False
    stuck_shut: bool = False
    silent: bool = False
    backwards: bool = False
    babbles: bool = False
    spikes_a_s: int = 0
    bounces: int = 0


class Pipework:
    """units_a_s: what flows when all is open. `edges(until_us)` gives the line up to then."""

    def __init__(self, seed: int, units_a_s: int = 10, shuts_us: int = 40_000, begin_us: int = 0):
        self.faults = Faults()
        self.flowed = 0
        self.units_a_s = units_a_s
        self.tap_open = True
        self.stops_at: int | None = None  # somebody turns the tap off when so much has flowed
        self._draw = Prng(seed)
        self._shuts_us = shuts_us
        self._now_us = begin_us
        self._told_open = False
        self._shut_at_us = 0
        self._half = 1  # the next half unit at which the line changes
        self._level = 0

    @property
    def is_told_open(self) -> bool:
        """What the terminal wants of the valve."""
        return self._told_open

    @property
    def level(self) -> int:
        """The meter's line now."""
        return self._level

    def valve(self, on: bool) -> None:
        """The output has changed, now."""
        if self._told_open and not on:
            self._shut_at_us = self._now_us + self._shuts_us
        self._told_open = on

    def edges(self, until_us: int) -> list[tuple[int, int]]:
        """Let it flow until then. -> (level, microseconds) of the meter's line, in order."""
        made: list[tuple[int, int]] = []
        while self._now_us < until_us:  # ends at `until_us`
            end_us = until_us
            if not self._told_open and self._now_us < self._shut_at_us < until_us:
                end_us = self._shut_at_us
            self._flow(end_us, made)
        return made

    def _flows(self) -> bool:
        faults = self.faults
        is_open = self._told_open or self._now_us < self._shut_at_us
        return (is_open and not faults.stuck_shut or faults.stuck_open) and self.tap_open

    def _flow(self, end_us: int, made: list[tuple[int, int]]) -> None:
        begin_us, before = self._now_us, self.flowed
        if self._flows():
            self.flowed += self.units_a_s * (end_us - begin_us)
            if self.stops_at is not None and self.flowed >= self.stops_at:
                self.flowed, self.tap_open = max(before, self.stops_at), False
            while self._half * MICRO // 2 <= self.flowed:  # ends with what flowed
                at_us = begin_us + (self._half * MICRO // 2 - before) // self.units_a_s
                self._change(at_us, made)
                self._half += 1
        if self.faults.babbles:
            made += [(n & 1, at) for n, at in enumerate(range(begin_us, end_us, BABBLE_US))]
        elif self.faults.spikes_a_s and self._draw.chance(
            self.faults.spikes_a_s * (end_us - begin_us) // 1000, 1000
        ):
            self._spike(begin_us, end_us, made)
        self._now_us = end_us
        made.sort(key=lambda edge: edge[1])

    def _change(self, at_us: int, made: list[tuple[int, int]]) -> None:
        """The line changes, unless the meter stands still."""
        if self.faults.silent:
            return
        self._level = (3 if self.faults.backwards else 1) if self._half % 2 == 0 else 0
        for _ in range(self.faults.bounces):
            made += [(self._level, at_us), (self._level ^ 1, at_us + 200)]
            at_us += 400
        made.append((self._level, at_us))

    def _spike(self, begin_us: int, end_us: int, made: list[tuple[int, int]]) -> None:
        """A moment of the wrong level; not so near to an edge that a meter would lose that one."""
        room_us = end_us - begin_us - _SPIKE_US
        if made or room_us <= 0:
            return
        at_us = begin_us + self._draw.below(room_us)
        made += [(self._level ^ 1, at_us), (self._level, at_us + 300 + self._draw.below(_SPIKE_US))]
