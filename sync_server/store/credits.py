"""Giving a holder money, and taking it back, in the database: one way for top-ups, cash, disputes.

It goes to the account of a card and from there to the card at its next tap, or, of a phone, to its
purse at once. An account below zero is what the holder owes: what comes fills it first.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol import messages
from sync_server.core import ledger
from sync_server.core.ledger import Account, Transfer
from sync_server.store.accounts import Accounts
from sync_server.store.actions import Actions
from sync_server.store.database import Database


class Given(NamedTuple):
    """What was given: to which card, and the action that loads it; None: there is none."""

    card: int
    action: int | None


class Credits:
    """What a part needs that gives holders money."""

    def __init__(self, db: Database, accounts: Accounts, actions: Actions):
        self._db = db
        self._accounts = accounts
        self._actions = actions

    def taker(self, card: int) -> int | None:
        """The card that money for this one goes to: itself, or the one that replaced it; None if
        it would wait for nobody."""
        row = self._db.conn.execute(
            "SELECT c.ended_utc_s, h.closed_utc_s, x.card, x.heir, i.state FROM card c"
            " LEFT JOIN holder h ON h.id = c.holder LEFT JOIN closed x ON x.card = c.number"
            " LEFT JOIN issue i ON i.card = x.heir WHERE c.number = ?",
            (card,),
        ).fetchone()
        if row is None or row[0] is not None or row[1] is not None:
            return None
        if row[2] is None:
            return card
        return self.taker(row[3]) if row[3] is not None and row[4] == "issued" else None

    def any_taker(self, card: int) -> int | None:
        """The same; else the newest card of the same holder that money can go to."""
        others = self._db.conn.execute(
            "SELECT o.number FROM card c JOIN card o ON o.holder = c.holder WHERE c.number = ?"
            " ORDER BY o.number DESC",
            (card,),
        ).fetchall()
        found = (self.taker(number) for number in (card, *(row[0] for row in others)))
        return next((number for number in found if number is not None), None)

    def give(self, card: int, fen: int, giver: Account, by: str, utc_s: int) -> Given:
        """Book it, inside the caller's transaction; `card` is one that `taker` named."""
        account = ledger.account(card)
        owed_fen = max(-self.balance_fen(account), 0)
        self._accounts.book([Transfer(giver, account, fen, 0, 0)], utc_s)
        free_fen = fen - owed_fen
        if free_fen <= 0:
            return Given(card, None)
        if self.is_phone(card):
            self._accounts.book([ledger.loaded(card, free_fen, 0, 0)], utc_s)
            return Given(card, None)
        action = self._db.conn.execute(
            "INSERT INTO action (card, op, amount_fen, ordered_by, ordered_utc_s)"
            " VALUES (?, ?, ?, ?, ?) RETURNING id",
            (card, messages.LOAD, free_fen, by, utc_s),
        ).fetchone()[0]
        self._actions.remember()
        return Given(card, action)

    def is_there(self, card: int, fen: int, action: int | None) -> bool:
        """Can what was given still be had back whole?"""
        if action is None:
            return self.is_phone(card) and self.balance_fen(ledger.purse(card)) >= fen
        query = "SELECT amount_fen FROM action WHERE id = ? AND state = 'open' AND counter IS NULL"
        return self._db.one(query, action) == fen

    def take_back(
        self, card: int, fen: int, action: int | None, taker: Account, utc_s: int
    ) -> None:
        """Book it back. What is on the card or spent by now, the holder owes."""
        if action is not None:
            self._db.conn.execute(
                "UPDATE action SET state = 'withdrawn', ended_utc_s = ?"
                " WHERE id = ? AND state = 'open' AND counter IS NULL",
                (utc_s, action),
            )
            self._actions.remember()
        back = [Transfer(ledger.account(card), taker, fen, 0, 0)]
        if self.is_phone(card):
            back.insert(0, ledger.back(ledger.loaded(card, fen, 0, 0)))
        self._accounts.book(back, utc_s)

    def is_phone(self, card: int) -> bool:
        """Is this number a phone's, whose code draws on its purse?"""
        return self._db.one("SELECT 1 FROM phone WHERE card = ?", card) is not None

    def is_reversed(self, terminal: int, serial: int) -> bool:
        """Was this purchase given back, at the terminal or by a dispute?"""
        query = "SELECT 1 FROM reversal WHERE terminal = ? AND serial = ?"
        return self._db.one(query, terminal, serial) is not None

    def balance_fen(self, account: Account) -> int:
        """Of one account; 0 of one that nobody has named."""
        query = "SELECT balance_fen FROM account WHERE type = ? AND key = ?"
        return self._db.one(query, *account) or 0
