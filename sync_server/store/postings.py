"""Looks into the ledger: accounts, what moved in one, the way of one record. Only reads."""

from __future__ import annotations

from typing import Any

from sync_server.store.database import Database
from sync_server.store.days import LAST, Days

_SHOWN = (
    "SELECT x.id, x.amount_fen, x.terminal, x.serial, x.booked_utc_s, g.id AS giver,"
    " g.type AS giver_type, g.key AS giver_key, k.id AS taker, k.type AS taker_type,"
    " k.key AS taker_key FROM transfer x JOIN account g ON g.id = x.giver"
    " JOIN account k ON k.id = x.taker"
)
_RECORD = (
    "SELECT r.terminal, r.serial, r.type, r.outcome, r.reason, r.fault, r.flags, r.utc_s, r.card,"
    " r.amount_fen, r.balance_fen, r.received_utc_s, t.place, t.kind, t.merchant FROM record r"
    " LEFT JOIN terminal t ON t.number = r.terminal WHERE r.terminal = ? AND r.serial = ?"
)


class Postings:
    """Days bound what is looked through."""

    def __init__(self, db: Database, days: Days):
        self._db = db
        self._days = days

    def groups(self) -> list[dict[str, Any]]:
        """type, count, balance_fen of all accounts of a type."""
        return self._db.rows(
            "SELECT type, count(*) AS count, sum(balance_fen) AS balance_fen FROM account"
            " GROUP BY type ORDER BY type"
        )

    def accounts(self, kind: str, text: str, limit: int, after: int) -> list[dict[str, Any]]:
        """id, type, key, balance_fen of one type, whose key begins so."""
        plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return self._db.rows(
            "SELECT id, type, key, balance_fen FROM account WHERE type = ?"
            " AND key LIKE ? ESCAPE '\\' ORDER BY key LIMIT ? OFFSET ?",
            *(kind, plain + "%", limit, after),
        )

    def account(self, number: int) -> dict[str, Any] | None:
        """One of them."""
        rows = self._db.rows("SELECT id, type, key, balance_fen FROM account WHERE id = ?", number)
        return rows[0] if rows else None

    def of_account(self, number: int, first: int, last: int, limit: int) -> list[dict[str, Any]]:
        """What moved in it on these days, newest first."""
        after, end = self._days.span(first, last)
        return self._db.rows(
            f"{_SHOWN} WHERE (x.giver = ? OR x.taker = ?) AND x.id > ? AND x.id <= ?"
            " ORDER BY x.id DESC LIMIT ?",
            *(number, number, after, end, limit),
        )

    def record(self, terminal: int, serial: int) -> dict[str, Any] | None:
        """A record as it is here, with the place of its terminal."""
        rows = self._db.rows(_RECORD, terminal, serial)
        return rows[0] if rows else None

    def of_record(self, terminal: int, serial: int, received_utc_s: int) -> list[dict[str, Any]]:
        """What it moved. Booked with its arrival, or later if it was settled later."""
        begin = self._days.last_before(received_utc_s)
        end = self._days.last_before(received_utc_s + 1)
        query = f"{_SHOWN} WHERE x.id > ? AND x.id <= ? AND x.terminal = ? AND x.serial = ?"
        return self._db.rows(f"{query} ORDER BY x.id", begin, end, terminal, serial) or (
            self._db.rows(f"{query} ORDER BY x.id", end, LAST, terminal, serial)
        )
