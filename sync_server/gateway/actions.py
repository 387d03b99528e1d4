"""What the desk asks about the action list; called from any thread, as `orders` is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import messages
from sync_server.gateway.refusals import Impossible
from sync_server.store.actions import NotOpen

if TYPE_CHECKING:
    from sync_server.store.store import Store

_OPS = {messages.LOAD: "load"}


class Actions:
    """do: runs a change in the writer thread and waits for its commit. tell(version): pushes."""

    def __init__(self, store: Store, do: Callable[..., Any], tell: Callable[[int], None]):
        self._store = store
        self._do = do
        self._tell = tell

    def order(self, wishes: list[tuple[int, int]], by: str) -> list[int]:
        """(card, fen) each paid in: on the card at its next tap. -> numbers of the actions."""
        made = self._do(self._store.actions.order_loads, wishes, by, _now_s())
        self._tell(self._store.actions.waiting_version)
        return made

    def withdraw(self, number: int) -> None:
        """It shall not be loaded after all. Impossible 409 if it may be on the card by now."""
        try:
            self._do(self._store.actions.withdraw_load, number, _now_s())
        except NotOpen as error:
            raise Impossible(str(error), 409) from None

    def of_card(self, card: int) -> list[dict[str, Any]]:
        """action, op, amount_fen, state (open, granted, done, withdrawn), terminal, serial, times;
        newest first."""
        return [_row(row) for row in self._store.actions.of(card)]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    is_granted = row["state"] == "open" and row["counter"] is not None
    names = ("card", "amount_fen", "terminal", "serial", "ordered_by", "ordered_utc_s")
    return {name: row[name] for name in (*names, "ended_utc_s")} | {
        "action": row["id"],
        "op": _OPS.get(row["op"], str(row["op"])),
        "state": "granted" if is_granted else row["state"],
    }


def _now_s() -> int:
    return int(time.time())
