"""What technicians and their office ask about claims; called from any thread, as `orders` is.

The office makes a claim for some boxes; the code is told once and kept nowhere. Each box then asks
with a question sealed by the code, at once or from a file days later (docs/flash.md).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import claim as seals
from protocol.errors import RemoteError
from sync_server.gateway.refusals import Impossible
from sync_server.keyring import KINDS, OWN_KEY

if TYPE_CHECKING:
    from sync_server.keyring import Keyring
    from sync_server.store.store import Store

BOXES_MAX = 200
DAYS_MAX = 60
_DAY_S = 86400
_CLAIM_KEY = b"campus-card claim"


class Claims:
    """Orders about claims. do: runs a change in the writer thread and waits for its commit;
    enrolled(number): the gateway shall know the terminal as the store has it now; its row."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        do: Callable[..., Any],
        enrolled: Callable[[int], Any],
    ):
        self._store = store
        self._keyring = keyring
        self._do = do
        self._enrolled = enrolled

    def make(self, wish: dict[str, Any]) -> dict[str, Any]:
        """wish: kind, place, merchant, boxes, days, kit (are the numbers made beforehand).
        -> code, until_utc_s, boxes, kit (sealed, or None)."""
        text = seals.code_of(secrets.token_bytes(seals.DIGITS))
        code = seals.read_code(text)
        name, key = seals.name_of(code), seals.key_of(code)
        until_s = _now_s() + wish["days"] * _DAY_S
        row = {
            "name": name,
            "hidden_key": self._keyring.hide(_CLAIM_KEY, key),
            "kind": wish["kind"],
            "place": wish["place"],
            "merchant": wish["merchant"] or None,
            "boxes": wish["boxes"],
            "until_utc_s": until_s,
        }
        numbers = self._do(self._store.claims.make, row, wish["kit"], _now_s())
        kit = None
        if numbers:
            for number in numbers:
                self._enrolled(number)
            pages = [self._keyring.page(number, wish["kind"], 1) for number in numbers]
            nonce = secrets.token_bytes(seals.NONCE)
            kit = seals.seal(seals.KIT, name, key, nonce, seals.pack_pages(pages)).hex()
        return {"code": text, "boxes": wish["boxes"], "until_utc_s": until_s, "kit": kit}

    def known(self, name: bytes) -> bool:
        """Is there a claim of this name that has not ended?"""
        row = self._store.claims.get(name)
        return row is not None and row["until_utc_s"] >= _now_s()

    def use(self, name: bytes, sealed: bytes) -> bytes:
        """A box's sealed question. -> the sealed answer."""
        row = self._store.claims.get(name)
        if row is None or row["until_utc_s"] < _now_s():
            raise Impossible("there is no such claim, or it has ended", 403)
        key = self._keyring.show(_CLAIM_KEY, row["hidden_key"])
        try:
            asked = seals.unpack_question(seals.unseal(seals.QUESTION, name, key, sealed))
        except RemoteError as error:
            raise Impossible(f"this was not sealed with the claim's code: {error}") from None
        if asked.kind != KINDS[row["kind"]]:
            raise Impossible(f"this claim is for a {row['kind']}", 409)
        hidden = self._keyring.hide(OWN_KEY, asked.enrolment)
        number = self._do(self._take, row, asked, hidden)
        generation = self._enrolled(number)["generation"]
        page = self._keyring.page(number, row["kind"], generation)
        answer = seals.pack_pages([page])
        nonce = secrets.token_bytes(seals.NONCE)
        return seals.seal(seals.ANSWER, name, key, nonce, answer, sealed[: seals.NONCE])

    def _take(self, row: dict[str, Any], asked: seals.Question, hidden: bytes) -> int:
        """In the writer thread, all or nothing."""
        with self._store.group():
            now_s = _now_s()
            number = self._store.claims.use(row, asked.device, asked.terminal, asked.place, now_s)
            self._store.claims.set_own_key(number, hidden)
            return number


def _now_s() -> int:
    return int(time.time())
