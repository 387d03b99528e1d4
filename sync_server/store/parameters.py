"""Sets of parameters in the database: each a version, numbered for all terminals together."""

from __future__ import annotations

from sync_server.store.database import Database


class Parameters:
    """Only added to: what a terminal shall have is what all of them say, the last word counts."""

    def __init__(self, db: Database):
        self._db = db

    def add(self, terminal: int | None, value: str = "{}", above: int = 0) -> int:
        """value: JSON of some parameters of one terminal, None: of all; nothing is a new version
        all the same. -> the version, higher than `above`."""
        with self._db.transaction() as connection:
            newest = self._db.one("SELECT max(version) FROM parameter_set") or 0
            version = max(newest, above) + 1
            connection.execute(
                "INSERT INTO parameter_set (version, terminal, value) VALUES (?, ?, ?)",
                (version, terminal, value),
            )
            return version
