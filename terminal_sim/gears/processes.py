"""A long run of gear 2: a campus of real programs after the other, some at once: each of them waits
most of its time, for time-outs that are real.

Each campus has a seed and a weather of its own (scenario.parts), a server, and four terminals. The
digest is over ledger rows and card images, in order; what goes wrong in one campus is told with the
seed and the taps that repeat it alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from terminal_sim import scenario
from terminal_sim.gears import happenings
from terminal_sim.gears.town import Town
from terminal_sim.loop import run_loop
from terminal_sim.oracle import PAID, PASSED, Violation
from terminal_sim.weather import Weather

_FORKS = (67, 70)  # faults that a copied card may cause (docs/ingest.md)
_DIGESTS = ("digest", "ledger_digest")
_APART = ("seed", "weather", "invariants_ok", "violation", "longest_offline_s", *_DIGESTS)
PART_TAPS = 1000
_AT_ONCE = 4  # campuses on a core
_HEARD_S = 0.5  # for the last answer to reach the terminal that asked


def weathers(seed: int, taps: int) -> list[dict[str, Any]]:
    """What a run will have to live with: a row for each campus, its seed and taps first."""
    return [
        {"seed": part, "taps": count} | vars(scenario.draw(part, 0).weather)
        for part, count in _parts(seed, taps)
    ]


def run(
    seed: int, taps: int, progress: Callable[[int], object], jobs: int | None = None
) -> dict[str, Any]:
    """Figures of the whole run; with `violation` in them it ended there."""
    parts = list(_parts(seed, taps))
    total: dict[str, Any] = {"seed": seed, "weather": weathers(seed, taps), "invariants_ok": True}
    total["longest_offline_s"] = 0
    digests = {name: hashlib.sha256() for name in _DIGESTS}
    pool = ProcessPoolExecutor(min(jobs or _AT_ONCE * (os.cpu_count() or 1), len(parts)))
    try:
        for figures in pool.map(_play, parts):
            for name, value in figures.items():
                if name not in _APART:
                    total[name] = total.get(name, 0) + value
            longest_s = figures.get("longest_offline_s", 0)
            total["longest_offline_s"] = max(total["longest_offline_s"], longest_s)
            total["invariants_ok"] &= figures["invariants_ok"]
            for name in _DIGESTS:
                digests[name].update(bytes.fromhex(figures.get(name, "")))
            progress(total.get("taps", 0))
            if not figures["invariants_ok"]:
                total["violation"] = figures["violation"]
                break
    finally:
        pool.shutdown(cancel_futures=True)
    return total | {name: digest.hexdigest() for name, digest in digests.items()}


def _parts(seed: int, taps: int):
    """(seed, taps) of each campus: smaller ones than gear 1's, so that more weathers are met."""
    count = -(-taps // PART_TAPS)
    for part, _ in scenario.parts(seed, count * scenario.PART_TAPS):
        yield part, min(taps, PART_TAPS)
        taps -= PART_TAPS


def _play(part: tuple[int, int]) -> dict[str, Any]:
    return play(*part)


def play(seed: int, taps: int, weather: Weather | None = None) -> dict[str, Any]:
    """One campus. -> its figures, or what went wrong in it: invariants_ok False and `violation`,
    {seed, taps, what}."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            return run_loop(_played(seed, taps, Path(folder), weather))
    except Violation as found:
        what = str(found)
    except Exception as error:  # the code under test fell over
        what = f"{type(error).__name__}: {error}"
    return {"invariants_ok": False, "violation": {"seed": seed, "taps": taps, "what": what}}


async def _played(seed: int, taps: int, folder: Path, weather: Weather | None) -> dict[str, Any]:
    town = Town(seed, folder, weather)
    try:
        await town.open()
        for event in scenario.draw(seed, taps, town.weather).events:
            await happenings.play(town, event)
        await settle(town)
        made = figures(town)
        await asyncio.sleep(_HEARD_S)
    finally:
        reports = await town.close()
    reports = [report for report in reports if report or not town.copied]  # off for its copy
    left = [report.get("queue", 1) for report in reports]
    if any(left):
        raise Violation("I3", f"terminals end with records that nobody took: {left}")
    made["reader_faults"] = sum(report["reader_faults"] for report in reports)
    return made


async def settle(town: Town) -> None:
    """Phase 2: nothing breaks any more, and the campus must converge."""
    await town.room.mend()
    for wire in town.wires.values():
        wire.calm()
    for stand in town.stands.values():
        await town.serve(stand)
    for number in sorted(town.room.ledger.listed()[1]):
        await town.relist(number, False)  # found again: only a card that pays ends its greys
    for key, card in town.cards.items():
        said = await town.stands[1 + key % scenario.POS].sell(key, card, 1, 1)
        if said != PAID and not town.oracle.cards[key].is_copied:
            raise Violation("I2", f"all is well, and card {key} hears {said}")
    await town.drain()
    ledger = town.room.ledger
    known = _FORKS if town.counts["copies"] else ()
    faults = {fault: n for fault, n in ledger.faults().items() if fault not in known}
    if faults:
        raise Violation("I3", f"the server found faults in honest records: {faults}")
    if not ledger.accounts_fit():
        raise Violation("I1", "an account is not the sum of its postings")
    _judge(town)
    for copied in town.copied:
        await copied.reveal()
    if town.copied:
        _judge(town)


def _judge(town: Town) -> None:
    """The oracle's last word."""
    ledger = town.room.ledger
    received = {number: ledger.serials(number) for number in town.stands}
    flagged = ledger.faulty(*_FORKS)
    town.oracle.settled(ledger.purse_fen, received, ledger.greys(), flagged)


def ledger_rows(town: Town) -> list[tuple[int, int, int, int, int]]:
    """(card, counter before, amount_fen, terminal, serial) of each posted purchase, sorted."""
    rows = []
    for key in town.oracle.posted:
        truth, write = town.oracle.made.get(key) or town.oracle.cloned[key]
        rows.append((truth.number, write.counter - 1, write.amount_fen, *key))
    return sorted(rows)


def figures(town: Town) -> dict[str, Any]:
    """What `campus chaos` tells of one campus."""
    counts, oracle, ledger = town.counts, town.oracle, town.room.ledger
    rows = ledger_rows(town)
    digest = hashlib.sha256(repr(rows).encode())
    for key, truth in sorted(oracle.cards.items()):  # not their bytes: keys are the server's own
        digest.update(repr((key, truth.counter, truth.balance_fen, truth.writes)).encode())
    link = sum((wire.counts for wire in town.wires.values()), start=type(counts)())
    greys = ledger.greys()
    open_greys = sum(not oracle.is_untellable(*grey[:2]) for grey in greys)
    return {
        "seed": town.seed,
        "weather": vars(town.weather),
        **{name: counts[name] for name in sorted(counts)},
        **{f"link_{name}": count for name, count in sorted(link.items())},
        "accepted": counts[PAID] + counts[PASSED],
        "link_faults": link.total() + counts["spells"],
        "server_kills": town.room.kills,
        "greys_resolved": oracle.resolved,
        "clones_flagged": len(ledger.faulty(_FORKS[0])),
        "longest_offline_s": town.longest_off_s,
        "unnamed": len(oracle.burnt_writes.keys() - oracle.posted.keys()),
        "lost": len(oracle.unposted()),
        "doubled": oracle.doubled,
        "grey_open": open_greys,
        "checks": oracle.checks,
        "invariants_ok": True,  # else a Violation had ended the run
        "ledger_digest": hashlib.sha256(repr(rows).encode()).hexdigest(),
        "digest": digest.hexdigest(),
        "seconds_played": round(time.monotonic() - town.began_s, 1),
    }
