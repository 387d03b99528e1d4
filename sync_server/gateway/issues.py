"""What the desk asks about chips and the cards that they become; called from any thread.

Masters stay here: the desk is given what one chip needs, and asks what a card's bytes mean. Story:
docs/desk.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from card_layout import identity, purse_m1
from card_layout.block import Altered
from protocol import record
from sync_server.core.actions import DESK
from sync_server.gateway.refusals import Impossible
from sync_server.gateway.requests import mac2_of
from sync_server.store.issues import NotSo

if TYPE_CHECKING:
    from sync_server.gateway.orders import Orders
    from sync_server.keyring import Keyring
    from sync_server.store.store import Store

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


@dataclass(frozen=True)
class Sign:
    """What a CPU card answered to INITIALIZE FOR LOAD; as a terminal's SIGN."""

    action: int
    serial: int
    count: int
    balance_fen: int
    random: bytes
    mac1: bytes
    utc_s: int


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
        found = self._do(self._store.issues.begin, wish, credential, replaces, by, _now_s())
        if replaces is not None:
            self._orders.relisted()
        row = self._store.cards.get(found["card"])
        assert row is not None
        told = self._told(found)
        if credential == record.MIFARE:
            blocks = self._keyring.personalise(row, found["counter"])
            return told | {"blocks": [[block, data.hex()] for block, data in blocks]}
        wallet = self._keyring.wallet(row)
        return told | {"wallet": {name: data.hex() for name, data in wallet.items()}}

    def end(self, card: int) -> dict[str, Any]:
        """It was read back right. -> the issue."""
        return self._told(self._do(self._store.issues.end, card, _now_s()))

    def void(self, card: int, by: str) -> dict[str, Any]:
        """It will not be finished. -> the issue."""
        found = self._do(self._store.issues.void, card, by, _now_s())
        self._orders.relisted()
        return self._told(found)

    def chip(self, uid: bytes) -> dict[str, Any]:
        """What is known of a chip: the newest card that it was, and the keys that may read it
        on MIFARE. Impossible 404 if it was never ours."""
        number = self._store.issues.newest_of(uid.hex())
        if number is None:
            raise Impossible("this chip was never a card of ours", 404)
        found = self._keyring.sector_keys(uid, "A")
        return self.card(number) | {"keys_a": [key.hex() for key in found]}

    def card(self, number: int) -> dict[str, Any]:
        """card, uid, name, holder_kind, valid_until, zones, state, heir. Impossible 404."""
        row, closing = self._store.cards.get(number), self._store.issues.closing(number)
        if row is None:
            raise Impossible(f"card {number} was never issued", 404)
        issue = self._store.issues.get(number)
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
        known |= {"ledger_fen": self._store.issues.held_fen(number), "problem": found.problem}
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
        elif self._store.issues.closing(number) is None:
            raise Impossible(f"card {number} was not read", 409)
        paid_fen = self._do(self._store.issues.take_back, number, fen, counter, by, _now_s())
        self._orders.relisted()
        return {
            "card": number,
            "paid_fen": paid_fen,
            "keys_b": [key.hex() for key in self._keyring.sector_keys(uid, "B")],
            "master": self._keyring.master(uid).hex(),
        }

    def loading(self, uid: bytes, told: OnMifare | OnCpu) -> dict[str, Any]:
        """What waits for this card and may be put on it now: action (0: nothing), amount_fen, and a
        block with keys that write it, or the PIN of a CPU card. Asked again when it is on the card,
        it is booked. Impossible 409 for a card that is not right."""
        seen = self.read(uid, told)
        if seen["problem"]:
            raise Impossible(f"card {seen['card']} is not right: {seen['problem']}", 409)
        found = self._on_card(uid, told)
        purse = found.purse
        nothing = {"action": 0, "balance_fen": found.balance_fen}
        if found.is_stopped:
            return nothing  # a till takes the mark off first
        asked = _Asked(
            seen["card"], record.CPU if purse is None else record.MIFARE, found.counter,
            found.balance_fen, 0, purse.terminal if purse else 0, purse.serial if purse else 0,
        )  # fmt: skip
        action, _, fen = self._do(self._store.actions.ask_at_desk, asked, _now_s())
        if not action:
            return nothing
        told_ = {"action": action, "amount_fen": fen, "balance_fen": found.balance_fen}
        if purse is None:
            return told_ | {"pin": self._keyring.pin(uid).hex()}
        assert found.who is not None
        try:
            after = purse_m1.successor(purse, fen, DESK, action)
        except ValueError as error:
            raise Impossible(f"card {seen['card']} cannot be loaded: {error}", 409) from None
        mac = self._keyring.card_macs(uid)[found.who.key_version - 1]
        block = purse_m1.pack(after, uid, found.place, mac)
        keys = [key.hex() for key in self._keyring.sector_keys(uid, "B")]
        return told_ | {"block": [found.place, block.hex()], "keys_b": keys}

    def sign(self, asked: Sign) -> bytes:
        """MAC2 for a CPU card's load. Impossible 409: it is done, or not this card's."""
        mac2 = self._do(mac2_of, self._store, self._keyring, DESK, asked)
        if not mac2:
            raise Impossible(f"action {asked.action} is not to be loaded now", 409)
        return mac2

    def settle(self, by: str) -> list[dict[str, Any]]:
        """Move the balances of replaced cards whose records are all in. -> as the store."""
        rows = self._do(self._store.issues.settle, by, _now_s())
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
            purse, index, _ = purse_m1.choose(told.purse_a, told.purse_b, uid, *macs)
        except Altered:
            return _Seen(who, 0, 0, "purse")
        held = told.purse_a if index == purse_m1.BLOCK_B else told.purse_b
        is_stopped = purse_m1.is_stopped(held)
        return _Seen(who, purse.balance_fen, purse.counter, "", purse, index, is_stopped)

    def _judged(self, number: int, found: _Seen) -> str:
        assert found.who is not None
        if found.who.card != number:
            return "older"
        if found.purse and found.purse.counter < self._store.issues.highest_counter(number):
            return "older"  # a CPU card's state cannot be put back
        if self._store.issues.closing(number):
            return "dead"
        return "listed" if self._store.lists.is_listed(number) else ""

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
    purse: purse_m1.Purse | None = None  # of MIFARE, and the block to write next
    place: int = 0
    is_stopped: bool = False


class _Asked(NamedTuple):
    """As a terminal's ACTION."""

    card: int
    credential: int
    counter: int
    balance_fen: int
    serial: int
    previous_terminal: int
    previous_serial: int


def _now_s() -> int:
    return int(time.time())
