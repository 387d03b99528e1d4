"""The store as the rest of the server sees it: one database, and the parts that speak to it.

Reading is allowed from any thread; writing from one at a time (the gateway's writer thread). Each
part is a file of its own and is given what it needs of the others; none knows the Store.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from sync_server.store.accounts import Accounts
from sync_server.store.actions import Actions
from sync_server.store.audit import Audit
from sync_server.store.card_keys import CardKeys
from sync_server.store.cards import Cards
from sync_server.store.care import Care
from sync_server.store.cash import Cash
from sync_server.store.claims import Claims
from sync_server.store.credits import Credits
from sync_server.store.database import Database
from sync_server.store.days import Days
from sync_server.store.disputes import Disputes
from sync_server.store.emergencies import Emergencies
from sync_server.store.evidence import Evidence
from sync_server.store.fee_returns import FeeReturns
from sync_server.store.fees import Fees
from sync_server.store.holders import Holders
from sync_server.store.hooks import Hooks
from sync_server.store.issues import Issues
from sync_server.store.leavers import Leavers
from sync_server.store.lists import Lists
from sync_server.store.lost import Lost
from sync_server.store.merchants import Merchants
from sync_server.store.officers import Officers
from sync_server.store.parameters import Parameters
from sync_server.store.partners import Partners
from sync_server.store.phones import Phones
from sync_server.store.pins import Pins
from sync_server.store.places import Places
from sync_server.store.postings import Postings
from sync_server.store.records import Records
from sync_server.store.requests import Decisions, Deed, Requests
from sync_server.store.restored import Restored
from sync_server.store.rosters import Rosters
from sync_server.store.settlements import Settlements
from sync_server.store.shifts import Shifts
from sync_server.store.statements import Statements
from sync_server.store.subsidies import Subsidies
from sync_server.store.terminals import Terminals
from sync_server.store.topups import TopUps


class Store:
    """`url`, `alone`: of the database (store.database). BadUrl, InUse, Trouble, OSError."""

    def __init__(self, url: str, alone: bool = False):
        db = self.db = Database(url, alone)
        self.accounts = Accounts(db)
        self.places = Places(db)
        self.parameters = Parameters(db)
        self.merchants = Merchants(db, self.parameters)
        self.terminals = Terminals(db, self.places, self.parameters, self.merchants)
        self.claims = Claims(db, self.places, self.terminals)
        self.card_keys = CardKeys(db, self.terminals)
        self.cards = Cards(db, self.accounts, self.card_keys)
        self.lists = Lists(db, self.cards)
        self.actions = Actions(db, self.accounts, self.cards, self.lists)
        self.lost = Lost(db, self.accounts, self.cards, self.places)
        self.requests = Requests(db)
        self.credits = Credits(db, self.accounts, self.actions)
        self.fees = Fees(db, self.accounts, self.credits, self.requests)
        self.topups = TopUps(db, self.accounts, self.credits, self.requests, self.fees)
        self.fee_returns = FeeReturns(
            db, self.accounts, self.credits, self.requests, self.fees, self.topups
        )
        self.cash = Cash(db, self.credits, self.requests)
        self.disputes = Disputes(db, self.accounts, self.credits, self.requests)
        self.records = Records(
            db, self.accounts, self.cards, self.places, self.lost, self.actions, self.disputes
        )
        self.issues = Issues(
            db, self.accounts, self.cards, self.lists, self.terminals, self.actions, self.records
        )
        self.restored = Restored(db, self.places, self.parameters, self.terminals, self.lists)
        self.phones = Phones(db)
        self.evidence = Evidence(db)
        self.audit = Audit(db)
        self.pins = Pins(db, self.audit)
        self.officers = Officers(db)
        self.holders = Holders(db)
        self.subsidies = Subsidies(db, self.accounts, self.requests)
        self.rosters = Rosters(
            db, self.lists, self.requests, self.holders, self.subsidies, self.fees
        )
        self.leavers = Leavers(db, self.accounts, self.terminals, self.requests)
        self.days = Days(db, self.audit)
        self.settlements = Settlements(db, self.accounts, self.merchants, self.days, self.requests)
        self.statements = Statements(db, self.days, self.settlements)
        self.postings = Postings(db, self.days)
        self.decisions = Decisions(db, self._deeds())
        self.care = Care(db)
        self.shifts = Shifts(db)
        self.emergencies = Emergencies(db)
        self.partners = Partners(db, self.terminals)
        self.hooks = Hooks(db, self.partners)

    def _deeds(self) -> dict[str, Deed]:
        """What a second person grants, by its name."""
        return {
            "end": self.rosters.end_granted,
            "refund": self.leavers.refund_granted,
            "admission": self.merchants.declare,
            "settlement": self.settlements.granted,
            "cash": self.cash.reversal_granted,
            "dispute": self.disputes.refund_granted,
            "subsidy": self.subsidies.filling_granted,
            "fees": self.fees.order_granted,
            "fee-refund": self.fee_returns.refund_granted,
            "fee-undo": self.fee_returns.undoing_granted,
            "return": self.topups.return_granted,
        }

    def group(self) -> AbstractContextManager[Any]:
        """Many small changes that share one commit: epochs, reports, confirmations. Not
        `records.ingest`, whose answers promise that its own commit is done."""
        return self.db.transaction()

    def close(self) -> None:
        """Close the database."""
        self.db.close()
