"""Money that comes through a payment channel: states, limits, what its word means.

A row is one payment: ordered here, or one that the channel told of though nobody ordered it. Rules:
1. Only the channel's authentic word makes a payment paid; a transaction of it counts once.
2. Paid money is booked, kept for finance, or given back: never nothing.
Pure: rows and times come in. Source: docs/payments.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from protocol.errors import LocalError
from sync_server.core.ledger import SUSPENSE, Account

ORDERED, EXPIRED, PAID, BOOKED = "ordered", "expired", "paid", "booked"
RETURNING, REFUNDED = "returning", "refunded"
STATES = (ORDERED, EXPIRED, PAID, BOOKED, RETURNING, REFUNDED)

PAY, EXPIRE, BOOK, RELEASE, GIVE_BACK, TAKEN, REFUSED = (
    "pay", "expire", "book", "release", "give back", "taken", "refused",
)  # fmt: skip
EVENTS = (PAY, EXPIRE, BOOK, RELEASE, GIVE_BACK, TAKEN, REFUSED)

TABLE = {
    ORDERED: {PAY: PAID, EXPIRE: EXPIRED},
    EXPIRED: {PAY: PAID},  # the word was late, the money is real
    PAID: {BOOK: BOOKED, GIVE_BACK: RETURNING},
    BOOKED: {RELEASE: PAID},  # the fee that it paid is refunded
    RETURNING: {TAKEN: REFUNDED, REFUSED: PAID},
    REFUNDED: {},
}

# why a payment is kept: nobody ordered it, another amount, paid before, the card cannot take it,
# the fee that it is for was withdrawn, or is refunded
UNKNOWN, AMOUNT, TWICE, CARD = "unknown", "amount", "twice", "card"
WITHDRAWN, REFUND = "withdrawn", "refund"

KEPT: Account = (SUSPENSE, "channel")

LEAST_FEN, MOST_FEN, DAY_FEN = 100, 50_000, 100_000
OFFERED_FEN = (2_000, 5_000, 10_000)
EXPIRES_S = 900
ASK_AFTER_S = 30  # so long a callback may take
ASK_UNTIL_S = 86_400  # after its time, if the channel still calls it open
_NAME_MOST = 64  # characters


class Told(NamedTuple):
    """What the channel says of one of its transactions; authentic."""

    number: str
    transaction: str
    amount_fen: int
    paid_utc_s: int


def after(state: str, event: str) -> str:
    """The next state. LocalError where the table has none."""
    found = TABLE[state].get(event)
    if found is None:
        raise LocalError(f"a payment that is {state} cannot {event}")
    return found


def verdict(order: Mapping[str, Any] | None, told: Told) -> str:
    """Of a transaction that was never heard of: "" if it pays that order, else why it is kept."""
    if order is None:
        return UNKNOWN
    if PAY not in TABLE[order["state"]]:
        return TWICE
    return "" if order["amount_fen"] == told.amount_fen else AMOUNT


def check_limits(fen: int, today_fen: int) -> None:
    """today_fen: of the holder, today, without this one. LocalError says what is allowed."""
    if not LEAST_FEN <= fen <= MOST_FEN:
        raise LocalError("a top-up is 1 to 500 yuan")
    if today_fen + fen > DAY_FEN:
        raise LocalError("a holder tops up at most 1,000 yuan a day")


def read(said: Any) -> Told | None:
    """A callback's or an answer's JSON, None if it is not of the shape."""
    if not isinstance(said, dict):
        return None
    number, transaction = said.get("number"), said.get("transaction")
    fen, paid_utc_s = said.get("amount_fen"), said.get("paid_utc_s")
    if not (_is_name(number) and _is_name(transaction)):
        return None
    if not (_is_whole(fen) and _is_whole(paid_utc_s)):
        return None
    return Told(str(number), str(transaction), int(fen or 0), int(paid_utc_s or 0))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= _NAME_MOST


def _is_whole(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**31
