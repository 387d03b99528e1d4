"""Our movements of the bank's account against the lines of its statement. Pure.

In this order, each movement and each line once:
1. the same reference (order, batch) and the same amount;
2. the same amount and day, then one day apart, up to APART_MOST: the nearest first;
3. one line that is the sum of a day's movements that are left (cash from the desk, channels that
   pay out once a day), all of one sign.

The same movements and lines in any order give the same pairs, because both are sorted first. What
is left is missing (ours, not the bank's) or surplus (the bank's, not ours); a reference that is on
both sides with different amounts is named apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

APART_MOST = 3  # days: weekends


class Item(NamedTuple):
    """A movement (number: of the transfer) or a line (number: of its row). Above zero: came in."""

    number: int
    day: int
    amount_fen: int
    reference: str


class Pair(NamedTuple):
    """by: reference, amount, day."""

    ours: tuple[int, ...]
    line: int
    by: str


class Outcome(NamedTuple):
    """Numbers of movements and lines. differ: (movement, line) of one reference."""

    pairs: list[Pair]
    missing: list[int]
    surplus: list[int]
    differ: list[tuple[int, int]]


def match(ours: Iterable[Item], lines: Iterable[Item]) -> Outcome:
    """Every movement and line ends in exactly one place."""
    left = {item.number: item for item in sorted(ours, key=_place)}
    free = {item.number: item for item in sorted(lines, key=_place)}
    pairs = _by_reference(left, free) + _by_amount(left, free) + _by_day(left, free)
    return Outcome(
        sorted(pairs, key=lambda pair: pair.line), list(left), list(free), _differ(left, free)
    )


def _place(item: Item) -> tuple[int, int, str, int]:
    return item.day, item.amount_fen, item.reference, item.number


def _by_reference(left: dict[int, Item], free: dict[int, Item]) -> list[Pair]:
    named: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for line in free.values():
        if line.reference:
            named[line.reference, line.amount_fen].append(line.number)
    pairs = []
    for item in list(left.values()):
        there = named.get((item.reference, item.amount_fen))
        if item.reference and there:
            pairs.append(_take(left, free, (item.number,), there.pop(0), "reference"))
    return pairs


def _by_amount(left: dict[int, Item], free: dict[int, Item]) -> list[Pair]:
    pairs = []
    for apart in range(APART_MOST + 1):
        named: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for line in free.values():
            named[line.amount_fen, line.day].append(line.number)
        for item in list(left.values()):
            for day in sorted({item.day + apart, item.day - apart}, reverse=True):
                there = named.get((item.amount_fen, day), [])
                found = next((one for one in there if not _other(item, free[one])), None)
                if found is not None:
                    there.remove(found)
                    pairs.append(_take(left, free, (item.number,), found, "amount"))
                    break
    return pairs


def _by_day(left: dict[int, Item], free: dict[int, Item]) -> list[Pair]:
    days: defaultdict[tuple[int, bool], list[int]] = defaultdict(list)
    for item in left.values():
        days[item.day, item.amount_fen > 0].append(item.number)
    pairs = []
    for (day, _), numbers in days.items():
        total = sum(left[number].amount_fen for number in numbers)
        there = [
            line.number
            for line in free.values()
            if line.amount_fen == total and 0 <= line.day - day <= APART_MOST
        ]
        if len(numbers) > 1 and there:
            pairs.append(_take(left, free, tuple(sorted(numbers)), there[0], "day"))
    return pairs


def _other(item: Item, line: Item) -> bool:
    """Both name an order, and not the same one."""
    return bool(item.reference and line.reference) and item.reference != line.reference


def _take(
    left: dict[int, Item], free: dict[int, Item], ours: tuple[int, ...], line: int, by: str
) -> Pair:
    for number in ours:
        del left[number]
    del free[line]
    return Pair(ours, line, by)


def _differ(left: dict[int, Item], free: dict[int, Item]) -> list[tuple[int, int]]:
    named = {line.reference: line.number for line in free.values() if line.reference}
    return [
        (item.number, named[item.reference]) for item in left.values() if item.reference in named
    ]
