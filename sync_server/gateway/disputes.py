"""Disputes, as holders, merchants and offices ask about them; called from any thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync_server.core.chain import Writer
from sync_server.gateway import looks
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.store.store import Store

_PAGE, _PURCHASES = 200, 60


class Disputes:
    """do: runs a change in the writer thread. In all of it `merchant` is whose disputes somebody
    may see; None: all."""

    def __init__(self, store: Store, do: Callable[..., Any]):
        self._store = store
        self._do = do

    def open(self, purchase: Writer, card: int, fen: int, said: str, by: str) -> dict[str, Any]:
        """A purchase of this card is disputed; one that is already, stays as it is."""
        work = self._store.disputes.open
        return _told(self._do(work, purchase, card, fen, said, by, _now_s()))

    def answer(self, number: int, text: str, by: str, merchant: str | None) -> None:
        """What the merchant says to it."""
        self.one(number, merchant)
        self._do(self._store.disputes.answer, number, text, by, _now_s())

    def withdraw(self, number: int, cards: set[int]) -> None:
        """By the holder of one of these cards."""
        if self.one(number, None)["card"] not in cards:
            raise Impossible("there is no such dispute", 404)
        self._do(self._store.disputes.withdraw, number, _now_s())

    def uphold(self, number: int, fen: int, finding: str, by: str) -> int:
        """-> the request for a second person"""
        self.one(number, None)
        return self._do(self._store.disputes.uphold, number, fen, finding, by, _now_s())

    def refuse(self, number: int, finding: str, by: str) -> None:
        """Nothing goes back."""
        self.one(number, None)
        self._do(self._store.disputes.refuse, number, finding, by, _now_s())

    def sweep(self) -> int:
        """Close what was refused long ago."""
        return self._do(self._store.disputes.close_old, _now_s())

    def one(self, number: int, merchant: str | None) -> dict[str, Any]:
        """Impossible 404, also for another merchant's."""
        row = self._store.disputes.one(number)
        if row is None or merchant is not None and row["merchant"] != merchant:
            raise Impossible("there is no such dispute", 404)
        return _told(row)

    def listed(self, merchant: str | None, is_open: bool) -> list[dict[str, Any]]:
        """Open ones, overdue first; or those that ended."""
        if merchant == "":
            return []  # an account of a merchant that has no name
        rows = self._store.disputes.listed(merchant, is_open, _now_s(), _PAGE)
        return [_told(row) for row in rows]

    def of_cards(self, cards: set[int]) -> list[dict[str, Any]]:
        """Of the holder of these."""
        return [_told(row) for row in self._store.disputes.of_cards(sorted(cards), _PAGE)]

    def purchases(self, holder: int) -> list[dict[str, Any]]:
        """What somebody could dispute, newest first: taps."""
        taps = looks.taps(self._store.holders.payments_of(holder, _PURCHASES))
        return [
            tap
            for tap in taps
            if tap["type"] == "purchase"
            and tap["accepted"]
            and not self._store.credits.is_reversed(tap["terminal"], tap["serial"])
        ]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    now_s = _now_s()
    is_overdue = row["state"] == "opened" and row["answer_until_utc_s"] <= now_s
    return row | {"is_overdue": is_overdue, "may_decide": _may_decide(row, now_s)}


def _may_decide(row: dict[str, Any], now_s: int) -> bool:
    return row["state"] == "answered" or (
        row["state"] == "opened" and (not row["merchant"] or row["answer_until_utc_s"] <= now_s)
    )


def _now_s() -> int:
    return int(time.time())
