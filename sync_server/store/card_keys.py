"""Versions of the card keys, in the database: which one cards shall have, who lacks one.

The keys themselves are the keyring's. What cards shall have is a parameter of all terminals: so
they know it, too (docs/mifare.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocol import params
from sync_server.store.database import Database


class CardKeys:
    """Part of the Store."""

    _db: Database
    params: Callable[[int], tuple[int, bytes]]  # of Terminals
    card: Callable[[int], dict[str, Any] | None]  # of Cards

    def card_key(self) -> int:
        """The version that cards shall have."""
        return self._set_for_all("card_key")

    def oldest_card_key(self) -> int:
        """The version below which cards are refused."""
        return self._set_for_all("oldest_card_key")

    def _set_for_all(self, name: str) -> int:
        return params.unpack(self.params(0)[1]).get(name, 1)

    def confirm_keys(self, number: int, version: int) -> None:
        """A terminal has the keys up to this version."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE terminal SET key_version = ? WHERE number = ?", (version, number)
            )

    def lacking_keys(self, version: int) -> list[int]:
        """Terminals that were here and have not confirmed this version."""
        return [
            row[0]
            for row in self._db.conn.execute(
                "SELECT number FROM terminal WHERE contact_utc_s IS NOT NULL"
                " AND key_version < ? ORDER BY number",
                (version,),
            )
        ]

    def rekeyed(self, card: int) -> dict[str, Any]:
        """The row of a card that gets keys of the version that cards shall have."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE card SET key_version = ? WHERE number = ?", (self.card_key(), card)
            )
        row = self.card(card)
        assert row is not None
        return row

    def cards_by_key(self) -> dict[int, int]:
        """version -> how many cards were given it."""
        return dict(
            self._db.conn.execute("SELECT key_version, count(*) FROM card GROUP BY key_version")
        )
