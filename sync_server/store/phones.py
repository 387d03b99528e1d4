"""Phones: invited, enrolled, known by their key. In the database."""

from __future__ import annotations

from typing import Any

from sync_server.store.database import Database


class Phones:
    """One a card number at most."""

    def __init__(self, db: Database):
        self._db = db

    def invite(self, card: int, ticket: bytes, until_utc_s: int) -> None:
        """A phone may come for this card number; what was there before is forgotten."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO phone (card, ticket, ticket_until_utc_s) VALUES (?, ?, ?)"
                " ON CONFLICT (card) DO UPDATE SET ticket = excluded.ticket,"
                " ticket_until_utc_s = excluded.ticket_until_utc_s",
                (card, ticket, until_utc_s),
            )

    def enrol(self, ticket: bytes, public_key: bytes, utc_s: int) -> int | None:
        """-> the card number of an invitation that is good, used up by this; None if it is not."""
        with self._db.transaction() as connection:
            row = connection.execute(
                "SELECT card FROM phone WHERE ticket = ? AND ticket_until_utc_s >= ?",
                (ticket, utc_s),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "UPDATE phone SET ticket = NULL, public_key = ?, enrolled_utc_s = ? WHERE card = ?",
                (public_key, utc_s, row[0]),
            )
            return int(row[0])

    def get(self, card: int) -> dict[str, Any] | None:
        """card, public_key (None until it came), enrolled_utc_s."""
        query = "SELECT card, public_key, enrolled_utc_s FROM phone WHERE card = ?"
        rows = self._db.rows(query, card)
        return rows[0] if rows else None
