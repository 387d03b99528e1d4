"""Shifts of a till: what its cashier's summary says, and what its records add up to here.

A shift is the records between two marks of a terminal (EVENT SHIFT_OPEN, SHIFT_CLOSE). They are
added up anew at each question: a grey record that was settled since, or one that came late, counts.
"""

from __future__ import annotations

from typing import Any

from protocol import reasons, record
from sync_server.store.database import Database

_NO_OUTCOME = b"\xff" * 4


class Shifts:
    """Of tills."""

    def __init__(self, db: Database):
        self._db = db

    def of(self, terminal: int, limit: int) -> list[dict[str, Any]]:
        """The last shifts of a terminal, newest first.

        opened, closed: serials, closed None while it goes on, or if the next began without an end;
        sales, sold_fen, back_fen, subsidy_fen: by the records here; grey, missing: how many of
        them are not certain, or not here; till: {sold_fen, back_fen} as the till says, None without
        an end; difference_fen: what the till's cash is above ours, None likewise.
        """
        marks = self._db.conn.execute(
            "SELECT serial, reason, utc_s, card, amount_fen, content FROM record"
            " WHERE terminal = ? AND type = 8 AND reason IN (32, 33)"
            " ORDER BY serial DESC LIMIT ?",
            (terminal, 2 * limit + 1),
        ).fetchall()
        shifts, end = [], None
        for mark in marks:
            if mark[1] == reasons.SHIFT_OPEN:
                shifts.append(self._shift(terminal, mark, end))
            end = mark
        return shifts[:limit]

    def _shift(self, terminal: int, mark: tuple, end: tuple | None) -> dict[str, Any]:
        """The shift that `mark` began; `end`: the mark after it, if there is one."""
        last = (
            end[0]
            if end
            else self._db.one("SELECT max(serial) FROM record WHERE terminal = ?", terminal)
        )
        shift: dict[str, Any] = {
            "opened": mark[0], "closed": None, "cashier": mark[3], "opened_utc_s": mark[2],
            "closed_utc_s": None, "till": None, "difference_fen": None,
        }  # fmt: skip
        shift |= self._sums(terminal, mark[0], last)
        if end is not None and end[1] == reasons.SHIFT_CLOSE:
            back_fen = record.unpack(end[5] + _NO_OUTCOME).detail
            ours_fen = shift["sold_fen"] - shift["back_fen"]
            shift |= {
                "closed": end[0], "closed_utc_s": end[2],
                "till": {"sold_fen": end[4], "back_fen": back_fen},
                "difference_fen": end[4] - back_fen - ours_fen,
            }  # fmt: skip
        return shift

    def _sums(self, terminal: int, first: int, last: int) -> dict[str, int]:
        sums = dict.fromkeys(("sales", "sold_fen", "back_fen", "subsidy_fen", "grey"), 0)
        rows = self._db.conn.execute(
            "SELECT type, outcome, amount_fen, content FROM record"
            " WHERE terminal = ? AND serial BETWEEN ? AND ?",
            (terminal, first, last),
        ).fetchall()
        for kind, outcome, amount_fen, content in rows:
            is_done = outcome == record.DONE
            sums["grey"] += outcome == record.INTENT
            if kind == record.PURCHASE and is_done:
                sums["sales"] += 1
                sums["sold_fen"] += amount_fen
                sums["subsidy_fen"] += record.subsidy_fen(record.unpack(content + _NO_OUTCOME))
            elif kind == record.REVERSAL and is_done:
                sums["back_fen"] += amount_fen
        return sums | {"missing": last - first + 1 - len(rows)}
