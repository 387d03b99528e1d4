"""Statements of the bank in the database, and what finance said of what found no partner.

What matches what is computed whenever it is asked (core.reconcile): kept are the lines, what people
said, and the months that are finished.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from protocol.errors import LocalError
from sync_server.core import days as calendar
from sync_server.core import reconcile, statements, validity
from sync_server.core.reconcile import Item, Outcome
from sync_server.core.statements import Entry, Fault
from sync_server.store.database import Database
from sync_server.store.days import Days
from sync_server.store.settlements import Settlements

_LINE = "row_number, day, amount_fen, reference, number, text"
_OURS = (
    "SELECT x.id, x.giver, x.taker, x.amount_fen, x.terminal, x.serial, x.booked_utc_s,"
    " g.type AS giver_type, g.key AS giver_key, k.type AS taker_type, k.key AS taker_key"
    " FROM transfer x JOIN account g ON g.id = x.giver JOIN account k ON k.id = x.taker"
)


class Statements:
    """Lines as they came; what they match is computed."""

    def __init__(self, db: Database, days: Days, settlements: Settlements):
        self._db = db
        self._days = days
        self._settlements = settlements

    def put(
        self, digest: bytes, file: str, entries: list[Entry], faults: list[Fault], by: str,
        utc_s: int,
    ) -> tuple[int, bool]:  # fmt: skip
        """Keep what is new of a file. -> (id, was it new): the same file again changes nothing."""
        with self._db.transaction() as connection:
            known = self._db.one("SELECT id FROM statement WHERE digest = ?", digest)
            if known is not None:
                return known, False
            days = [entry.day for entry in entries] or [0]
            there = connection.execute(
                f"SELECT {_LINE} FROM statement_line WHERE day BETWEEN ? AND ?",
                (min(days), max(days)),
            ).fetchall()
            fresh = statements.fresh(entries, [Entry(*row) for row in there])
            number = connection.execute(
                "INSERT INTO statement (digest, file, row_count, doubles, faults, put_by,"
                " put_utc_s) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (digest, file, len(entries), fresh.count(False), json.dumps(faults), by, utc_s),
            ).fetchone()[0]
            self._db.insert(
                f"statement_line (statement, {_LINE})",
                [(number, *entry) for entry, new in zip(entries, fresh, strict=True) if new],
            )
            return number, True

    def all(self, limit: int) -> list[dict[str, Any]]:
        """Files, newest first, faults read."""
        rows = self._db.rows(
            "SELECT id, file, row_count, doubles, faults, put_by, put_utc_s FROM statement"
            " ORDER BY id DESC LIMIT ?",
            limit,
        )
        for row in rows:
            row["faults"] = [Fault(*fault)._asdict() for fault in json.loads(row["faults"])]
        return rows

    # a month

    def movements(self, month: int) -> dict[int, dict[str, Any]]:
        """transfer -> row of the bank's account with day and reference; and of the month before
        what finance moved on to this one."""
        bank = self._db.one("SELECT id FROM account WHERE (type, key) = ('bank', '')")
        if bank is None:
            return {}
        first, last = calendar.first_of(month), calendar.first_of(month + 1) - 1
        after, end = self._days.span(first, last)
        rows = self._db.rows(
            f"{_OURS} WHERE x.id > ? AND x.id <= ? AND (x.giver = ? OR x.taker = ?) ORDER BY x.id",
            *(after, end, bank, bank),
        )
        for number in self._moved_on("ours", month):
            rows += self._db.rows(f"{_OURS} WHERE x.id = ?", number)
        named, orders = self._settlements.references(), self._orders(first, last)
        for row in rows:
            row["day"] = validity.today(row["booked_utc_s"])
            if row["giver"] != bank:  # it left ours for the bank's payees
                row["amount_fen"] = -row["amount_fen"]
            there = orders.get((row["booked_utc_s"], row["amount_fen"]))
            row["reference"] = named.get(row["id"]) or (there.pop(0) if there else "")
        return {row["id"]: row for row in rows}

    def _orders(self, first: int, last: int) -> dict[tuple[int, int], list[str]]:
        """(when it was booked, fen) -> numbers of channel orders, of payments and of returns."""
        begin, end = calendar.begins_utc_s(first), calendar.begins_utc_s(last + 1)
        found: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
        rows = self._db.conn.execute(
            "SELECT number, told_utc_s, amount_fen FROM topup WHERE told_utc_s >= ?"
            " AND told_utc_s < ? UNION ALL SELECT number, ended_utc_s, -amount_fen FROM topup"
            " WHERE state = 'refunded' AND ended_utc_s >= ? AND ended_utc_s < ? ORDER BY 1",
            (begin, end, begin, end),
        ).fetchall()
        for number, utc_s, fen in rows:
            found[utc_s, fen].append(number)
        return found

    def bank_lines(self, month: int) -> dict[int, dict[str, Any]]:
        """line -> row, of a month and what was moved on to it."""
        first, last = calendar.first_of(month), calendar.first_of(month + 1) - 1
        query = f"SELECT id, statement, {_LINE} FROM statement_line"
        rows = self._db.rows(f"{query} WHERE day BETWEEN ? AND ? ORDER BY id", first, last)
        for number in self._moved_on("bank", month):
            rows += self._db.rows(f"{query} WHERE id = ?", number)
        return {row["id"]: row for row in rows}

    def _moved_on(self, side: str, month: int) -> list[int]:
        rows = self._db.conn.execute(
            "SELECT item FROM resolution WHERE side = ? AND month = ? AND kind = 'next'"
            " ORDER BY item",
            (side, month - 1),
        )
        return [row[0] for row in rows.fetchall()]

    def outcome(self, month: int) -> tuple[Outcome, dict[int, dict], dict[int, dict]]:
        """(what matches, movements, lines) of a month."""
        ours, lines = self.movements(month), self.bank_lines(month)
        made = reconcile.match(
            (Item(n, row["day"], row["amount_fen"], row["reference"]) for n, row in ours.items()),
            (Item(n, row["day"], row["amount_fen"], row["reference"]) for n, row in lines.items()),
        )
        return made, ours, lines

    def resolutions(self, month: int) -> dict[tuple[str, int], dict[str, Any]]:
        """(side, item) -> kind, note, said_by, said_utc_s."""
        rows = self._db.rows("SELECT * FROM resolution WHERE month = ?", month)
        return {(row["side"], row["item"]): row for row in rows}

    def resolve(
        self, month: int, side: str, item: int, kind: str, note: str, by: str, utc_s: int
    ) -> None:
        """What finance says of one that is left. LocalError if it is not, or all is finished."""
        with self._db.transaction() as connection:
            self._still_open(month)
            made, *_ = self.outcome(month)
            if item not in (made.missing if side == "ours" else made.surplus):
                raise LocalError("this one has a partner, or is not of this month")
            connection.execute(
                "INSERT INTO resolution (side, item, month, kind, note, said_by, said_utc_s)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (side, item, month) DO UPDATE SET"
                " kind = excluded.kind, note = excluded.note, said_by = excluded.said_by,"
                " said_utc_s = excluded.said_utc_s",
                (side, item, month, kind, note, by, utc_s),
            )

    def unresolved(self, month: int) -> tuple[list[int], list[int]]:
        """(movements, lines) of which nothing was said yet."""
        made, *_ = self.outcome(month)
        said = self.resolutions(month)
        return (
            [item for item in made.missing if ("ours", item) not in said],
            [item for item in made.surplus if ("bank", item) not in said],
        )

    def finish(self, month: int, by: str, utc_s: int) -> dict[str, int]:
        """The month is reconciled: its days are closed and nothing is left unsaid. -> its figures.
        LocalError."""
        with self._db.transaction() as connection:
            self._still_open(month)
            last = self._days.last()
            if last is None or last[0] < calendar.first_of(month + 1) - 1:
                raise LocalError("not all days of the month are closed")
            if any(self.unresolved(month)):
                raise LocalError("some lines have no partner, and nobody has said why")
            figures = self.figures(month)
            connection.execute(
                "INSERT INTO month_close (month, figures, closed_by, closed_utc_s)"
                " VALUES (?, ?, ?, ?)",
                (month, json.dumps(figures), by, utc_s),
            )
            return figures

    def figures(self, month: int) -> dict[str, int]:
        """Counts and sums of both sides."""
        made, ours, lines = self.outcome(month)
        matched = [line for pair in made.pairs for line in (pair.line,)]
        return {
            "ours": len(ours),
            "ours_fen": sum(row["amount_fen"] for row in ours.values()),
            "bank": len(lines),
            "bank_fen": sum(row["amount_fen"] for row in lines.values()),
            "matched": len(matched),
            "matched_fen": sum(lines[line]["amount_fen"] for line in matched),
            "missing": len(made.missing),
            "missing_fen": sum(ours[item]["amount_fen"] for item in made.missing),
            "surplus": len(made.surplus),
            "surplus_fen": sum(lines[item]["amount_fen"] for item in made.surplus),
        }

    def finished(self, month: int) -> dict[str, Any] | None:
        """figures, closed_by, closed_utc_s of a month that is reconciled."""
        rows = self._db.rows("SELECT * FROM month_close WHERE month = ?", month)
        return rows[0] | {"figures": json.loads(rows[0]["figures"])} if rows else None

    def _still_open(self, month: int) -> None:
        if self.finished(month):
            raise LocalError("this month is reconciled: nothing is changed in it any more")
