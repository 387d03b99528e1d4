"""Leave to be offline, and who bears payments with a reported card: for people and programs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sync_server.core import evidence
from sync_server.gateway.refusals import Impossible, NotReady
from sync_server.store.lists import UnknownCard
from sync_server.store.store import Store


class Evidence:
    """Part of the orders. do: runs a change in the writer thread; database: beside which the key of
    documents lies."""

    def __init__(self, store: Store, do: Callable[..., Any], database: Path | None = None):
        self._store = store
        self._do = do
        self._database = database

    def signed(self, pdf: bytes, reason: str) -> bytes:
        """A document with the server's signature. NotReady if its key cannot be used."""
        from sync_server.documents import DocumentKey  # readers and writers of PDF are large

        try:
            assert self._database is not None
            return DocumentKey.beside(self._database).sign(pdf, reason)
        except OSError as error:
            raise NotReady(f"the document cannot be signed: {error}") from None

    def grant(self, terminal: int, begin_s: int, end_s: int, reason: str, by: str) -> int:
        """-> number of the leave. Impossible if there is no such terminal, or it would be over."""
        self._known(terminal)
        now_s = int(time.time())
        if end_s <= max(begin_s, now_s):
            raise Impossible("a leave must end after it begins, and not in the past")
        return self._do(
            self._store.evidence.grant_leave, terminal, begin_s, end_s, reason, by, now_s
        )

    def end(self, leave: int, by: str) -> None:
        """It ends now. Impossible if it is over."""
        if not self._do(self._store.evidence.end_leave, leave, by, int(time.time())):
            raise Impossible(f"there is no leave {leave} that could end now", 409)

    def leaves(self, terminal: int) -> list[dict[str, Any]]:
        """All that was ever granted to it."""
        self._known(terminal)
        return self._store.evidence.leaves(terminal)

    def of_card(self, card: int) -> dict[str, Any]:
        """Its reports, and each payment that a report may be about: who bears it, the rule, and
        what happened in order of time. Payments long before any report are left out."""
        try:
            self._store.lists.loss_state(card)
        except UnknownCard as error:
            raise Impossible(str(error), 404) from None
        losses = self._store.evidence.losses(card)
        payments = []
        for payment, row in self._store.evidence.payments(card) if losses else ():
            loss = evidence.loss_of(payment, losses)
            facts = self._store.evidence.facts(payment.terminal, loss.version if loss else None)
            verdict = evidence.judge(payment, losses, facts)
            payments.append(
                {
                    "terminal": payment.terminal,
                    "serial": payment.serial,
                    "amount_fen": row["amount_fen"],
                    "first_utc_s": payment.first_s,
                    "last_utc_s": payment.last_s,
                    "bearer": verdict.bearer,
                    "rule": verdict.rule,
                    "evidence": self._story(payment, row, loss, facts),
                }
            )
        return {"card": card, "losses": [loss._asdict() for loss in losses], "payments": payments}

    def _story(self, payment, row, loss, facts) -> list[dict[str, Any]]:
        """What happened, in order of time: {utc_s, what, ...}."""
        place = self._store.terminals.get(payment.terminal) or {}
        told = [
            _line(payment.first_s, "paid", online=payment.is_online,
                  list_version=payment.list_version, list_age_min=payment.list_age_min,
                  until_utc_s=payment.last_s, place=place.get("place"),
                  department=place.get("merchant")),
            _line(row["received_utc_s"], "received"),
        ]  # fmt: skip
        if loss is not None:
            told.append(_line(loss.reported_s, "reported"))
            told.append(_line(loss.made_s, "listed", version=loss.version))
            told.append(_line(loss.withdrawn_s, "withdrawn"))
        if loss is not None and loss.version is not None:
            list_told = self._store.evidence.told(payment.terminal, loss.version)
            told.append(_line(list_told["sent_utc_s"], "list sent"))
            told.append(
                _line(list_told["confirmed_utc_s"], "list confirmed",
                      before=list_told["confirmed_before"])
            )  # fmt: skip
        for what, spans in (("leave", facts.leaves), ("server away", facts.away)):
            near = [span for span in spans if span.touches(payment.first_s, payment.last_s)]
            told += [_line(span.begin_s, what, until_utc_s=span.end_s) for span in near]
        return sorted((line for line in told if line), key=lambda line: line["utc_s"])

    def _known(self, terminal: int) -> None:
        if self._store.terminals.get(terminal) is None:
            raise Impossible(f"there is no terminal {terminal}", 404)


def _line(utc_s: int | None, what: str, **more: Any) -> dict[str, Any]:
    """{} if it has not happened."""
    return {} if utc_s is None else {"utc_s": utc_s, "what": what, **more}
