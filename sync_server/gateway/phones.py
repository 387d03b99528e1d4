"""What people and phones ask about phones; called from any thread, as `orders` is.

An invitation is a random ticket that is good once, for a day; only its hash is kept. The terminals
are told the issuer's key with the first invitation.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import params
from sync_server.core import phones
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.gateway.orders import Orders
    from sync_server.keyring import Keyring
    from sync_server.store.store import Store

_TICKET_BYTES = 16
_NO_UID = "00000000"  # of a card number that no chip has


class Phones:
    """Orders about phones. do: runs a change in the writer thread and waits for its commit."""

    def __init__(self, orders: Orders, store: Store, keyring: Keyring, do: Callable[..., Any]):
        self._orders = orders
        self._store = store
        self._keyring = keyring
        self._do = do

    def invite(self, wish: dict[str, Any]) -> tuple[int, str]:
        """A card number for a phone, with money in its account. -> (number, ticket)."""
        issuer = bytes((self._keyring.ISSUER,)) + self._keyring.issuer_key
        if params.unpack(self._store.terminals.params(0)[1]).get("code_issuers") != issuer:
            self._orders.set_params(None, {"code_issuers": issuer})
        ((number, _),) = self._orders.issue_cards([wish | {"uid": _NO_UID}])
        ticket = secrets.token_bytes(_TICKET_BYTES)
        until_s = _now_s() + phones.INVITATION_S
        self._do(self._store.phones.invite, number, _hash(ticket), until_s)
        return number, ticket.hex()

    def enrol(self, ticket: bytes, public_key: bytes) -> dict[str, Any]:
        """The phone that was invited has made its key. -> what it keeps."""
        key = phones.squeezed(public_key)
        if key is None:
            raise Impossible("public_key is no point of P-256")
        number = self._do(self._store.phones.enrol, _hash(ticket), key, _now_s())
        if number is None:
            raise Impossible("this invitation was used already, or is too old", 403)
        return self._authorised(number, key)

    def renew(self, number: int, phone_utc_s: int, signature: bytes) -> dict[str, Any]:
        """A phone asks for some more days."""
        key = self.says(number, phones.renewal(number, phone_utc_s), phone_utc_s, signature)
        if self._store.lists.is_listed(number):
            raise Impossible("this phone was reported lost", 403)
        return self._authorised(number, key)

    def cards(self, number: int, phone_utc_s: int, signature: bytes) -> list[dict[str, Any]]:
        """The cards of its holder that are no phones and have not ended, each with how far its
        loss has come."""
        self.says(number, phones.look(number, phone_utc_s), phone_utc_s, signature)
        return [self._orders.loss_reach(card) for card in self._cards_beside(number)]

    def loss(
        self, number: int, phone_utc_s: int, card: int, is_lost: bool, signature: bytes
    ) -> dict[str, Any]:
        """One of these cards is lost, or found. What was signed before the last change of it is
        old. -> how far it has come"""
        said = phones.loss(number, phone_utc_s, card, is_lost)
        self.says(number, said, phone_utc_s, signature)
        if card not in self._cards_beside(number):
            raise Impossible("this is no card of yours", 404)
        if self._store.lists.loss_changed(card) > phone_utc_s:
            raise Impossible("this was signed before the last report of that card", 409)
        change = self._orders.loss_report if is_lost else self._orders.loss_withdraw
        return change(card, by=f"phone {number}")

    def wishes(
        self, what: str, number: int, phone_utc_s: int, wish: str, signature: bytes
    ) -> set[int]:
        """It signed this wish, now. -> the cards that it may speak of: its own number, and those
        of its holder. Impossible 403."""
        said = phones.wished(what, number, phone_utc_s, wish)
        self.says(number, said, phone_utc_s, signature)
        if self._store.lists.is_listed(number):
            raise Impossible("this phone was reported lost", 403)
        return {number, *self._cards_beside(number)}

    def _cards_beside(self, number: int) -> list[int]:
        holder = self._store.holders.of_card(number)
        rows = self._store.holders.cards_of(holder) if holder is not None else []
        return [
            row["number"]
            for row in rows
            if not (row["phone"] or row["ended_utc_s"] or row["closed"])
        ]

    def says(self, number: int, said: bytes, phone_utc_s: int, signature: bytes) -> bytes:
        """-> the key of a phone of ours that has signed this now. Impossible 403."""
        row = self._store.phones.get(number)
        key = row["public_key"] if row else None
        if not key or not phones.says(key, said, signature, phone_utc_s, _now_s()):
            raise Impossible("this is not a phone of ours, or its clock is wrong", 403)
        return key

    def _authorised(self, number: int, key: bytes) -> dict[str, Any]:
        card, now_s, keyring = self._store.cards.get(number), _now_s(), self._keyring
        assert card is not None
        data = phones.authorise(card, key, keyring.ISSUER, keyring.sign_code, now_s)
        return {"card": number, "name": card["name"], "authorised": data.hex(), "utc_s": now_s}


def _hash(ticket: bytes) -> bytes:
    return hashlib.sha256(ticket).digest()


def _now_s() -> int:
    return int(time.time())
