"""What the screens said against what the server has: record by record, fen by fen.

Independent of firmware and server: the input is taps as people saw them, rows of the API, and the
bytes in the cards. What it is not: an oracle during a run (that is oracle.py); this looks once, at
the end.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from terminal_sim.fleet import ACCEPTED, REFUSED
from terminal_sim.records import Row

_PURCHASE, _PASS, _REFUSAL, _RESERVE, _SETTLE = 1, 2, 3, 6, 7
_DONE = 0x0F


class Said(NamedTuple):
    """One tap as people saw it. what: fleet.ACCEPTED, REFUSED, TORN or SILENT."""

    line: int
    terminal: int
    card: int
    row: Row
    what: str


def compare(
    said: list[Said],
    records: dict[int, list[list[int]]],
    ledger: dict[str, Any],
    balances_fen: dict[int, int],
) -> dict[str, Any]:
    """The figures of a replay. records: by terminal, [serial, type, outcome, reason, utc_s, card,
    amount_fen] in order of serial; ledger: answer of GET /api/ledger; balances as in the cards."""
    seen: defaultdict[int, list] = defaultdict(list)
    for tap in said:
        seen[tap.terminal].append(
            (tap.card, tap.what == ACCEPTED, tap.row.amount_fen, tap.row.utc_s)
        )
    lost = doubled = 0
    for number, taps in seen.items():
        missing, extra = _difference(taps, records[number])
        lost += missing
        doubled += extra
    accepted = [tap for tap in said if tap.what == ACCEPTED]
    purses = {
        int(account["key"]): account["balance_fen"]
        for account in ledger["accounts"]
        if account["type"] == "purse"
    }
    odd = [card for card, fen in balances_fen.items() if purses.get(card, 0) != fen]
    sums: defaultdict[str, int] = defaultdict(int)
    for tap in accepted:
        sums[tap.row.place] += tap.row.amount_fen
    booked = {place["place"]: place["amount_fen"] for place in ledger["places"]}
    agree = booked == {place: fen for place, fen in sums.items() if fen}
    refused = sum(tap.what == REFUSED for tap in said)
    whole = len(accepted) + refused == len(said)  # nothing torn, no terminal silent
    good = whole and ledger["sum"] == 0 and not odd and agree and not lost and not doubled
    return {
        "taps": len(said),
        "accepted": len(accepted),
        "refused": refused,
        "amount_fen": sum(tap.row.amount_fen for tap in accepted),
        "uploaded": sum(len(rows) for rows in records.values()),
        "ledger_records": sum(place["count"] for place in ledger["places"])
        if any(sums.values())
        else sum(row[1] == _PASS for rows in records.values() for row in rows),
        "lost": lost,
        "doubled": doubled,
        "ledger_sum": ledger["sum"],
        "places": booked,
        "cards_that_differ": sorted(odd)[:20],
        "invariants_ok": good,
    }


def _difference(taps: list, rows: list[list[int]]) -> tuple[int, int]:
    """(taps without a record, records without a tap) of one terminal, in order of both."""
    kept: list = []
    is_open = False  # a reserve that is not closed yet
    for _serial, kind, outcome, _reason, utc_s, card, amount_fen in rows:
        done = kind in (_PURCHASE, _PASS) and outcome == _DONE
        if kind == _RESERVE or (kind == _SETTLE and not is_open):
            is_open = kind == _RESERVE  # a session's tap is its close: what was taken
            continue
        done = done or is_open
        is_open = False
        kept.append((card, done, amount_fen, utc_s))
    serials = [row[0] for row in rows]
    holes = sum(1 for a, b in zip(serials, serials[1:], strict=False) if b != a + 1)
    missing = list(taps)
    extra = 0
    for row in kept:
        if row in missing[:200]:  # in order, but for a few that people saw side by side
            missing.remove(row)
        else:
            extra += 1
    return len(missing) + holes, extra
