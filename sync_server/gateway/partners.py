"""What people order about other systems, and what those ask; called from any thread.

A key's and a webhook's secret are made here, told once, and kept as a hash or hidden. Rules:
core.partners, core.hooks; a code's questions are those of a terminal (firmware.credential.code).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection
from functools import cached_property
from typing import TYPE_CHECKING, Any

from card_layout import base45, code, p256
from protocol import params
from sync_server.core import hooks, partners
from sync_server.core.audit import Act
from sync_server.gateway.acting import errand
from sync_server.gateway.hooks import url_fault
from sync_server.gateway.refusals import Impossible
from sync_server.keyring import HOOK_SECRET

if TYPE_CHECKING:
    from sync_server.keyring import Keyring
    from sync_server.store.store import Store

PAGE = 500
_USES_DAYS = 30
_CODE_TEXT_MOST = 400
_COUNTER_MAX = 0xFFFFFF
_ID_MAX = 2**62


class Partners:
    """Part of the orders. do: runs a change in the writer thread, and keeps it in the log if
    somebody asked for it. ours: hosts of the campus that webhooks may go to."""

    def __init__(self, store: Store, keyring: Keyring, do: Callable[..., Any]):
        self._store = store
        self._rows = store.partners
        self._hooks = store.hooks
        self._keyring = keyring
        self._do = do
        self._full: dict[int, int] = {}  # partner -> minute of which it is in the log
        self.ours: Collection[str] = ()

    @cached_property
    def _issuer(self) -> Any:
        """What phones' codes are checked with: some milliseconds, and few ask."""
        return p256.multiples(p256.decode(self._keyring.issuer_key))

    # what the centre orders

    def rows(self) -> list[dict[str, Any]]:
        """All, each with its `state`."""
        now_s = _now_s()
        return [row | {"state": partners.state_of(row, now_s)} for row in self._rows.all()]

    def one(self, number: int) -> dict[str, Any]:
        """-> {partner, keys, uses, hook, deliveries, troubled}. Impossible 404."""
        row, now_s = self._known(number), _now_s()
        hook = self._hooks.of(number)
        shown = ("url", "events", "set_by", "set_utc_s")
        return {
            "partner": row | {"state": partners.state_of(row, now_s)},
            "keys": self._rows.keys(number),
            "uses": self._rows.uses(number, partners.day_of(now_s) - _USES_DAYS),
            "hook": {name: hook[name] for name in shown} if hook else None,
            "deliveries": self._hooks.counts(number),
            "troubled": self._hooks.troubled(number),
        }

    def ask(self, wish: dict[str, str], by: str) -> int:
        """-> id"""
        return self._do(self._rows.ask, wish, by, _now_s())

    def grant(self, number: int, grant: dict[str, Any], by: str) -> None:
        """Now, or otherwise than before."""
        self._known(number)
        asking = errand.get()
        if asking is not None:
            asking.act = asking.act._replace(detail=dict(grant))
        self._do(self._rows.grant, number, grant, by, _now_s())

    def refuse(self, number: int, by: str) -> None:
        """What was asked is not granted."""
        self._known(number)
        self._do(self._rows.refuse, number, by, _now_s())

    def stop(self, number: int, by: str) -> None:
        """Nothing of it works any more when this returns."""
        self._known(number)
        self._do(self._rows.stop, number, by, _now_s())

    def make_key(self, number: int, by: str) -> str:
        """-> the key, told this once."""
        self._known(number)
        secret = secrets.token_bytes(partners.SECRET_BYTES)
        key = self._do(self._rows.make_key, number, partners.hash_of(secret), by, _now_s())
        return partners.key_text(key, secret)

    def set_hook(self, number: int, url: str, events: Collection[str], by: str) -> str:
        """-> the secret, told this once. Impossible says why not."""
        grant = partners.grant_of(self._known(number), _now_s())
        if grant.state != partners.GRANTED:
            raise Impossible("this system is not granted", 409)
        for event in events:
            if hooks.EVENTS[event] not in grant.scopes:
                raise Impossible(f"{event} needs {hooks.EVENTS[event]}, which is not granted")
        fault = url_fault(url, self.ours)
        if fault:
            raise Impossible(fault)
        secret = secrets.token_bytes(hooks.SECRET_BYTES)
        hidden = self._keyring.hide(HOOK_SECRET, secret)
        hook = {"url": url, "secret": hidden, "events": " ".join(events)}
        self._do(self._hooks.set, number, hook, by, _now_s())
        return hooks.secret_text(secret)

    def end_hook(self, number: int) -> None:
        """Nothing is sent any more."""
        self._known(number)
        self._do(self._hooks.end, number, _now_s())

    def send_again(self, number: int) -> int:
        """What is dead is tried again. -> how many"""
        self._known(number)
        return self._do(self._hooks.again, number, _now_s())

    def _known(self, number: int) -> dict[str, Any]:
        row = self._rows.get(number)
        if row is None:
            raise Impossible(f"there is no system {number}", 404)
        return row

    # who asks

    def known(self, offered: str) -> tuple[partners.Grant, dict[str, Any]] | None:
        """The grant and the key of a system, None if it is no key of ours. A wrong secret under a
        number that is one is kept in the log."""
        read = partners.read_key(offered)
        key = self._rows.key(read[0]) if read else None
        if read is None or key is None or not partners.is_key(read[1], key["hash"]):
            return None
        row = self._rows.get(key["partner"])
        assert row is not None
        return partners.grant_of(row, _now_s()), key

    def wrong(self, offered: str, address: str) -> None:
        """It was no key: kept in the log if there is one of that number."""
        read = partners.read_key(offered)
        key = self._rows.key(read[0]) if read else None
        if key is not None:
            self._note(key["partner"], "partner wrong key", {"address": address})

    def fault(self, grant: partners.Grant, key: dict[str, Any], address: str, scope: str) -> str:
        """Why it is refused, "" if it is not."""
        return partners.fault_of(grant, key, address, scope, _now_s())

    def refused(self, grant: partners.Grant, what: str, why: str) -> None:
        """Keep it in the log, and count it."""
        self._note(grant.number, f"{what} refused", {"why": why})
        self._do(self._rows.count, grant.number, "refused", _now_s())

    def full(self, grant: partners.Grant, what: str) -> None:
        """Its minute is full: the first of each minute is kept in the log."""
        minute = _now_s() // 60
        if self._full.get(grant.number) != minute:
            self._full[grant.number] = minute
            self.refused(grant, what, f"more than {grant.a_minute} a minute")

    def count(self, grant: partners.Grant, what: str) -> None:
        """One more use."""
        self._do(self._rows.count, grant.number, what, _now_s())

    def _note(self, number: int, what: str, detail: dict[str, object]) -> None:
        act = Act(f"partner {number}", "", what, f"number {number}", detail)
        self._do(self._store.audit.note, act, _now_s())

    # what it asks

    def card(self, grant: partners.Grant, number: int) -> dict[str, Any]:
        """Impossible 404."""
        return self._told(grant, self._rows.card(number))

    def chip(self, grant: partners.Grant, uid: bytes) -> dict[str, Any]:
        """The same of what a reader sees."""
        return self._told(grant, self._rows.chip(uid.hex()))

    def code(self, grant: partners.Grant, text: str) -> dict[str, Any]:
        """The same of a code, which is used up by it. Impossible 409 names the question that
        failed."""
        now_s = _now_s()
        said = self._read_code(text, now_s)
        row = self._rows.card(said.authorisation.card)
        phone = self._store.phones.get(said.authorisation.card)
        if row is None or not phone or phone["public_key"] != said.authorisation.public_key:
            raise Impossible("foreign", 409)  # or the holder has another phone by now
        args = (said.authorisation.card, said.counter, grant.number, now_s)
        if not self._do(self._rows.use_code, *args):
            raise Impossible("used", 409)
        return self._told(grant, row)

    def _read_code(self, text: str, now_s: int) -> Any:
        """A card_layout.code.Code; asked in the order of docs/code.md."""
        try:
            data = base45.decode(text[:_CODE_TEXT_MOST].encode("ascii"))
            said = code.parse(data)
        except (ValueError, code.BadCode):
            raise Impossible("foreign", 409) from None
        if said.authorisation.issuer != self._keyring.ISSUER or not code.issued(data, self._issuer):
            raise Impossible("foreign", 409)
        if not 0 < said.counter <= _COUNTER_MAX:
            raise Impossible("foreign", 409)
        if now_s > said.authorisation.expiry_utc_s:
            raise Impossible("expired", 409)
        if not code.shown(data):
            raise Impossible("altered", 409)
        wanted = params.defaults() | params.unpack(self._store.terminals.params(0)[1])
        tolerance_s = wanted["code_tolerance_s"]
        if not -tolerance_s <= now_s - said.utc_s <= wanted["code_window_s"] + tolerance_s:
            raise Impossible("late", 409)
        return said

    def passes(self, grant: partners.Grant, after: int) -> list[dict[str, Any]]:
        """At most PAGE, in the order of arrival."""
        rows = self._rows.passes(self._rows.gates_of(grant), after, _ID_MAX, PAGE)
        return [partners.pass_row(row, grant) for row in rows]

    def holders(self, grant: partners.Grant, after: int) -> list[dict[str, Any]]:
        """At most PAGE, by id."""
        return [partners.holder_row(row) for row in self._rows.holders(grant.kinds, after, PAGE)]

    def _told(self, grant: partners.Grant, row: dict[str, Any] | None) -> dict[str, Any]:
        if row is None:
            raise Impossible("there is no such card", 404)
        return partners.card_row(row, grant, _now_s())


def _now_s() -> int:
    return int(time.time())
