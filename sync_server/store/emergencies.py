"""Emergencies in the database: what was ordered, who answered, and the records they are told by."""

from __future__ import annotations

from typing import Any

from protocol import emergency, reasons, record
from sync_server.core import emergencies
from sync_server.core.emergencies import Done, Span
from sync_server.store.database import Database

_COLUMNS = (
    "number, what, kinds, begin_utc_s, end_utc_s, tap_fen, card_fen, reason, ordered_by,"
    " ordered_utc_s"
)
_EPOCH_UTC_S = (
    1735689600  # 2025-01-01; numbers grow with time, so a restored server uses none twice
)
_EVENTS = (
    "SELECT r.terminal, r.serial, r.content FROM record r WHERE r.type = 8"
    " AND (r.reason BETWEEN 34 AND 37 OR r.reason BETWEEN 40 AND 47)"  # the terms of its index
    f" AND r.reason = {reasons.EMERGENCY} ORDER BY r.serial"
)


class Emergencies:
    """By the number of the order."""

    def __init__(self, db: Database):
        self._db = db

    def next_number(self, utc_s: int) -> int:
        """A number above all before."""
        newest = self._db.one("SELECT max(number) FROM emergency") or 0
        return max(newest + 1, utc_s - _EPOCH_UTC_S, 1)

    def order(
        self, order: emergency.Order, signed: bytes, reason: str, by: str, utc_s: int
    ) -> None:
        """Keep an order; from now on it counts."""
        with self._db.transaction() as connection:
            connection.execute(
                f"INSERT INTO emergency ({_COLUMNS}, signed, transfers)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                " (SELECT coalesce(max(id), 0) FROM transfer))",
                (*order, reason, by, utc_s, signed),
            )

    def now(self, utc_s: int, least: int = emergency.END) -> int:
        """Number of the order that terminals shall have: the newest, until its end; else 0. least
        EMERGENCY: 0 too if it is one that has ended the others."""
        newest = (
            "SELECT number FROM emergency WHERE number = (SELECT max(number) FROM emergency)"
            " AND end_utc_s > ? AND what >= ?"
        )
        return self._db.one(newest, utc_s, least) or 0

    def signed(self) -> tuple[int, bytes]:
        """(number, signed) of the newest order."""
        row = self._db.conn.execute(
            "SELECT number, signed FROM emergency ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return row[0], bytes(row[1])

    def all(self) -> list[dict[str, Any]]:
        """All orders, newest first. Of each emergency: over_utc_s, when it ended or will, and
        ended_by, who ended it early ("" nobody)."""
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM emergency ORDER BY number DESC")
        after: dict[str, Any] | None = None
        for row in rows:
            cut = after is not None and after["begin_utc_s"] < row["end_utc_s"]
            row["over_utc_s"] = after["begin_utc_s"] if after and cut else row["end_utc_s"]
            row["ended_by"] = after["ordered_by"] if after and cut else ""
            after = row
        return rows

    def answered(self, number: int, terminal: int, status: int, utc_s: int) -> None:
        """A terminal said what it made of an order; the first time of each answer counts."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO emergency_answer VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (number, terminal, status, utc_s),
            )

    def answers(self, number: int) -> dict[int, tuple[int, int]]:
        """terminal -> (status, when) of its last answer."""
        rows = self._db.conn.execute(
            "SELECT terminal, status, answered_utc_s FROM emergency_answer WHERE number = ?"
            " ORDER BY answered_utc_s",
            (number,),
        )
        return {terminal: (status, utc_s) for terminal, status, utc_s in rows}

    def spans(self, number: int) -> list[Span]:
        """Where in each terminal's records the emergency lies."""
        rows = self._db.conn.execute(_EVENTS)
        return emergencies.spans(
            ((terminal, serial, int.from_bytes(content[44:48], "big"))
             for terminal, serial, content in rows),
            number,
        )  # fmt: skip

    def done(self, span: Span) -> Done:
        """What a terminal did in it, as far as it is here."""
        rows = self._db.conn.execute(
            "SELECT outcome, fault, content FROM record WHERE terminal = ? AND serial > ?"
            " AND serial < ? AND flags & ? != 0",
            (span.terminal, span.first, span.last or 1 << 32, record.EMERGENCY),
        )
        return emergencies.tally(rows)

    def booked_fen(self, number: int, span: Span) -> int:
        """What the ledger has of a terminal's payments in it: what left purses and accounts."""
        booked = self._db.one(
            "SELECT sum(x.amount_fen) FROM transfer x"
            " JOIN record r ON r.terminal = x.terminal AND r.serial = x.serial"
            " WHERE x.id > (SELECT transfers FROM emergency WHERE number = ?)"
            " AND x.terminal = ? AND x.serial > ? AND x.serial < ?"
            " AND r.type = 1 AND r.flags & 8 != 0",
            number, span.terminal, span.first, span.last or 1 << 32,
        )  # fmt: skip
        return booked or 0
