"""Accounts and transfers in the database. Rules of who gives and takes are core.ledger's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sync_server.core.ledger import Account, Transfer
from sync_server.core.rebuild import UNNAMED
from sync_server.store.database import Database


class Accounts:
    """Only the writer changes them; ids are remembered, accounts are made when first named."""

    def __init__(self, db: Database):
        self._db = db
        self._ids: dict[Account, int] = {}
        db.reminds(self)

    def remember(self) -> None:
        """Nothing: each is read when it is asked for."""
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

    def all(self) -> list[dict[str, Any]]:
        """type, key, balance_fen of every account."""
        return self._db.rows("SELECT type, key, balance_fen FROM account ORDER BY type, id")

    def sum_fen(self) -> int:
        """Sum over all accounts in fen; anything but 0 is a fault (I1)."""
        return self._db.one("SELECT sum(balance_fen) FROM account") or 0

    def sold_by_place(self) -> list[dict[str, Any]]:
        """place, amount_fen, count: what was sold at each place, from the transfers to merchants,
        less those from them."""
        sold = (
            "CASE WHEN %s.type = 'merchant' OR (%s.type, %s.key) = ('suspense', 'merchant')"
            " THEN 1 ELSE 0 END"
        )
        return self._db.rows(
            "SELECT t.place AS place, sum(x.amount_fen * x.way) AS amount_fen, sum(x.way) AS count"
            f" FROM (SELECT x.terminal, x.amount_fen, {sold.replace('%s', 'k')}"
            f" - {sold.replace('%s', 'g')} AS way FROM transfer x"
            " JOIN account g ON g.id = x.giver JOIN account k ON k.id = x.taker) x"
            " JOIN terminal t ON t.number = x.terminal WHERE x.way != 0"
            " GROUP BY t.place ORDER BY t.place"
        )

    def unnamed_fen(self) -> int:
        """Taken from cards in steps that no record has told yet (core.rebuild)."""
        query = "SELECT balance_fen FROM account WHERE (type, key) = (?, ?)"
        return self._db.one(query, *UNNAMED) or 0

    def _id(self, account: Account) -> int:
        connection = self._db.conn
        connection.execute(
            "INSERT INTO account (type, key) VALUES (?, ?) ON CONFLICT DO NOTHING", account
        )
        found = self._ids[account] = connection.execute(
            "SELECT id FROM account WHERE type = ? AND key = ?", account
        ).fetchone()[0]
        return found
