"""Cash at the desk, as clerks and finance ask about it; called from any thread."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync_server.core import validity
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.store.store import Store


class Tills:
    """do: runs a change in the writer thread. awaited: something new may wait for cards."""

    def __init__(self, store: Store, do: Callable[..., Any], awaited: Callable[[], None]):
        self._store = store
        self._do = do
        self._awaited = awaited

    def take(self, receipt: str, card: int, fen: int, clerk: str) -> dict[str, Any]:
        """Cash was taken for a card. Impossible 404 for a card that is none."""
        if self._store.cards.get(card) is None:
            raise Impossible(f"card {card} was never issued", 404)
        row = self._do(self._store.cash.take, receipt, card, fen, clerk, int(time.time()))
        self._awaited()
        return row

    def ask_reversal(self, number: int, by: str) -> int:
        """-> the request that a second person must grant."""
        return self._do(self._store.cash.ask_reversal, number, by, int(time.time()))

    def day(self, day: int | None, clerk: str) -> dict[str, Any]:
        """-> {day, cash, drawers}; day: since 2000-01-01, None: today."""
        day = validity.today(int(time.time())) if day is None else day
        return {
            "day": validity.shown(day),
            "cash": self._store.cash.of_day(day, clerk),
            "drawers": [
                row for row in self._store.cash.drawers(day) if clerk in ("", row["clerk"])
            ],
        }

    def new_receipt(self) -> str:
        """A number for the next receipt: the day, and six letters that nobody guesses."""
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        tail = "".join(secrets.choice(letters) for _ in range(6))
        return f"{validity.shown(validity.today(int(time.time()))).replace('-', '')}-{tail}"
