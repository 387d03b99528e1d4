"""Top-ups: what phones, the channel and finance ask; called from any thread, as `orders` is.

An order is committed before the channel hears of it; what the channel says is committed before it
is answered. The channel is waited for here, in the caller's thread, and nowhere else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sync_server.core import topups
from sync_server.core.topups import Told
from sync_server.gateway.channel import CLOSED, Channel, Headers, NotAuthentic, Unreached
from sync_server.gateway.refusals import Impossible, NotReady

if TYPE_CHECKING:
    from sync_server.store.store import Store

log = logging.getLogger(__name__)

_PAGE = 50
_ASKED_AT_ONCE = 100  # of the channel, a sweep


class Payments:
    """do: runs a change in the writer thread. awaited: something new may wait for cards."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        do: Callable[..., Any],
        awaited: Callable[[], None],
    ):
        self._store = store
        self._channels = channels
        self._do = do
        self._awaited = awaited

    def channels(self) -> list[dict[str, str]]:
        """name, shown."""
        return [{"name": one.name, "shown": one.shown} for one in self._channels.values()]

    def order(
        self, channel: str, card: int, fen: int, wish: str, by: str, site: str
    ) -> dict[str, Any]:
        """site: our own address, for the channel. -> the payment, with pay_url while it is open."""
        through = self._through(channel)
        row = self._do(self._store.topups.order, channel, card, fen, wish, by, _now_s())
        return self._started(row, through, site, "money")

    def order_for_fee(
        self, channel: str, card: int, fee: int, wish: str, by: str, site: str
    ) -> dict[str, Any]:
        """The same for a fee that is due, of the holder of this phone."""
        through = self._through(channel)
        row = self._do(self._store.topups.order_for_fee, channel, card, fee, wish, by, _now_s())
        return self._started(row, through, site, "fees")

    def _started(
        self, row: dict[str, Any], through: Channel, site: str, page: str
    ) -> dict[str, Any]:
        if row["state"] != topups.ORDERED:
            return row
        try:
            notify, back = f"{site}/api/pay/{row['channel']}", f"{site}/phone#{page}"
            address = through.start(row, notify, back)
        except Unreached as error:
            log.warning("top-up %s: %s", row["number"], error)
            raise NotReady("the payment channel is not reached: please try again") from None
        return row | {"pay_url": address}

    def callback(self, channel: str, path: str, headers: Headers, body: bytes) -> dict[str, Any]:
        """-> the payment as it is now. Impossible 401 for what the channel did not say."""
        try:
            told = self._through(channel).verify(path, headers, body)
        except NotAuthentic as error:
            raise Impossible(str(error), 401) from None
        return self._arrived(channel, told)

    def sweep(self) -> dict[str, int]:
        """Ask the channel about all whose word is missing. -> how many were paid, expired,
        returned, refused; unreached."""
        done = dict.fromkeys(("paid", "expired", "returned", "refused", "unreached"), 0)
        for row in self._store.topups.to_ask(_now_s(), _ASKED_AT_ONCE):
            through = self._channels.get(row["channel"])
            if through is None:
                continue
            try:
                what = self._ask_about(row, through)
            except Unreached as error:
                log.warning("top-up %s: %s", row["number"], error)
                what = "unreached"
            if what:
                done[what] += 1
            if what == "unreached":
                break  # the others would wait as long
        return done

    def _ask_about(self, row: dict[str, Any], through: Channel) -> str:
        if row["state"] == topups.RETURNING:
            is_taken = through.refund(row)
            self._do(self._store.topups.returned, row["id"], is_taken, _now_s())
            return "returned" if is_taken else "refused"
        told = through.query(row["number"])
        if isinstance(told, Told):
            self._arrived(row["channel"], told)
            return "paid"
        is_over = told == CLOSED and _now_s() >= row["expires_utc_s"]
        if is_over or _now_s() >= row["expires_utc_s"] + topups.ASK_UNTIL_S:
            self._do(self._store.topups.expire, row["id"], _now_s())
            return "expired"
        return ""

    def _arrived(self, channel: str, told: Told) -> dict[str, Any]:
        row = self._do(self._store.topups.arrived, channel, told, _now_s())
        self._awaited()
        return row

    def ask_return(self, number: int, by: str) -> int:
        """Kept money shall go back to its payer. -> the request for a second person"""
        if self._store.topups.one(number) is None:
            raise Impossible("there is no such payment", 404)
        return self._do(self._store.topups.ask_return, number, by, _now_s())

    def listed(self, only_kept: bool, before: int) -> dict[str, Any]:
        """-> {totals, payments, notes, channels}"""
        return {
            "totals": self._store.topups.totals(),
            "payments": self._store.topups.listed(only_kept, before, _PAGE),
            "notes": self._store.topups.notes(_PAGE),
            "channels": self.channels(),
        }

    def _through(self, channel: str) -> Channel:
        found = self._channels.get(channel)
        if found is None:
            raise Impossible("there is no such payment channel", 404)
        return found


def _now_s() -> int:
    return int(time.time())
