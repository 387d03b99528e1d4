"""The blacklist: bytes on the wire against entropy, and what one check costs on the terminal.

Bytes are exact counts, the same in every run. A check is one byte read from flash; it is timed
under the terminals' interpreter on the flash file of the unix board, beside an empty loop. On the
chip it is measured with the emulated board, which comes with a later issue.
"""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from firmware.core.layout import LAYOUTS, SECTOR
from protocol import blacklist
from terminal_sim.image import compiled
from terminal_sim.prng import Prng
from terminal_sim.terminal import micropython_command

CASES = ((200, 20_000), (600, 30_000), (10_000, 1_048_576))
CHANGED = 10  # cards in the delta
BAR = 1.05
CHECK_BAR_US = 300
_SCRIPT = Path(__file__).parent / "on_terminal" / "blacklist_check.py"


def measure() -> dict[str, Any]:
    """{"lists": [...], "check": {...}, "reached": bool}; sizes in bytes, times in microseconds."""
    lists = [_sizes(*case) for case in CASES]
    check = _check()
    return {
        "lists": lists,
        "check": check,
        "bar": BAR,
        "reached": all(row["ratio"] <= BAR for row in lists) and check["us"] < CHECK_BAR_US,
        "cause": "a delta of 10 cards has 5 bytes that say which universe, how many and how; "
        "beside 15 to 25 bytes of entropy no coding can hide them",
    }


def entropy_bytes(count: int, universe: int) -> float:
    """log2 of the number of sets of `count` out of `universe`, in bytes."""
    bits = math.lgamma(universe + 1) - math.lgamma(count + 1) - math.lgamma(universe - count + 1)
    return bits / math.log(2) / 8


def _sizes(count: int, universe: int) -> dict[str, Any]:
    draw = Prng(count)
    listed = _draw(draw, count, universe, set())
    added = _draw(draw, CHANGED, universe, listed)
    full = len(blacklist.encode(sorted(listed), universe))
    delta = len(blacklist.encode_delta(sorted(added), [], universe))
    floor, delta_floor = entropy_bytes(count, universe), entropy_bytes(CHANGED, universe)
    return {
        "cards": count,
        "universe": universe,
        "list_bytes": full,
        "entropy_bytes": round(floor, 1),
        "ratio": round(full / floor, 4),
        "bitmap_bytes": (universe + 7) // 8,
        "delta_cards": CHANGED,
        "delta_bytes": delta,
        "delta_entropy_bytes": round(delta_floor, 1),
        "delta_ratio": round(delta / delta_floor, 3),
    }


def _draw(draw: Prng, count: int, universe: int, without: set[int]) -> set[int]:
    drawn: set[int] = set()
    while len(drawn) < count:
        number = draw.below(universe)
        if number not in without:
            drawn.add(number)
    return drawn


def _check() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder) / "flash.bin"
        flash.write_bytes(b"\xff" * (LAYOUTS["unix"].sectors * SECTOR))
        listed = Path(folder) / "list.bin"
        count, universe = CASES[-1]
        cards = sorted(_draw(Prng(1), count, universe, set()))
        digest = blacklist.digest(blacklist.bitmap(cards, universe))
        listed.write_bytes(digest + blacklist.encode(cards, universe))
        done = subprocess.run(
            [micropython_command(), "-X", "heapsize=256k", str(_SCRIPT), str(flash), str(listed)],
            cwd=folder,
            env={"MICROPYPATH": f"{compiled()}:.frozen"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    if done.returncode:
        raise RuntimeError(f"the check did not run: {(done.stderr or done.stdout)[-300:]}")
    told = json.loads(done.stdout)
    loops = 20_000
    us = (told["looked_us"] - told["empty_us"]) / loops
    return {"us": round(us, 2), "flash_bytes_read": 1, "bar_us": CHECK_BAR_US, "listed": 10_000}
