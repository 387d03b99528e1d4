"""Versions of the card keys, in the database: which one cards shall have, who lacks one.

The keys themselves are the keyring's. What cards shall have is a parameter of all terminals: so
they know it, too (docs/mifare.md).
"""

from __future__ import annotations

from protocol import params
from sync_server.store.database import Database
from sync_server.store.terminals import Terminals


class CardKeys:
    """Which versions cards shall have and terminals have."""

    def __init__(self, db: Database, terminals: Terminals):
        self._db = db
        self._terminals = terminals

    def wanted(self) -> int:
        """The version that cards shall have."""
        return self._set_for_all("card_key")

    def oldest(self) -> int:
        """The version below which cards are refused."""
        return self._set_for_all("oldest_card_key")

    def _set_for_all(self, name: str) -> int:
        return params.unpack(self._terminals.params(0)[1]).get(name, 1)

    def confirm(self, number: int, version: int) -> None:
        """A terminal has the keys up to this version."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE terminal SET key_version = ? WHERE number = ?", (version, number)
            )

    def lacking(self, version: int) -> list[int]:
        """Terminals that were here and have not confirmed this version."""
        return [
            row[0]
            for row in self._db.conn.execute(
                "SELECT number FROM terminal WHERE contact_utc_s IS NOT NULL"
                " AND key_version < ? ORDER BY number",
                (version,),
            )
        ]

    def counts(self) -> dict[int, int]:
        """version -> how many cards were given it."""
        return dict(
            self._db.conn.execute("SELECT key_version, count(*) FROM card GROUP BY key_version")
        )
