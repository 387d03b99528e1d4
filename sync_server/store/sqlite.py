"""The store as the rest of the server sees it, over one SQLite database.

Reading is allowed from any thread; writing from one at a time (the gateway's writer thread). Each
part is a file of its own: terminals, claims, cards, their keys, issues, phones, records, actions,
lost ones, lists, accounts, officers, the log of acts, holders, rosters, leavers, care of terminals,
emergencies.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sync_server.core.actions import Load
from sync_server.core.chain import Grey, Writer
from sync_server.core.known import Place
from sync_server.core.rebuild import UNNAMED, Span
from sync_server.store.accounts import Accounts
from sync_server.store.actions import Actions, NotOpen
from sync_server.store.audit import Audit
from sync_server.store.card_keys import CardKeys
from sync_server.store.cards import Cards
from sync_server.store.care import Care
from sync_server.store.claims import Claims
from sync_server.store.database import BadUrl, Database
from sync_server.store.emergencies import Emergencies
from sync_server.store.evidence import Evidence
from sync_server.store.holders import Holders
from sync_server.store.issues import Issues, NotSo
from sync_server.store.leavers import Leavers
from sync_server.store.lists import Lists, NotListed, UnknownCard
from sync_server.store.officers import NotYours, Officers
from sync_server.store.phones import Phones
from sync_server.store.records import Records
from sync_server.store.restored import Restored
from sync_server.store.rosters import Rosters
from sync_server.store.shifts import Shifts
from sync_server.store.terminals import Terminals

__all__ = ("BadUrl", "NotListed", "NotOpen", "NotSo", "NotYours", "Store", "UnknownCard")


class Store(
    Terminals, Claims, Cards, CardKeys, Issues, Phones, Records, Actions, Lists, Restored, Evidence,
    Officers, Audit, Holders, Rosters, Leavers, Care, Shifts, Emergencies,
):  # fmt: skip
    """`url`: sqlite:///PATH. BadUrl, sqlite3.Error."""

    def __init__(self, url: str):
        self._db = Database(url)
        self._accounts = Accounts(self._db)
        self._cards: set[int] = set()
        self._places: dict[int, Place] = {}
        self._last_step: dict[int, tuple[int, tuple[int, int]]] = {}
        self._greys: dict[int, list[Grey]] = {}
        self._spans: dict[int, list[Span]] = {}
        self._loads: dict[Writer, Load] = {}
        self._waiting: set[int] = set()
        self.waiting_version = 0
        self._newest = 0  # action that the filter knows of
        self._remember()
        self._db.undone = self._remember

    def _remember(self) -> None:
        """At the start, and after a rollback: nothing that was remembered is sure any more."""
        self._places.clear()
        self._last_step.clear()
        self._accounts.forget()
        self._cards = {row[0] for row in self._db.conn.execute("SELECT number FROM card")}
        self._load_greys()
        self._load_spans()
        self._load_actions()

    def deed(self, name: str) -> Callable[[int, bool, str, int], None]:
        """What carries out a deed that waited for a second person."""
        return {"end": self.end_granted, "refund": self.refund_granted}[name]

    def group(self) -> AbstractContextManager[Any]:
        """Many small changes that share one commit: epochs, reports, confirmations. Not `ingest`,
        whose answers promise that its own commit is done."""
        return self._db.transaction()

    def accounts(self) -> list[dict[str, Any]]:
        """type, key, balance_fen of every account."""
        return self._db.rows("SELECT type, key, balance_fen FROM account ORDER BY type, id")

    def ledger_sum(self) -> int:
        """Sum over all accounts in fen; anything but 0 is a fault (I1)."""
        return self._db.one("SELECT sum(balance_fen) FROM account") or 0

    def places(self) -> list[dict[str, Any]]:
        """place, amount_fen, count: what was sold at each place, from the transfers to merchants,
        less those from them."""
        sold = "(%s.type = 'merchant' OR (%s.type, %s.key) = ('suspense', 'merchant'))"
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

    def close(self) -> None:
        """Close the database."""
        self._db.close()
