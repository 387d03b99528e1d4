"""Disputes about what a purchase took (Art. 14): states, deadlines, what may be claimed. Pure.

Rules:
1. One dispute a purchase; it claims at most what the purse paid.
2. Nobody decides before the merchant has answered, or has let the deadline pass.
3. Money goes back once, by a second person's word or by the terminal, whichever comes first.
Source: docs/payments.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocol import record
from protocol.errors import LocalError
from sync_server.core.ledger import MERCHANT, SUSPENSE, Account, Transfer

OPENED, ANSWERED, UPHELD, REFUSED, CLOSED, WITHDRAWN = (
    "opened", "answered", "upheld", "refused", "closed", "withdrawn",
)  # fmt: skip
STATES = (OPENED, ANSWERED, UPHELD, REFUSED, CLOSED, WITHDRAWN)

ANSWER, UPHOLD, REFUSE, WITHDRAW, GRANT, DENY, REVERSE, END = (
    "answer", "uphold", "refuse", "withdraw", "grant", "deny", "reversal", "end",
)  # fmt: skip
EVENTS = (ANSWER, UPHOLD, REFUSE, WITHDRAW, GRANT, DENY, REVERSE, END)

TABLE = {
    OPENED: {
        ANSWER: ANSWERED,
        UPHOLD: UPHELD,
        REFUSE: REFUSED,
        WITHDRAW: WITHDRAWN,
        REVERSE: CLOSED,
    },
    ANSWERED: {UPHOLD: UPHELD, REFUSE: REFUSED, WITHDRAW: WITHDRAWN, REVERSE: CLOSED},
    UPHELD: {GRANT: CLOSED, DENY: ANSWERED, REVERSE: CLOSED},
    REFUSED: {END: CLOSED, REVERSE: CLOSED},
    CLOSED: {},
    WITHDRAWN: {},
}

# how it ended: the office paid, the terminal had given it back, it was refused
PAID, REVERSED, IN_VAIN = "paid", "reversed", "refused"

DAY_S = 86_400
OPEN_S = 30 * DAY_S  # after the purchase
ANSWER_S = 3 * DAY_S
SEEN_S = 14 * DAY_S  # a refused one is closed after
TEXT_MOST = 300  # characters


def after(state: str, event: str) -> str:
    """The next state. LocalError where the table has none."""
    found = TABLE[state].get(event)
    if found is None:
        raise LocalError(f"a dispute that is {state} cannot {event}")
    return found


def check_claim(paid: Mapping[str, Any] | None, card: int, fen: int, utc_s: int) -> None:
    """paid: a row of the table of records, None: there is none. LocalError says why not."""
    is_sale = paid is not None and (paid["type"], paid["outcome"]) == (record.PURCHASE, record.DONE)
    if paid is None or not is_sale or paid["card"] != card:
        raise LocalError("this card made no such purchase")
    if not 0 < fen <= paid["amount_fen"]:
        raise LocalError("a dispute claims at most what was paid")
    if utc_s - paid["received_utc_s"] > OPEN_S:
        raise LocalError("a purchase can be disputed for 30 days")


def check_heard(dispute: Mapping[str, Any], utc_s: int) -> None:
    """LocalError: the merchant may still answer."""
    if dispute["state"] == OPENED and dispute["merchant"] and utc_s < dispute["answer_until_utc_s"]:
        raise LocalError("the merchant may still answer: wait for that, or for the deadline")


def seller(merchant: str) -> Account:
    """Who has the money of a purchase; "": a terminal of nobody."""
    return (MERCHANT, merchant) if merchant else (SUSPENSE, "merchant")


def beyond(merchant: str, sale_fen: int, refund_fen: int) -> Transfer | None:
    """The terminal gave a whole sale back after a dispute had refunded a part of it, and that came
    from `suspense reversal`: the merchant owes the rest, None if there is none."""
    rest_fen = sale_fen - refund_fen
    if rest_fen <= 0:
        return None
    return Transfer(seller(merchant), (SUSPENSE, "reversal"), rest_fen, 0, 0)
