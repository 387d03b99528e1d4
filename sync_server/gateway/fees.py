"""Fees for others, as offices, clerks and holders ask about them; called from any thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync_server.core import fees, validity
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.store.store import Store

_ORDERS, _OF_HOLDER = 40, 40  # lists, fees
PEOPLE = 20_000  # of one list: as many as a file has rows


class Fees:
    """do: runs a change in the writer thread."""

    def __init__(self, store: Store, do: Callable[..., Any]):
        self._store = store
        self._do = do

    def orders(self, office: str) -> dict[str, Any]:
        """-> {orders, collected: fen by office}; of one office, or of all ("")."""
        collected = self._store.fees.collected()
        return {
            "orders": self._store.fees.orders(office, _today(), _ORDERS),
            "collected": {name: fen for name, fen in collected.items() if office in ("", name)},
        }

    def order(self, roster: int, state: str, office: str, most: int) -> dict[str, Any]:
        """-> {orders: of this list, people}. Impossible 404, also of another office's."""
        orders = self._store.fees.orders(office, _today(), _ORDERS, roster)
        if not orders:
            raise Impossible("no fee was ordered by this list", 404)
        people = self._store.fees.of_roster(roster, state, most)
        return {"orders": orders, "people": [_told(row) for row in people]}

    def one(self, number: int) -> dict[str, Any]:
        """A fee. Impossible 404."""
        row = self._store.fees.one(number)
        if row is None:
            raise Impossible("there is no such fee", 404)
        return _told(row)

    def of_holder(self, holder: int | None) -> list[dict[str, Any]]:
        """What somebody has to pay, then what they have paid; of nobody nothing."""
        if holder is None:
            return []
        return [_told(row) for row in self._store.fees.of_holder(holder, _OF_HOLDER)]

    def withdraw(self, roster: int, number: int | None, why: str) -> int:
        """What is due of a list, or one of it. -> how many"""
        return self._do(self._store.fees.withdraw, roster, number, why, _now_s())

    def take_cash(self, number: int, receipt: str, clerk: str) -> dict[str, Any]:
        """A clerk has the money. -> the fee, paid"""
        self.one(number)
        return _told(self._do(self._store.fees.take_cash, number, receipt, clerk, _now_s()))

    def take_from_purse(self, number: int, card: int) -> dict[str, Any]:
        """The holder's phone pays with what it has. -> the fee, paid"""
        self.must_be_of(number, card)
        return _told(self._do(self._store.fees.take_from_purse, number, card, _now_s()))

    def must_be_of(self, number: int, card: int) -> None:
        """Impossible 404 for a fee of somebody else than whose card that is."""
        row = self._store.fees.one(number)
        if row is None or row["holder"] != self._store.holders.of_card(card):
            raise Impossible("this is no fee of yours", 404)

    def ask_refund(self, number: int, by: str) -> int:
        """-> the request that a second person must grant."""
        self.one(number)
        return self._do(self._store.fee_returns.ask_refund, number, by, _now_s())

    def ask_undoing(self, number: int, by: str) -> int:
        """-> the request that a second person must grant."""
        self.one(number)
        return self._do(self._store.fee_returns.ask_undoing, number, by, _now_s())


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "due": validity.shown(row["due"]),
        "waits": bool(row["waits"]),
        "is_overdue": fees.is_overdue(row["state"], row["due"], _today()),
    }


def _today() -> int:
    return validity.today(_now_s())


def _now_s() -> int:
    return int(time.time())
