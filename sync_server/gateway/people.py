"""Holders, the lists that offices send of them, and those who leave: asked by the web."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync_server.core import rosters, sheets, validity
from sync_server.gateway import looks
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.gateway.service import Gateway

_PAGE, _TAPS = 50, 60
_SETTLE_AT_ONCE = 200  # people a commit


class People:
    """Part of the orders. do: runs a change in the writer thread; relist: one that may change the
    blacklist."""

    def __init__(
        self, gateway: Gateway, do: Callable[..., Any], relist: Callable[..., dict[str, Any]]
    ):
        self._gateway = gateway
        self._store = gateway.store
        self._do = do
        self._relist = relist

    def find(self, text: str, kind: int, after: int) -> list[dict[str, Any]]:
        """Holders by number, name or card."""
        return self._store.holders.find(text, kind, _PAGE, after)

    def counts(self) -> dict[str, int]:
        """Holders by kind ("1", "2", "3"), "0": have left."""
        return self._store.holders.counts()

    def holder(self, number: int) -> dict[str, Any]:
        """-> {holder, cards, extensions, taps}. Impossible 404."""
        row = self._store.holders.get(number)
        if row is None:
            raise Impossible("there is no such holder", 404)
        return {
            "holder": row,
            "cards": self._store.holders.cards_of(number),
            "extensions": self._store.holders.extensions_of(number),
            "taps": looks.taps(self._store.holders.payments_of(number, _TAPS)),
        }

    def holder_of_card(self, card: int) -> dict[str, Any] | None:
        """Whose it is, None if nobody's."""
        number = self._store.holders.of_card(card)
        return self._store.holders.get(number) if number else None

    def extend(self, number: int, until: int, approver: str, paper: str, by: str) -> None:
        """A later last day, on somebody's word."""
        row = self.holder(number)["holder"]
        now_s = _now_s()
        most = validity.latest(row["kind"], validity.today(now_s))
        if not row["valid_until"] < until <= most:
            raise Impossible(
                f"the new day must be after {validity.shown(row['valid_until'])}"
                f" and at the latest {validity.shown(most)}"
            )
        word = {"approver": approver, "paper": paper}
        self._do(self._store.holders.extend, number, until, word, by, now_s)

    def link(self, number: int, card: int) -> None:
        """A card that is nobody's is this holder's."""
        self.holder(number)
        self._do(self._store.holders.link_card, number, card)

    # lists

    def put(
        self, kind: str, file: str, data: bytes, by: str, for_all: dict[str, str] | None = None
    ) -> tuple[int, bool]:
        """Read a list and keep it; nothing changes yet. for_all: fields that fill empty cells; a
        file with others is another list. -> (id, is it new). sheets.BadSheet"""
        for_all = for_all or {}
        rows = rosters.read(kind, sheets.rows(data), for_all)
        if not rows:
            raise sheets.BadSheet("the list is empty")
        said = json.dumps(for_all, sort_keys=True).encode() if for_all else b""
        digest = hashlib.sha256(data + said).digest()
        return self._do(self._store.rosters.put, kind, digest, file, rows, by, _now_s())

    def rosters(self) -> list[dict[str, Any]]:
        """The last lists."""
        return self._store.rosters.recent(_PAGE)

    def roster(self, number: int) -> dict[str, Any]:
        """-> {list, counts, lines: [{row, number, name, change, will, was, faults}]}"""
        found = self._store.rosters.get(number, validity.today(_now_s()))
        if found is None:
            raise Impossible("there is no such list", 404)
        told, lines = found
        return {
            "list": told,
            "counts": dict(Counter(line.change for line in lines)),
            "lines": [
                line._asdict() | {"was": line.was._asdict() if line.was else None} for line in lines
            ],
        }

    def apply(self, number: int, by: str) -> dict[str, int]:
        """Do it, once; {"waits": request} if a second person must grant it."""
        now_s = _now_s()
        work = self._store.rosters.apply
        return self._relist(work, number, validity.today(now_s), by, now_s)

    def subsidies(self) -> dict[str, Any]:
        """-> {left_fen: what is left for meals, below zero: unpaid; months}"""
        kept = self._store.subsidies
        return {"left_fen": kept.left_fen(), "months": kept.months(_PAGE)}

    # leavers

    def leavers(self, settled: bool, after: int) -> dict[str, Any]:
        """-> {totals, leavers, waits: terminals that may still have records, refunds}"""
        waits = set(self._store.leavers.waits())
        terminals = self._gateway.terminals
        return {
            "totals": self._store.leavers.totals(),
            "leavers": self._store.leavers.find(settled, _PAGE, after),
            "waits": [
                {"number": n, "kind": terminals[n].kind, "place": terminals[n].place}
                for n in sorted(waits & set(terminals))
            ],
            "refunds": self._store.leavers.refunds(),
        }

    def settle(self) -> dict[str, int]:
        """All whose records are in, some a commit; called again it goes on where it stopped."""
        told = Counter[str]()
        more = True
        while more:
            step = self._do(self._store.leavers.settle, _SETTLE_AT_ONCE, _now_s())
            told["settled"] += step["settled"]
            more = bool(step["left"])
            told["waiting"], told["owing"] = step["waiting"], step["owing"]
        return dict(told)

    def refund(self, by: str) -> int:
        """Ask for a batch of refunds. -> its number"""
        return self._do(self._store.leavers.make_refund, by, _now_s())

    def refund_rows(self, number: int) -> list[dict[str, Any]]:
        """Who gets what from a batch that was granted. Impossible 409, 404."""
        rows = self._store.leavers.refund_rows(number)
        if rows is None:
            raise Impossible("this batch is not granted", 409)
        return rows


def _now_s() -> int:
    return int(time.time())
