"""Fees that an office orders for a list of holders: what a row asks, states, whose money. Pure.

Rules:
1. A fee is a debt beside the purse: it is paid by an act of the holder or of a clerk, never taken.
2. It is paid at most once; money that comes once more is kept, and given back (core.topups).
3. Withdrawing moves no money; what is paid goes back with two persons.
Source: docs/fees.md.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from protocol.errors import LocalError
from sync_server.core import ledger, topups, validity
from sync_server.core.ledger import FEE, Account, Transfer

OFFICES = ("teaching", "students")  # each orders its own

LISTED, DUE, PAID, REFUNDED, WITHDRAWN = "listed", "due", "paid", "refunded", "withdrawn"
STATES = (LISTED, DUE, PAID, REFUNDED, WITHDRAWN)
GRANT, PAY, WITHDRAW, UNDO, REFUND = "grant", "pay", "withdraw", "undo", "refund"
EVENTS = (GRANT, PAY, WITHDRAW, UNDO, REFUND)

TABLE = {
    LISTED: {GRANT: DUE},  # refused, it is as if it had not been listed
    DUE: {PAY: PAID, WITHDRAW: WITHDRAWN},
    PAID: {UNDO: DUE, REFUND: REFUNDED},
    REFUNDED: {},
    WITHDRAWN: {},
}

CHANNEL, PURSE, CASH = "channel", "purse", "cash"  # how it was paid

MOST_FEN = 1_000_000
DUE_MOST_DAYS = 400
ITEM_MOST = 40  # characters
REASON_MOST = 60

Had = Collection[tuple[int, str]]  # (holder, item) of one office that are listed, due or paid


class Asked(NamedTuple):
    """One row of a list that can be ordered. due: the last day, since 2000-01-01."""

    holder: int
    item: str
    due: int
    amount_fen: int


def after(state: str, event: str) -> str:
    """The next state. LocalError where the table has none."""
    found = TABLE[state].get(event)
    if found is None:
        raise LocalError(f"a fee that is {state} cannot be paid or changed like this: {event}")
    return found


def account(office: str) -> Account:
    """What was collected for an office and not given back."""
    return (FEE, office)


def paid(office: str, fen: int) -> Transfer:
    """Through the channel, or in cash."""
    return Transfer(ledger.bank(), account(office), fen, 0, 0)


def paid_by(card: int, office: str, fen: int) -> Transfer:
    """From the purse of a phone."""
    return Transfer(ledger.purse(card), account(office), fen, 0, 0)


def why_kept(state: str) -> str:
    """Of a payment of the channel for a fee in this state: "" if it pays it, else why it is
    kept."""
    if PAY in TABLE[state]:
        return ""
    return topups.WITHDRAWN if state == WITHDRAWN else topups.TWICE


def is_overdue(state: str, due: int, today: int) -> bool:
    """It should have been paid."""
    return state == DUE and due < today


def asks(row: dict[str, str], was: Any, fen: int | None, had: Had, today: int):
    """-> (will, faults) of a row: number, item, due, amount, perhaps name. was: the holder, None
    if unknown; fen: the amount, read."""
    faults: list[tuple[str, str, str]] = []
    item = row.get("item", "")
    told = row.get("due", "")
    due = validity.day(told)
    if row.get("number") and was is None:
        faults.append(("unknown", "number", row["number"][:24]))
    elif was is not None and was.is_ended:
        faults.append(("ended", "number", was.number))
    elif was is not None and row.get("name") and was.name != row["name"]:
        faults.append(("other name", "name", was.name))
    if not item:
        faults.append(("lacks", "item", ""))
    elif was is not None and (was.id, item) in had:
        faults.append(("listed", "item", item))
    if due is None:
        faults.append(("no day", "due", told[:20]))
    elif due < today:
        faults.append(("past", "due", told[:20]))
    elif due > today + DUE_MOST_DAYS:
        faults.append(("beyond", "due", validity.shown(today + DUE_MOST_DAYS)))
    if not fen:
        faults.append(("no amount", "amount", row.get("amount", "")[:20]))
    elif fen > MOST_FEN:
        faults.append(("too much", "amount", row.get("amount", "")[:20]))
    return {"item": item, "due": due or 0, "amount_fen": fen or 0}, faults
