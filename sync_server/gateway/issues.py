"""What the desk asks about chips and the cards that they become; called from any thread.

Masters stay here: the desk is given what one chip needs, and asks what a card's bytes mean. Story:
docs/desk.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from card_layout import identity, purse_m1
from card_layout.block import Altered
from protocol import record
from sync_server.gateway.refusals import Impossible
from sync_server.store.issues import NotSo

if TYPE_CHECKING:
    from sync_server.gateway.orders import Orders
    from sync_server.keyring import Keyring
    from sync_server.store.sqlite import Store

CREDENTIALS = {"mifare": record.MIFARE, "cpu": record.CPU}
_NAMES = {number: name for name, number in CREDENTIALS.items()}


class OnMifare(NamedTuple):
    """Blocks 4, 5, 6 as they were read."""

    identity: bytes
    purse_a: bytes
    purse_b: bytes


class OnCpu(NamedTuple):
    """What the card told: identity file, balance, loads so far, and its proof for a challenge."""

    identity: bytes
    balance_fen: int
    challenge: bytes
    proof: bytes


class Issues:
    """Orders of the desk. do: runs a change in the writer thread and waits for its commit."""

    def __init__(self, orders: Orders, store: Store, keyring: Keyring, do: Callable[..., Any]):
        self._orders = orders
        self._store = store
        self._keyring = keyring
        self._ask = do

    def begin(
        self, wish: dict[str, Any], credential: int, replaces: int | None, by: str
    ) -> dict[str, Any]:
        """-> the issue, and what personalises the chip: blocks, or a wallet. Asked again while it
        is open, the same."""
        found = self._do(self._store.begin_issue, wish, credential, replaces, by, _now_s())
        if replaces is not None:
            self._orders.relisted()
        row = self._store.card(found["card"])
        assert row is not None
        told = self._told(found)
        if credential == record.MIFARE:
            blocks = self._keyring.personalise(row, found["counter"])
            return told | {"blocks": [[block, data.hex()] for block, data in blocks]}
        wallet = self._keyring.wallet(row)
        return told | {"wallet": {name: data.hex() for name, data in wallet.items()}}

    def end(self, card: int) -> dict[str, Any]:
        """It was read back right. -> the issue."""
        return self._told(self._do(self._store.end_issue, card, _now_s()))

    def void(self, card: int, by: str) -> dict[str, Any]:
        """It will not be finished. -> the issue."""
        found = self._do(self._store.void_issue, card, by, _now_s())
        self._orders.relisted()
        return self._told(found)

    def chip(self, uid: bytes) -> dict[str, Any]:
        """What is known of a chip: the newest card that it was, and the keys that may read it
        on MIFARE. Impossible 404 if it was never ours."""
        number = self._store.newest_of(uid.hex())
        if number is None:
            raise Impossible("this chip was never a card of ours", 404)
        found = self._keyring.sector_keys(uid, "A")
        return self.card(number) | {"keys_a": [key.hex() for key in found]}

    def card(self, number: int) -> dict[str, Any]:
        """card, uid, name, holder_kind, valid_until, zones, state, heir. Impossible 404."""
        row, closing = self._store.card(number), self._store.closing(number)
        if row is None:
            raise Impossible(f"card {number} was never issued", 404)
        issue = self._store.issue(number)
        state = closing["why"] if closing else issue["state"] if issue else "issued"
        names = ("uid", "name", "holder_kind", "valid_until", "zones")
        return {"card": number} | {name: row[name] for name in names} | {
            "state": state, "heir": closing["heir"] if closing else None,
        }  # fmt: skip

    def read(self, uid: bytes, told: OnMifare | OnCpu) -> dict[str, Any]:
        """What a card's bytes say, and what is wrong with it: problem "" for nothing."""
        known = self.chip(uid)
        del known["keys_a"]
        number = known["card"]
        found = self._on_card(uid, told)
        known |= {"balance_fen": found.balance_fen, "counter": found.counter}
        known |= {"ledger_fen": self._store.held_fen(number), "problem": found.problem}
        if not found.problem and found.who is not None:
            known |= {"valid_until": found.who.valid_until, "zones": found.who.zones}
            known["problem"] = self._judged(number, found)
        return known

    def take_back(self, uid: bytes, told: OnMifare | OnCpu | None, by: str) -> dict[str, Any]:
        """The card is here: it is dead from now on. -> card, fen to pay out, and the keys that
        make the chip blank again. told: None only for a card that is dead already."""
        known = self.chip(uid)
        number = known["card"]
        fen = counter = 0
        if told is not None:
            seen = self.read(uid, told)
            if seen["problem"] not in ("", "listed", "dead"):
                raise Impossible(f"card {number} is not what it seems: {seen['problem']}", 409)
            fen, counter = seen["balance_fen"], seen["counter"]
        elif self._store.closing(number) is None:
            raise Impossible(f"card {number} was not read", 409)
        paid_fen = self._do(self._store.take_back, number, fen, counter, by, _now_s())
        self._orders.relisted()
        return {
            "card": number,
            "paid_fen": paid_fen,
            "keys_b": [key.hex() for key in self._keyring.sector_keys(uid, "B")],
            "master": self._keyring.master(uid).hex(),
        }

    def settle(self, by: str) -> list[dict[str, Any]]:
        """Move the balances of replaced cards whose records are all in. -> as the store."""
        rows = self._do(self._store.settle, by, _now_s())
        if any(row["settled"] for row in rows):
            self._orders.awaited()
        return rows

    def _on_card(self, uid: bytes, told: OnMifare | OnCpu) -> _Seen:
        try:
            who = self._keyring.whose(uid, told.identity)
        except Altered:
            return _Seen(None, 0, 0, "identity")
        if isinstance(told, OnCpu):
            is_right = self._keyring.proves(uid, told.challenge, told.proof)
            return _Seen(who, told.balance_fen, 0, "" if is_right else "proof")
        try:
            macs = self._keyring.card_macs(uid)
            purse, _, _ = purse_m1.choose(told.purse_a, told.purse_b, uid, *macs)
        except Altered:
            return _Seen(who, 0, 0, "purse")
        return _Seen(who, purse.balance_fen, purse.counter, "")

    def _judged(self, number: int, found: _Seen) -> str:
        assert found.who is not None
        if found.who.card != number:
            return "older"
        if found.counter < self._store.highest_counter(number):
            return "older"
        if self._store.closing(number):
            return "dead"
        return "listed" if self._store.is_listed(number) else ""

    def _told(self, found: dict[str, Any]) -> dict[str, Any]:
        names = ("card", "state", "fee_fen", "replaces")
        return {name: found[name] for name in names} | {"credential": _NAMES[found["credential"]]}

    def _do(self, work: Callable[..., Any], *args: Any) -> Any:
        try:
            return self._ask(work, *args)
        except NotSo as error:
            raise Impossible(str(error), 409) from None


class _Seen(NamedTuple):
    who: identity.Identity | None
    balance_fen: int
    counter: int
    problem: str


def _now_s() -> int:
    return int(time.time())
