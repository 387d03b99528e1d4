"""What one visitor's office sees at this moment: each thing is asked for at most once."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any

from sync_server.core import fees, rights, rosters, validity
from sync_server.gateway.orders import Orders
from sync_server.web.logistics.terminals import sees
from sync_server.web.visitors import Visitor


class Look:
    """For one request."""

    def __init__(self, orders: Orders, visitor: Visitor):
        self.orders = orders
        self.visitor = visitor
        self.now_s = int(time.time())
        self.today = validity.today(self.now_s)

    @cached_property
    def terminals(self) -> list[dict[str, Any]]:
        """Those that this visitor sees, with an alarm first."""
        rows = self.orders.care.terminals(sees)["terminals"]
        return sorted(rows, key=lambda row: (not row["alarms"], row["place"], row["number"]))

    @cached_property
    def waiting(self) -> dict[str, list[dict[str, Any]]]:
        """What waits for a second person."""
        return self.orders.offices.waiting()

    @property
    def own_requests(self) -> list[dict[str, Any]]:
        """What this visitor asked for: somebody else must grant it."""
        return [row for row in self.waiting["requests"] if row["asked_by"] == self.visitor.name]

    @property
    def others_requests(self) -> list[dict[str, Any]]:
        """What this visitor could grant."""
        return [row for row in self.waiting["requests"] if row["asked_by"] != self.visitor.name]

    @cached_property
    def merchant(self) -> str | None:
        """Whose sales and disputes are seen; None: everybody's."""
        is_merchant = self.visitor.role == rights.MERCHANT
        return (self.visitor.merchant or "") if is_merchant else None

    @cached_property
    def disputes(self) -> list[dict[str, Any]]:
        """Open ones."""
        return self.orders.disputes.listed(self.merchant, True)

    @cached_property
    def days(self) -> dict[str, Any]:
        """The books: days that are closed, what was booked since."""
        return self.orders.books.days()

    @cached_property
    def office(self) -> str:
        """Whose fees are seen: one office's, "" all."""
        return self.visitor.role if self.visitor.role in fees.OFFICES else ""

    @cached_property
    def fees(self) -> list[dict[str, Any]]:
        """What was ordered, by list and item."""
        return self.orders.fees.orders(self.office)["orders"]

    @cached_property
    def kinds(self) -> list[str]:
        """Lists that this visitor's office sends."""
        return [kind for kind in rosters.KINDS if self.visitor.may(rosters.right_of(kind))]

    @cached_property
    def lists(self) -> list[dict[str, Any]]:
        """The last of those."""
        return [row for row in self.orders.people.rosters() if row["kind"] in self.kinds]

    @cached_property
    def drawers(self) -> dict[str, Any]:
        """Cash of today: a clerk's own, or everybody's."""
        own = self.visitor.name if self.visitor.role == rights.CLERK else ""
        return self.orders.tills.day(None, own)
