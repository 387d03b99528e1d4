"""What a replay is to do, made from the rows of a file: pure, before anything is started.

Rights are provisioned as an office would: for each gate and day the cards that the file saw pass
there. Where one card was both let in and refused at one gate on one day, no such list can agree
with the file: the majority counts, the first row if there is none, and the rows that will differ
are told with their reason.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from terminal_sim.records import File, Row

RESERVE_FEN = 1000
WATER = frozenset({"宿舍", "教室"})  # what people pay for there is water


class Contradiction(NamedTuple):
    """A row that no list of the day can agree with."""

    line: int
    reason: str


class Plan(NamedTuple):
    """persons: in order of first appearance. needs_fen: what each will pay in all.
    rows: by place, in order of arrival. grants: (place, day) -> persons who may pass."""

    kind: str
    persons: list[str]
    needs_fen: dict[str, int]
    rows: dict[str, list[Row]]
    grants: dict[tuple[str, str], set[str]]
    contradictions: list[Contradiction]


def make(file: File, day: str | None = None) -> Plan:
    """The plan for one local day (YYYY-MM-DD) of a file, or for all of it."""
    rows = [row for row in file.rows if day is None or row.day == day]
    needs_fen: defaultdict[str, int] = defaultdict(int)
    by_place: defaultdict[str, list[Row]] = defaultdict(list)
    waters: set[str] = set()
    for row in rows:
        needs_fen[row.person] += row.amount_fen
        if row.place in WATER:  # what a valve reserves has to be there
            waters.add(row.person)
        by_place[row.place].append(row)
    for person in waters:
        needs_fen[person] += RESERVE_FEN
    grants: dict[tuple[str, str], set[str]] = {}
    contradictions: list[Contradiction] = []
    if file.kind == "gate":
        grants, contradictions = _grants(rows)
    return Plan(file.kind, list(needs_fen), dict(needs_fen), dict(by_place), grants, contradictions)


def _grants(rows: list[Row]) -> tuple[dict[tuple[str, str], set[str]], list[Contradiction]]:
    said: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        said[row.place, row.day, row.person].append(row)
    grants: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    contradictions = []
    for (place, day, person), its in said.items():
        passed = sum(row.accepted for row in its)
        refused = len(its) - passed
        may = passed > refused or (passed == refused and its[0].accepted)
        grants[place, day]  # a day on which nobody passed has an empty list
        if may:
            grants[place, day].add(person)
        for row in its:
            if row.accepted != may:
                contradictions.append(
                    Contradiction(
                        row.line,
                        f"{'passed' if row.accepted else 'refused'} at {place} on {day}, where the "
                        f"same card was {'refused' if row.accepted else 'let in'} that day",
                    )
                )
    return dict(grants), sorted(contradictions)
