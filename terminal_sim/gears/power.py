"""Power is cut at every flash operation, in every shape, and again at every one of what follows.

A scenario is played once to its end. Before each flash operation the station is forked, and in the
fork the power fails in that operation, as each shape of flash.SHAPES has it. Each state that is new
(flash, cards, server) boots, goes on with what was left of the scenario, syncs, takes one more
payment, syncs, and must be without a fault (I3 to I6, by the oracle); in all of that power may fail
once more. A cut point is where and how the power failed, once or twice; equal states are run once
and counted once.

    python -m terminal_sim.gears.power CODE     plays one cut point again, as a failure printed it
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from terminal_sim.flash import SHAPES, Flash, PowerCut
from terminal_sim.gears import cut_scenarios
from terminal_sim.gears.cut_scenarios import Scenario
from terminal_sim.gears.station import GOOD, Station
from terminal_sim.oracle import PAID, PASSED, Violation

_MOST_VIOLATIONS = 20


class Cut(NamedTuple):
    """In the n-th flash operation after a boot, in this shape of flash.SHAPES."""

    operation: int
    shape: int


class Failed(Exception):
    """A cut point after which something is wrong; `code` plays it again."""

    def __init__(self, code: str, what: str):
        super().__init__(f"{what}\n    python -m terminal_sim.gears.power {code}")
        self.code = code


def campaign(
    seed: int,
    *,
    every: int = 1,
    names: tuple[str, ...] = (),
    kinds: tuple[str, ...] = tuple(cut_scenarios.KINDS),
    most: int | None = None,
    progress: Callable[[dict], None] = lambda figures: None,
) -> dict[str, Any]:
    """Cut every scenario everywhere. -> figures; `violations`: a list of codes and what is wrong.

    every: of the states after a first cut, each n-th is cut again. names: of scenarios, default
    all. kinds: of flash. most: stop after so many distinct cut points. progress: told the figures
    after each start.
    The seed draws the bits that are undefined, and which states are cut again.
    """
    figures: dict[str, Any] = {
        "seed": seed, "starts": 0, "cut_points": 0, "distinct": 0, "depth1": 0, "depth2": 0,
        "violations": [],
    }  # fmt: skip
    for code, scenario, start in _starts(names, kinds):
        cutter = _Cutter(seed, every, code, scenario, figures)
        try:
            cutter.cut(start, (), True)
        except Failed as failed:  # the scenario itself: there is nothing to cut
            figures["violations"].append(str(failed))
        figures["starts"] += 1
        progress(figures)
        stop = most is not None and figures["distinct"] >= most
        if stop or len(figures["violations"]) > _MOST_VIOLATIONS:
            break
    return figures


def replay(code: str) -> None:
    """Play one cut point again. Violation or another exception if it is still wrong."""
    name, kind, fill, seed, *cuts = code.split(":")
    scenario = cut_scenarios.BY_NAME[name]
    station = cut_scenarios.start(scenario, kind, fill)
    path: tuple[Cut, ...] = ()
    for text in cuts:
        cut = Cut(*(int(part) for part in text.split(".")))
        path += (cut,)
        station.boot()
        station.node.flash.cut_after(cut.operation, cut.shape, _noise(int(seed), path))
        try:
            play(station, scenario)
        except PowerCut:
            flash = station.node.flash
            flash.cut_after(0)
            station = station.fork(flash)
            continue
        raise ValueError(f"power was not cut at {text}: the scenario has fewer operations")
    station.boot()
    play(station, scenario)


def play(station: Station, scenario: Scenario) -> None:
    """From a boot to the end, whatever was done before it."""
    done = station.done
    if "act" not in done:
        scenario.act(station)
        done.add("act")
    if "served" not in done:
        station.open()
        station.serve()
        station.next_sale(GOOD)
        done.add("served")
    if "paid" not in done:
        said = station.sell(GOOD, 1, retaps=2)
        if said not in (PAID, PASSED, "cut"):
            raise Violation("I2", f"all is well, and the card hears {said}")
        done.add("paid")
    station.open()
    station.serve()
    station.check()


def _starts(
    names: tuple[str, ...], kinds: tuple[str, ...]
) -> Iterator[tuple[str, Scenario, Station]]:
    for scenario in cut_scenarios.ALL:
        if names and scenario.name not in names:
            continue
        for kind in kinds:
            for fill in scenario.fills:
                code = f"{scenario.name}:{kind}:{fill}"
                yield code, scenario, cut_scenarios.start(scenario, kind, fill)


class _Cutter:
    """Cuts one start everywhere, and remembers which states it has seen."""

    def __init__(self, seed: int, every: int, code: str, scenario: Scenario, figures: dict):
        self._seed = seed
        self._every = every
        self._code = f"{code}:{seed}"
        self._scenario = scenario
        self._figures = figures
        self._seen: set[bytes] = set()

    def cut(self, start: Station, path: tuple[Cut, ...], again: bool) -> None:
        """Play from `start`; then, if `again`, from each new state that a cut in it leaves."""
        found = self._play(start, path, again)
        for cut, station in found:
            here = (*path, cut)
            deeper = not path and len(here) < 2 and self._chosen(here)
            try:
                self.cut(station, here, deeper)
            except Failed as failed:
                self._figures["violations"].append(str(failed))

    def _chosen(self, path: tuple[Cut, ...]) -> bool:
        return zlib.crc32(repr((self._seed, self._code, path)).encode()) % self._every == 0

    def _play(self, start: Station, path, again: bool) -> list[tuple[Cut, Station]]:
        station = start.fork(start.node.flash.copy()) if again else start
        flash = station.node.flash
        found: list[tuple[Cut, Station]] = []
        count = 0

        def before(name: str, at: int, data: bytes | None) -> None:
            nonlocal count
            count += 1
            for shape in SHAPES:
                fork = flash.copy()
                cut = Cut(count, shape)
                fork.cut_after(1, shape, _noise(self._seed, (*path, cut)))
                _do(fork, at, data)
                state = station.name(fork)
                self._figures["cut_points"] += 1
                if state not in self._seen:
                    self._seen.add(state)
                    self._figures["distinct"] += 1
                    self._figures[f"depth{len(path) + 1}"] += 1
                    found.append((cut, station.fork(fork)))

        if again:
            flash.on_operation = before
        try:
            station.boot()
            play(station, self._scenario)
        except Exception as fault:  # whatever it is, it is a state that a cut must not lead to
            code = ":".join([self._code, *(f"{cut.operation}.{cut.shape}" for cut in path)])
            raise Failed(code, f"{type(fault).__name__}: {fault}") from fault
        finally:
            flash.on_operation = None
        return found


def _do(flash: Flash, at: int, data: bytes | None) -> None:
    """The operation in which power fails."""
    try:
        if data is None:
            flash.erase(at // flash.sector)
        else:
            flash.program(at, data)
    except PowerCut:
        flash.cut_after(0)
        return
    raise AssertionError("power was not cut")


def _noise(seed: int, path: tuple[Cut, ...]) -> int:
    noise = seed
    for cut in path:
        noise = (noise * 1_000_003 + cut.operation * 31 + cut.shape) & 0x7FFFFFFF
    return noise


if __name__ == "__main__":
    replay(sys.argv[1])
    print("no fault")
