"""Cards: issued with dense numbers, looked up. In the database."""

from __future__ import annotations

from typing import Any

from protocol.errors import LocalError
from sync_server.core import ledger
from sync_server.store.accounts import Accounts
from sync_server.store.card_keys import CardKeys
from sync_server.store.database import Database

_COLUMNS = (
    "number", "uid", "holder_kind", "name", "valid_until", "zones", "list_stamp", "balance_fen",
    "issued_utc_s", "key_version", "holder",
)  # fmt: skip


class Cards:
    """`issued`: every number that was ever given to a card; only the writer changes it."""

    def __init__(self, db: Database, accounts: Accounts, card_keys: CardKeys):
        self._db = db
        self._accounts = accounts
        self._card_keys = card_keys
        self.issued: set[int] = set()
        db.reminds(self)

    def remember(self) -> None:
        """Which numbers were ever issued."""
        self.issued = {row[0] for row in self._db.conn.execute("SELECT number FROM card")}

    def issue(self, wishes: list[dict[str, Any]], utc_s: int) -> list[int]:
        """New cards with their opening balances, all or none. -> numbers, in the order asked.

        A wish: holder_kind, name, uid (hex), valid_until (days since 2000), zones, balance_fen;
        holder: the office's number of whose card it is, if that is somebody's. LocalError.
        The blacklist version of now becomes each card's stamp: an older list says nothing of it.
        """
        with self._db.transaction():
            first = (self._db.one("SELECT max(number) FROM card") or 0) + 1
            stamp = self._db.one("SELECT max(version) FROM list_version WHERE list = 0") or 0
            version = self._card_keys.wanted()
            rows = [
                dict.fromkeys(_COLUMNS)
                | {name: wish[name] for name in _COLUMNS if name in wish}
                | {"number": number, "list_stamp": stamp, "issued_utc_s": utc_s}
                | {"key_version": version, "holder": self._whose(wish)}
                for number, wish in enumerate(wishes, first)
            ]
            self._db.insert(f"card ({', '.join(_COLUMNS)})", [tuple(row.values()) for row in rows])
            opening = [ledger.issue(row["number"], row["balance_fen"]) for row in rows]
            self._accounts.book([made for made in opening if made], utc_s)
        numbers = [row["number"] for row in rows]
        self.issued.update(numbers)
        return numbers

    def _whose(self, wish: dict[str, Any]) -> int | None:
        """The id of the holder that a wish names. LocalError."""
        number = wish.get("holder")
        if not number:
            return None
        row = self._db.conn.execute(
            "SELECT id, kind, ended_utc_s FROM holder WHERE number = ?", (number,)
        ).fetchone()
        if row is None or row[1] != wish["holder_kind"] or row[2] is not None:
            raise LocalError(f"no card for {number}: unknown, of another kind, or has left")
        return int(row[0])

    def get(self, number: int) -> dict[str, Any] | None:
        """The row of one card."""
        names = ", ".join(_COLUMNS)
        rows = self._db.rows(f"SELECT {names} FROM card WHERE number = ?", number)
        return rows[0] if rows else None

    def rekeyed(self, number: int) -> dict[str, Any]:
        """The row of a card that gets keys of the version that cards shall have."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE card SET key_version = ? WHERE number = ?",
                (self._card_keys.wanted(), number),
            )
        return self._surely(number)

    def renewed(self, number: int) -> dict[str, Any]:
        """The row of a card that is found again: a list older than now says nothing of it."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE card SET list_stamp = (SELECT max(version) FROM list_version"
                " WHERE list = 0) WHERE number = ? AND EXISTS"
                " (SELECT 1 FROM list_version WHERE list = 0)",
                (number,),
            )
        return self._surely(number)

    def _surely(self, number: int) -> dict[str, Any]:
        row = self.get(number)
        assert row is not None
        return row

    def among(self, numbers: list[int]) -> list[dict[str, Any]]:
        """The rows of these cards that exist, by number."""
        if not numbers:
            return []
        names = ", ".join(_COLUMNS)
        low, high, wanted = min(numbers), max(numbers), set(numbers)
        rows = self._db.rows(
            f"SELECT {names} FROM card WHERE number BETWEEN ? AND ? ORDER BY number", low, high
        )
        return [row for row in rows if row["number"] in wanted]
