"""The blacklist: bytes on the wire against entropy, and what one check costs on the terminal.

Bytes are exact counts, the same in every run; what was encoded is decoded again before it counts.
A check is timed under the terminals' interpreter on the flash file of the unix board, beside an
empty loop. What it is not: the chip's time, whose bar is 300 microseconds: bench/chip.py.
"""

from __future__ import annotations

import json
import math
import tempfile
import zlib
from pathlib import Path
from typing import Any

from bench import on_terminal
from firmware.core.layout import LAYOUTS, SECTOR
from protocol import blacklist, messages
from terminal_sim.prng import Prng

CASES = ((200, 20_000), (600, 30_000), (10_000, 1_048_576))
CHANGES = (1, 10, 200)  # cards that a delta adds
BAR = 1.05
CHIP_BAR_US = 300


def measure() -> dict[str, Any]:
    """{"lists": [...], "deltas": [...], "check": {...}, "reached": bool, "cause": str}."""
    lists = [_list(*case) for case in CASES]
    deltas = [_delta(changed, *case) for case in CASES for changed in CHANGES]
    return {
        "lists": lists,
        "deltas": deltas,
        "check": check(),
        "bar": BAR,
        "reached": all(row["ratio"] <= BAR for row in lists + deltas),
        "cause": "a delta says in 3 to 5 bytes which universe and how many, and in 5 bits how its "
        "gaps are coded; beside the entropy of a few cards, 2 to 23 bytes, that is more than 5 %",
    }


def entropy_bytes(count: int, universe: int) -> float:
    """log2 of the number of sets of `count` out of `universe`, in bytes."""
    bits = math.lgamma(universe + 1) - math.lgamma(count + 1) - math.lgamma(universe - count + 1)
    return bits / math.log(2) / 8


def _list(count: int, universe: int) -> dict[str, Any]:
    """A whole list, beside the ways that need no code of their own."""
    cards = sorted(_draw(Prng(count), count, universe, set()))
    encoded = blacklist.encode(cards, universe)
    if blacklist.decode(encoded) != cards:
        raise RuntimeError(f"a list of {count} cards did not come back as it was")
    floor = entropy_bytes(count, universe)
    bits = blacklist.bitmap(cards, -(-universe // 8) * 8)
    return {
        "cards": count,
        "universe": universe,
        "bytes": len(encoded),
        "entropy_bytes": round(floor, 1),
        "ratio": round(len(encoded) / floor, 4),
        "bitmap_bytes": len(bits),
        "deflated_bitmap_bytes": len(zlib.compress(bytes(bits), 9)),
        "three_bytes_a_card": 3 * count,
    }


def _delta(changed: int, count: int, universe: int) -> dict[str, Any]:
    """`changed` cards added to that list."""
    draw = Prng(count)
    added = sorted(_draw(draw, changed, universe, _draw(draw, count, universe, set())))
    encoded = blacklist.encode_delta(added, [], universe)
    if blacklist.decode_delta(encoded) != (universe, added, []):
        raise RuntimeError(f"a delta of {changed} cards did not come back as it was")
    floor = entropy_bytes(changed, universe)
    return {
        "cards": changed,
        "universe": universe,
        "bytes": len(encoded),
        "head_bytes": len(blacklist.encode_delta([], [], universe)) + (changed > 127),
        "entropy_bytes": round(floor, 1),
        "ratio": round(len(encoded) / floor, 4),
    }


def _draw(draw: Prng, count: int, universe: int, without: set[int]) -> set[int]:
    drawn: set[int] = set()
    while len(drawn) < count:
        number = draw.below(universe)
        if number not in without:
            drawn.add(number)
    return drawn


def check() -> dict[str, Any]:
    """One look, on the unix board; microseconds without and with the loop around it."""
    count, universe = CASES[-1]
    cards = sorted(_draw(Prng(1), count, universe, set()))
    told = _run(cards, universe)
    looks = told["looks"]
    listed = sum(card < looks for card in cards)
    if told["status"] != messages.APPLIED or told["found"] != listed:
        raise RuntimeError(f"the terminal's list is not the one it was given: {told}")
    return {
        "us": round((told["looked_us"] - told["empty_us"]) / looks, 2),
        "empty_loop_us": round(told["empty_us"] / looks, 3),
        "flash_reads": told["reads"] / looks,
        "flash_bytes_read": told["bytes"] / looks,
        "listed": count,
        "board": "unix: flash is a file; of the chip tells chip",
        "bar_on_the_chip_us": CHIP_BAR_US,
    }


def _run(cards: list[int], universe: int) -> dict[str, int]:
    """The script under the interpreter, with a fresh flash and this list. -> what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        flash, listed = Path(folder) / "flash.bin", Path(folder) / "list.bin"
        flash.write_bytes(b"\xff" * (LAYOUTS["unix"].sectors * SECTOR))
        digest = blacklist.digest(blacklist.bitmap(cards, universe))
        listed.write_bytes(digest + blacklist.encode(cards, universe))
        return json.loads(on_terminal.run("blacklist_check.py", flash, listed))
