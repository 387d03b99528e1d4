"""What waits for a second person, in the database.

Whoever needs one asks (Requests); what was asked for is carried out in the transaction that grants
it (Decisions), by the part that asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from protocol.errors import LocalError
from sync_server.store.database import Database

Deed = Callable[[int, bool, str, int], None]  # subject, granted, by, utc_s


class NotYours(Exception):
    """One and the same person may not do both."""


class Requests:
    """One that waits a deed and subject at most."""

    def __init__(self, db: Database):
        self._db = db

    def ask(self, deed: str, subject: int, told: dict[str, Any], by: str, utc_s: int) -> int:
        """-> id of the request; the one that waits already, if there is one."""
        with self._db.transaction() as connection:
            waits = "SELECT id FROM request WHERE (deed, subject) = (?, ?) AND granted IS NULL"
            found = self._db.one(waits, deed, subject)
            if found is not None:
                return found
            return connection.execute(
                "INSERT INTO request (deed, subject, told, asked_by, asked_utc_s)"
                " VALUES (?, ?, ?, ?, ?) RETURNING id",
                (deed, subject, json.dumps(told, ensure_ascii=False), by, utc_s),
            ).fetchone()[0]

    def drop(self, deed: str, subject: int, by: str, utc_s: int) -> None:
        """It came to nothing before anybody decided."""
        self._db.conn.execute(
            "UPDATE request SET granted = 0, decided_by = ?, decided_utc_s = ?"
            " WHERE deed = ? AND subject = ? AND granted IS NULL",
            (by, utc_s, deed, subject),
        )

    def find(self, waiting: bool, limit: int) -> list[dict[str, Any]]:
        """Those that wait, oldest first; or those that were decided, newest first."""
        chosen = (
            "granted IS NULL ORDER BY id" if waiting else "granted IS NOT NULL ORDER BY id DESC"
        )
        rows = self._db.rows(f"SELECT * FROM request WHERE {chosen} LIMIT ?", limit)
        return [row | {"told": json.loads(row["told"])} for row in rows]


class Decisions:
    """`deeds`: name -> what carries it out."""

    def __init__(self, db: Database, deeds: dict[str, Deed]):
        self._db = db
        self.deeds = deeds

    def decide(self, number: int, granted: bool, by: str, utc_s: int) -> None:
        """Carry it out, or let it be. NotYours if the one who asked would grant; LocalError if it
        was decided before, or is none."""
        with self._db.transaction() as connection:
            row = connection.execute(
                "SELECT deed, subject, asked_by, granted, decided_by FROM request WHERE id = ?",
                (number,),
            ).fetchone()
            if row is None:
                raise LocalError(f"there is no request {number}")
            deed, subject, asked_by, was, decided_by = row
            if was is not None:
                raise LocalError(f"{decided_by} has decided this already")
            if granted and by == asked_by:
                raise NotYours("whoever asked may not grant it: a second person must")
            connection.execute(
                "UPDATE request SET granted = ?, decided_by = ?, decided_utc_s = ? WHERE id = ?",
                (granted, by, utc_s, number),
            )
            self.deeds[deed](subject, granted, by, utc_s)

    def take_back(self, number: int, by: str, utc_s: int) -> None:
        """Whoever asked wants it no more. NotYours if somebody else asked; LocalError as above."""
        with self._db.transaction():
            asked_by = self._db.one("SELECT asked_by FROM request WHERE id = ?", number)
            if asked_by not in (None, by):
                raise NotYours("only whoever asked may take it back")
            self.decide(number, False, by, utc_s)
