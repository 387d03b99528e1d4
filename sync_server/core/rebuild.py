"""Records that are lost for ever, rebuilt from what their cards carry on (docs/ingest.md).

A card's balances at two counters prove what was taken between them, whoever took it. A step that a
later tap names is rebuilt exactly; steps that nobody named become one span, whose money waits in
`unnamed` until a record tells whose it is. So each step leaves the purse once: with its rebuilt
posting, with a span's, or with its own record's. What it is not: the judge, nor a store; it works
on the spans and balances of one card, and says what must be booked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sync_server.core import ledger
from sync_server.core.ledger import Account, Transfer

UNNAMED: Account = (ledger.SUSPENSE, "unnamed")


@dataclass
class Span:
    """Steps `first` to `last` of a card took `fen`, 0 if that is not proven (nothing is posted).

    exact: one step, of record (terminal, serial). Else: found by that record; of its steps, `told`
    have a record or are rebuilt by now, with `told_fen`.
    """

    card: int
    first: int
    last: int
    exact: bool
    fen: int
    terminal: int
    serial: int
    told: int = 0
    told_fen: int = 0


class Named(NamedTuple):
    """A step of a lost record, as a later tap of its card tells it. None: not known."""

    card: int
    counter: int
    terminal: int
    serial: int
    before_fen: int | None
    after_fen: int | None


# counter -> balance after the step before it (0: at the issue), None if that step told none
Knots = dict[int, int | None]


def find(
    named: Named, knots: Knots, spans: Iterable[Span], merchant: str | None
) -> tuple[list[Span], list[Transfer]]:
    """-> spans that are new by this, and what must be booked."""
    card, counter, terminal, serial, before_fen, after_fen = named
    around = _around(spans, counter)
    at = max((known for known in knots if known <= counter), default=counter)
    if before_fen is None and at == counter:
        before_fen = knots.get(counter)
    made, booked = [], []
    top, top_fen = counter, after_fen
    if before_fen is not None and after_fen is not None:
        fen = max(0, before_fen - after_fen)
        made.append(Span(card, counter, counter, True, fen, terminal, serial))
        if fen:
            booked.append(Transfer(_giver(card, around), _taker(merchant), fen, terminal, serial))
        if around is not None:
            around.told += 1
            around.told_fen += fen
        top, top_fen = counter - 1, before_fen
    if around is None and at <= top:
        start_fen = knots.get(at)
        fen = 0 if start_fen is None or top_fen is None else max(0, start_fen - top_fen)
        made.append(Span(card, at, top, False, fen, terminal, serial))
        if fen:
            booked.append(Transfer(ledger.purse(card), UNNAMED, fen, 0, 0))
    return made, booked


def tell(
    spans: Iterable[Span], counter: int, fen: int, transfer: Transfer | None
) -> tuple[list[Span], list[Transfer], bool]:
    """The record of a step has come, done, of `fen`; `transfer` would book it from the purse.

    -> spans that are changed, what must be booked instead, and whether the rebuilt amount differs.
    """
    around = _around(spans, counter)
    exact = next((span for span in spans if span.exact and span.first == counter), None)
    changed = [span for span in (exact, around) if span is not None]
    due = [] if transfer is None else [transfer]
    if around is not None:
        around.told += exact is None
        around.told_fen += fen - (0 if exact is None else exact.fen)
        due = [row._replace(giver=_giver(around.card, around)) for row in due]
    if exact is None:
        return changed, due, False
    exact.told, exact.told_fen = 1, fen
    if exact.fen == fen:
        return changed, [], False
    if exact.fen and transfer is not None:
        giver = _giver(exact.card, around)
        back = Transfer(transfer.taker, giver, exact.fen, exact.terminal, exact.serial)
        return changed, [back, *due], True
    return changed, due, True


def _around(spans: Iterable[Span], counter: int) -> Span | None:
    """The span of unnamed steps that holds this one."""
    for span in spans:
        if not span.exact and span.first <= counter <= span.last:
            return span
    return None


def _giver(card: int, around: Span | None) -> Account:
    return UNNAMED if around is not None and around.fen else ledger.purse(card)


def _taker(merchant: str | None) -> Account:
    return (ledger.MERCHANT, merchant) if merchant else (ledger.SUSPENSE, "merchant")
