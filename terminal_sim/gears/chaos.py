"""A long run of gear 1: a campus after the other, each with a weather of its own, on all cores.

The digest is over the campuses' digests in order, so it does not depend on how many ran at once.
What goes wrong in one is told as plain data, with the seed and the taps that repeat it alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from terminal_sim import scenario
from terminal_sim.gears.inprocess import Campus
from terminal_sim.oracle import Violation

_MOST = ("longest_offline_s",)  # of a run: the most of a campus; all other numbers add up
_DIGESTS = ("digest", "terminals_digest", "ledger_digest")
_OF_NOTHING = hashlib.sha256().hexdigest()
_APART = ("seed", "weather", "invariants_ok", "taps_per_s", *_DIGESTS)


def weathers(seed: int, taps: int) -> list[dict[str, Any]]:
    """What a run will have to live with: a row for each campus, its seed and taps first."""
    return [
        {"seed": part, "taps": count} | vars(scenario.draw(part, 0).weather)
        for part, count in scenario.parts(seed, taps)
    ]


def run(
    seed: int, taps: int, progress: Callable[[int], object], jobs: int | None = None
) -> dict[str, Any]:
    """Figures of the whole run. With `violation` in them it ended there: see `play`."""
    parts = scenario.parts(seed, taps)
    total: dict[str, Any] = {"seed": seed, "weather": weathers(seed, taps), "invariants_ok": True}
    digests = {name: hashlib.sha256() for name in _DIGESTS}
    pool = ProcessPoolExecutor(min(jobs or os.cpu_count() or 1, len(parts)))
    try:
        for figures in pool.map(_play, parts):
            for name, value in figures.items():
                if name in _MOST:
                    total[name] = max(total.get(name, 0), value)
                elif name not in _APART:
                    total[name] = total.get(name, 0) + value if name != "violation" else value
            total["invariants_ok"] &= figures["invariants_ok"]
            for name in _DIGESTS:
                if name in figures:
                    digests[name].update(bytes.fromhex(figures[name]))
            progress(total.get("taps", 0))
            if not figures["invariants_ok"]:
                break
    finally:
        pool.shutdown(cancel_futures=True)
    made = {name: digest.hexdigest() for name, digest in digests.items()}
    if len(parts) == 1 and total["invariants_ok"]:
        made = {name: figures[name] for name in _DIGESTS}
    return total | {name: digest for name, digest in made.items() if digest != _OF_NOTHING}


def _play(part: tuple[int, int]) -> dict[str, Any]:
    return play(*part)


def play(seed: int, taps: int) -> dict[str, Any]:
    """One campus. -> its figures, or what went wrong in it: invariants_ok False and `violation`,
    {seed, taps, what}."""
    try:
        return Campus(seed).run(taps)
    except Violation as found:
        what = str(found)
    except Exception as error:  # the code under test fell over
        what = f"{type(error).__name__}: {error}"
    return {"invariants_ok": False, "violation": {"seed": seed, "taps": taps, "what": what}}
