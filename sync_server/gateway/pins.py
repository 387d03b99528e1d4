"""What people ask about PINs; called from any thread, as `orders` is.

A holder sets one with their phone's key, or by a link that the desk gave, which is good once. Who
has one says the old one to change it: such a try counts as any other.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import reasons
from sync_server.core import phones, pins
from sync_server.core.pins import Begun
from sync_server.gateway.phones import Phones
from sync_server.gateway.pin_tries import Hashing
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.store.store import Store

_TICKET_BYTES = 16
_SHOWN = 20


class Pins:
    """Orders about PINs. do: runs a change in the writer thread and waits for its commit."""

    def __init__(self, store: Store, phones: Phones, hashing: Hashing, do: Callable[..., Any]):
        self._store = store
        self._phones = phones
        self._hashing = hashing
        self._do = do

    # at the desk

    def of(self, holder: int) -> dict[str, Any]:
        """is_set, is_locked, set_utc_s, set_by, unlocked_utc_s, tries: the last ones."""
        row = self._store.pins.state(holder)
        return row | {"tries": self._store.pins.tries(holder, _SHOWN)}

    def invite(self, holder: int) -> str:
        """-> a ticket for the holder's own eyes: it sets the PIN once, for a quarter of an hour."""
        row = self._store.holders.get(holder)
        if row is None or row["ended_utc_s"] is not None:
            raise Impossible("there is no such holder, or they have left", 404)
        ticket = secrets.token_bytes(_TICKET_BYTES)
        self._do(self._store.pins.invite, holder, _hash(ticket), _now_s() + pins.TICKET_S)
        return ticket.hex()

    def unlock(self, holder: int) -> None:
        """The clerk knows who stands there. Impossible."""
        self._do(self._store.pins.unlock, holder, _now_s(), False)

    # by whoever has a link

    def invited(self, ticket: bytes) -> int:
        """The holder whose link it is. Impossible 403 if it is not good any more."""
        holder = self._store.pins.invited(_hash(ticket), _now_s())
        if holder is None:
            raise Impossible("this link was used already, or is too old", 403)
        return holder

    def put(self, ticket: bytes, pin: str) -> None:
        """By the link of the desk."""
        hashed = self._checked(self.invited(ticket), pin)
        self._do(self._store.pins.put_invited, _hash(ticket), hashed, "desk", _now_s())

    # by the holder's phone

    def of_phone(self, number: int, phone_utc_s: int, signature: bytes) -> dict[str, bool]:
        """-> is_set, is_locked"""
        self._phones.says(number, phones.look(number, phone_utc_s), phone_utc_s, signature)
        row = self._store.pins.state(self._holder(number))
        return {name: row[name] for name in ("is_set", "is_locked")}

    def change(
        self, number: int, phone_utc_s: int, pin: str, old: str, signature: bytes
    ) -> dict[str, bool]:
        """Set it, or change it. Impossible 403 with a wrong old one. -> is_set, is_locked"""
        said = phones.pin(number, phone_utc_s, pin)
        self._phones.says(number, said, phone_utc_s, signature)
        holder = self._holder(number)
        row = self._store.pins.state(holder)
        if (row["set_utc_s"] or 0) > phone_utc_s:
            raise Impossible("this was signed before the last change of the PIN", 409)
        hashed = self._checked(holder, pin)
        if row["is_set"]:
            self._says_old(number, old)
        self._do(self._store.pins.put, holder, hashed, f"phone {number}", _now_s())
        return {"is_set": True, "is_locked": False}

    def unlock_by_phone(self, number: int, phone_utc_s: int, signature: bytes) -> dict[str, bool]:
        """Three more tries, once a day. -> is_set, is_locked"""
        said = phones.unlock(number, phone_utc_s)
        self._phones.says(number, said, phone_utc_s, signature)
        self._do(self._store.pins.unlock, self._holder(number), _now_s(), True)
        return {"is_set": True, "is_locked": False}

    def _says_old(self, number: int, old: str) -> None:
        found = self._do(self._store.pins.begin, number, 0, 0, 0, _now_s())
        if isinstance(found, Begun):
            is_right = self._hashing.is_right(found.hashed, old).result()
            found = self._do(self._store.pins.end, found.number, is_right, _now_s())
        if found is None or found.reason == reasons.PIN_LOCKED:
            raise Impossible("the PIN is locked: unlock it first", 409)
        if found.reason != reasons.OK:
            raise Impossible(f"the old PIN is wrong, {found.left} tries are left", 403)

    def _checked(self, holder: int, pin: str) -> str:
        """-> the hash of a PIN that may be one."""
        row = self._store.holders.get(holder)
        fault = pins.fault(pin, row["number"] if row else "")
        if fault:
            raise Impossible(fault)
        return self._hashing.hashed(pin)

    def _holder(self, number: int) -> int:
        holder = self._store.holders.of_card(number)
        if holder is None:
            raise Impossible("this phone is nobody's: the card office can link it", 404)
        return holder


def _hash(ticket: bytes) -> bytes:
    return hashlib.sha256(ticket).digest()


def _now_s() -> int:
    return int(time.time())
