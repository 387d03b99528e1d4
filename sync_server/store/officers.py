"""People who work here, in the database."""

from __future__ import annotations

from typing import Any

from protocol.errors import LocalError
from sync_server.core import rights
from sync_server.store.database import Database

_OFFICER = (
    "id, name, shown, role, merchant, must_change, generation, made_by, made_utc_s, closed_utc_s"
)


class Officers:
    """Accounts of people, never deleted, only closed."""

    def __init__(self, db: Database):
        self._db = db

    def add(self, wish: dict[str, Any], password: str, by: str, utc_s: int) -> int:
        """wish: name, shown, role, merchant. password: hashed. -> id. LocalError: name is taken."""
        with self._db.transaction() as connection:
            if self._db.one("SELECT 1 FROM officer WHERE name = ?", wish["name"]):
                raise LocalError(f"there is an account {wish['name']} already")
            return connection.execute(
                "INSERT INTO officer (name, shown, role, merchant, password, must_change, made_by,"
                " made_utc_s) VALUES (?, ?, ?, ?, ?, 1, ?, ?) RETURNING id",
                (wish["name"], wish["shown"], wish["role"], wish["merchant"], password, by, utc_s),
            ).fetchone()[0]

    def get(self, number: int) -> dict[str, Any] | None:
        """Of one id; never the password."""
        rows = self._db.rows(f"SELECT {_OFFICER} FROM officer WHERE id = ?", number)
        return rows[0] if rows else None

    def all(self) -> list[dict[str, Any]]:
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

    def close(self, number: int, utc_s: int) -> None:
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
