"""What waits for cards: when it may be granted, and when it is done. Once each (docs/actions.md).

A grant speaks of one step of one card: of a MIFARE card from the counter that the question told, of
a CPU card from its own count of loads. While the card is still there, nothing was written; when it
is further, the step has a maker, and that decides. Pure: rows of the table in, verdicts out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from protocol import reasons, record
from sync_server.core import ledger
from sync_server.core.chain import Writer
from sync_server.core.ledger import Transfer

if TYPE_CHECKING:
    from sync_server.core.known import Known, Result

GRANT, DONE, LATER = "grant", "done", "later"
DESK = 0xFFFF  # who a purse names that the desk loaded; no terminal's number. Serial: the action's


class Load(NamedTuple):
    """A load that was granted to a record; before_fen: what the card held then; `is_done`: it is
    booked."""

    action: int
    card: int
    amount_fen: int
    before_fen: int | None
    is_done: bool


class Reserved(NamedTuple):
    """Whose step is meant: of this record (None: of none any more), from this counter, up from
    this balance."""

    writer: Writer | None
    counter: int | None
    before_fen: int | None


class Made(NamedTuple):
    """Who made a step, and what the card held after it; None: not known."""

    writer: Writer | None
    after_fen: int | None


def verdict(amount_fen: int, reserved: Reserved, counter: int, made: Made) -> str:
    """The card is at `counter` now; made: the step from the counter that was reserved. -> GRANT,
    DONE or LATER.

    The number of a record that was granted a load, and then never begun, is used again: so the
    maker's name is not enough, and what the card held tells a load from a purchase.
    """
    if reserved.writer is None or reserved.counter == counter:
        return GRANT
    if made.writer is None:
        return LATER
    if made.writer != reserved.writer:
        return GRANT
    if made.after_fen is None or reserved.before_fen is None:
        return LATER
    return DONE if made.after_fen - reserved.before_fen == amount_fen else GRANT


def counted(reserved: Reserved, count: int) -> str:
    """The same of a card that proves how often it was loaded."""
    if reserved.counter is None or reserved.counter == count:
        return GRANT
    return DONE if reserved.counter < count else LATER


def stepped(card: int, writer: Writer, after_fen: int | None, known: Known, result: Result) -> None:
    """This record made a step of this card: if it is a load that was granted, that is done."""
    load = known.loads.get(writer)
    if load is None or load.card != card or load.before_fen is None or after_fen is None:
        return
    if after_fen - load.before_fen == load.amount_fen:
        _book(load, writer, known, result)


def _book(load: Load, writer: Writer, known: Known, result: Result) -> None:
    if not load.is_done:
        known.loads[writer] = load._replace(is_done=True)
        result.transfers.append(ledger.loaded(load.card, load.amount_fen, *writer))
        result.loaded.append(load.action)


def loaded(
    entry: record.Record, terminal: int, card_is_good: bool, known: Known, result: Result
) -> int:
    """A LOAD record is done. -> UNBALANCED where no grant is behind it, else 0. One of nothing is a
    mark that was written, or taken off: its reason says which."""
    if not entry.amount_fen:
        return reasons.OK
    writer = (terminal, entry.serial)
    load = known.loads.get(writer)
    if load is not None and (load.card, load.amount_fen) == (entry.card, entry.amount_fen):
        _book(load, writer, known, result)
        return reasons.OK
    taker = ledger.purse(entry.card) if card_is_good else (ledger.SUSPENSE, "card")
    giver = (ledger.SUSPENSE, "load")
    result.transfers.append(Transfer(giver, taker, entry.amount_fen, *writer))
    return reasons.UNBALANCED


def void(entry: record.Record, terminal: int, result: Result) -> None:
    """Nothing came of a grant. A CPU card's own count says that better."""
    if entry.type == record.LOAD and entry.credential & 15 == record.MIFARE:
        result.freed.append((terminal, entry.serial))
