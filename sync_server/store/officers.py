"""People who work here, and what waits for a second one of them. In the database.

A deed that was asked for is carried out in the transaction that grants it (DEEDS of the store).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from protocol.errors import LocalError
from sync_server.core import rights
from sync_server.store.database import Database

_OFFICER = (
    "id, name, shown, role, merchant, must_change, generation, made_by, made_utc_s, closed_utc_s"
)


class NotYours(Exception):
    """One and the same person may not do both."""


class Officers:
    """Part of the Store."""

    _db: Database

    def add_officer(self, wish: dict[str, Any], password: str, by: str, utc_s: int) -> int:
        """wish: name, shown, role, merchant. password: hashed. -> id. LocalError: name is taken."""
        with self._db.transaction() as connection:
            if self._db.one("SELECT 1 FROM officer WHERE name = ?", wish["name"]):
                raise LocalError(f"there is an account {wish['name']} already")
            return connection.execute(
                "INSERT INTO officer (name, shown, role, merchant, password, must_change, made_by,"
                " made_utc_s) VALUES (?, ?, ?, ?, ?, 1, ?, ?) RETURNING id",
                (wish["name"], wish["shown"], wish["role"], wish["merchant"], password, by, utc_s),
            ).fetchone()[0]

    def officer(self, number: int) -> dict[str, Any] | None:
        """Of one id; never the password."""
        rows = self._db.rows(f"SELECT {_OFFICER} FROM officer WHERE id = ?", number)
        return rows[0] if rows else None

    def officers(self) -> list[dict[str, Any]]:
        """All, open ones first, by role and name."""
        return self._db.rows(
            f"SELECT {_OFFICER} FROM officer ORDER BY closed_utc_s IS NOT NULL, role, name"
        )

    def password_of(self, name: str) -> tuple[int, str] | None:
        """(id, hash) of an account that is open."""
        return self._db.conn.execute(
            "SELECT id, password FROM officer WHERE name = ? AND closed_utc_s IS NULL", (name,)
        ).fetchone()

    def set_password(self, number: int, password: str, by_themselves: bool) -> None:
        """Every session that was open ends. password: hashed."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE officer SET password = ?, must_change = ?, generation = generation + 1"
                " WHERE id = ?",
                (password, not by_themselves, number),
            )

    def close_officer(self, number: int, utc_s: int) -> None:
        """The account ends, and its sessions. LocalError for the last one of the centre."""
        with self._db.transaction() as connection:
            others = (
                "SELECT count(*) FROM officer WHERE role = ? AND closed_utc_s IS NULL AND id != ?"
            )
            if not self._db.one(others, rights.CENTRE, number):
                raise LocalError("this is the last account of the centre: make another one first")
            connection.execute(
                "UPDATE officer SET closed_utc_s = ?, generation = generation + 1"
                " WHERE id = ? AND closed_utc_s IS NULL",
                (utc_s, number),
            )

    # what waits for a second person

    def deed(self, name: str) -> Callable[[int, bool, str, int], None]:
        """What carries out a deed (subject, granted, by, utc_s). Of the Store."""
        raise NotImplementedError

    def ask_second(self, deed: str, subject: int, told: dict[str, Any], by: str, utc_s: int) -> int:
        """-> id of the request; the one that waits already, if there is one."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO request (deed, subject, told, asked_by, asked_utc_s)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (deed, subject, json.dumps(told, ensure_ascii=False), by, utc_s),
            )
            waits = "SELECT id FROM request WHERE (deed, subject) = (?, ?) AND granted IS NULL"
            return self._db.one(waits, deed, subject)

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
            self.deed(deed)(subject, granted, by, utc_s)

    def requests(self, waiting: bool, limit: int) -> list[dict[str, Any]]:
        """Those that wait, oldest first; or those that were decided, newest first."""
        chosen = (
            "granted IS NULL ORDER BY id" if waiting else "granted IS NOT NULL ORDER BY id DESC"
        )
        rows = self._db.rows(f"SELECT * FROM request WHERE {chosen} LIMIT ?", limit)
        return [row | {"told": json.loads(row["told"])} for row in rows]

    def losses_waiting(self) -> list[dict[str, Any]]:
        """Reports that the brake holds: card, reported_by, reported_utc_s."""
        return self._db.rows(
            "SELECT card, reported_by, reported_utc_s FROM loss"
            " WHERE version IS NULL AND withdrawn_utc_s IS NULL ORDER BY id LIMIT 500"
        )
