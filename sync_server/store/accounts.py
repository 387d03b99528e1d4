"""Accounts and transfers in the database. Rules of who gives and takes are core.ledger's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sync_server.core.ledger import Account, Transfer
from sync_server.store.database import Database


class Accounts:
    """Only the writer changes them; ids are remembered, accounts are made when first named."""

    def __init__(self, db: Database):
        self._db = db
        self._ids: dict[Account, int] = {}

    def forget(self) -> None:
        """After a rollback: what was remembered may never have been committed."""
        self._ids.clear()

    def book(self, transfers: Iterable[Transfer], booked_utc_s: int) -> None:
        """Write transfers and the balances they change; inside the caller's transaction."""
        change: defaultdict[int, int] = defaultdict(int)
        rows = []
        ids = self._ids
        for giver, taker, fen, terminal, serial in transfers:
            gives = ids.get(giver) or self._id(giver)
            takes = ids.get(taker) or self._id(taker)
            change[gives] -= fen
            change[takes] += fen
            rows.append((gives, takes, fen, terminal, serial, booked_utc_s))
        self._db.insert("transfer (giver, taker, amount_fen, terminal, serial, booked_utc_s)", rows)
        self._db.conn.executemany(
            "UPDATE account SET balance_fen = balance_fen + ? WHERE id = ?",
            [(fen, account) for account, fen in change.items() if fen],
        )

    def _id(self, account: Account) -> int:
        connection = self._db.conn
        connection.execute(
            "INSERT INTO account (type, key) VALUES (?, ?) ON CONFLICT DO NOTHING", account
        )
        found = self._ids[account] = connection.execute(
            "SELECT id FROM account WHERE type = ? AND key = ?", account
        ).fetchone()[0]
        return found
