"""Merchants as the offices see them: asked by the web. What their terminals shall know is pushed.

Accounts at banks leave here masked, but for the file that a granted settlement is paid by.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync_server.core import merchants
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.gateway.service import Gateway

DEMONSTRATION = "demonstration"  # it never applied, and admission is not in force
UNKNOWN = "unknown"  # it never applied, and takes no money


class Merchants:
    """Part of the orders. do: runs a change in the writer thread; tell: calls on the loop."""

    def __init__(self, gateway: Gateway, do: Callable[..., Any], tell: Callable[..., None]):
        self._gateway = gateway
        self._store = gateway.store
        self._do = do
        self._tell = tell

    def all(self) -> dict[str, Any]:
        """-> {in_force: null or {since_utc_s, declared_by}, waits, merchants: those that need
        somebody first}"""
        admission = self._store.merchants.admission()
        rows = [self._plain(row, bool(admission)) for row in self._store.merchants.all()]
        state = UNKNOWN if admission else DEMONSTRATION
        rows += [
            self._plain({"id": 0, "name": name, "state": state}, bool(admission))
            for name in self._store.merchants.unlisted()
        ]
        order = (merchants.APPLIED, merchants.ONE, merchants.TWO, UNKNOWN, merchants.SUSPENDED)
        rows.sort(key=lambda row: (row["state"] not in order, row["name"]))
        waiting = self._store.requests.find(True, 500)
        return {
            "in_force": admission,
            "waits": any(row["deed"] == "admission" for row in waiting),
            "merchants": rows,
        }

    def get(self, number: int) -> dict[str, Any]:
        """-> {merchant, acts, terminals, settlements}. Impossible 404."""
        row = self._store.merchants.get(number)
        if row is None:
            raise Impossible(f"there is no merchant {number}", 404)
        acts = self._store.merchants.acts(number)
        return {
            "merchant": self._plain(row, bool(self._store.merchants.admission())),
            "acts": acts,
            "granted": {
                act["office"]: act["done_by"]
                for act in acts
                if (act["event"], act["turn"]) == (merchants.GRANT, row["turn"])
            },
            "terminals": self._terminals(row, acts),
            "settlements": self._store.settlements.of_merchant(number),
        }

    def _plain(self, row: dict[str, Any], in_force: bool) -> dict[str, Any]:
        state = row["state"] if row["id"] else None
        takes = merchants.takes_money(state, row.get("turn", 0), in_force)
        numbers = [one["number"] for one in self._store.merchants.terminals(row["name"])]
        bank = merchants.masked(row.get("bank", ""))
        return row | {"bank": bank, "takes_money": takes, "terminals": len(numbers)}

    def _terminals(self, row: dict[str, Any], acts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each with `took`: payments it says it took after its merchant might not any more."""
        admission = self._store.merchants.admission()
        takes = merchants.takes_money(row["state"], row["turn"], bool(admission))
        since_s = acts[0]["utc_s"] if acts else 0
        return [
            one | {"took": 0 if takes else self._store.merchants.took(one["number"], since_s)}
            for one in self._store.merchants.terminals(row["name"])
        ]

    def apply(self, wish: dict[str, Any], office: str, by: str) -> int:
        """-> id of the merchant whose application it is."""
        number = self._do(self._store.merchants.apply, wish, office, by, _now_s())
        self._tell(self._gateway.retell)
        return number

    def act(self, number: int, turn: int, event: str, who: tuple[str, str], note: str) -> str:
        """who: (office, person). -> its state; its terminals hear of it at once."""
        after = self._do(self._store.merchants.act, number, turn, event, who, note, _now_s())
        self._tell(self._gateway.retell)
        return after

    def ask_admission(self, by: str) -> int:
        """Admission shall be in force: a second person must grant it. -> number of the request"""
        if self._store.merchants.admission():
            raise Impossible("admission is in force already", 409)
        told = {"demonstrations": len(self._store.merchants.unlisted())}
        return self._do(self._store.requests.ask, "admission", 0, told, by, _now_s())


def _now_s() -> int:
    return int(time.time())
