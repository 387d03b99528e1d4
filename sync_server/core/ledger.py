"""Double entry: which account gives and which takes, for each thing that happens to money.

A transfer is one amount that leaves one account and enters another, so the sum over all accounts is
zero whatever happens (I1). Transfers are never changed, only reversed by others. Amounts are whole
fen above zero. What it is not: a database; accounts are named by (type, key).

Types: purse (key card number; what the card can spend), merchant (key its name), bank (clearing),
suspense (taken from a card that cannot be told, or is disputed), fee, subsidy, foundation.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol import record

PURSE, MERCHANT, BANK, SUSPENSE = "purse", "merchant", "bank", "suspense"

Account = tuple[str, str]  # (type, key)


class Transfer(NamedTuple):
    """`amount_fen` leaves `giver` and enters `taker`; the record it comes from, or 0, 0."""

    giver: Account
    taker: Account
    amount_fen: int
    terminal: int
    serial: int


class Rule(NamedTuple):
    """Types of accounts for one type of record that is done."""

    giver: str
    taker: str


# type of record -> who gives, who takes. A type that is not here is not posted.
RULES = {
    record.PURCHASE: Rule(PURSE, MERCHANT),
}
_MOVES_MONEY = (record.PURCHASE, record.REVERSAL, record.LOAD, record.RESERVE, record.SETTLE)


def lacks_rule(entry: record.Record) -> bool:
    """Money moved on a card, and no rule says between which accounts: it must be named."""
    return entry.amount_fen > 0 and entry.type in _MOVES_MONEY and entry.type not in RULES


def bank() -> Account:
    """The one clearing account (Art. 16)."""
    return (BANK, "")


def purse(card: int) -> Account:
    """What a card can spend."""
    return (PURSE, str(card))


def issue(card: int, balance_fen: int) -> Transfer | None:
    """A card is issued with money on it, paid for at the desk."""
    if not balance_fen:
        return None
    return Transfer(bank(), purse(card), balance_fen, 0, 0)


def posting(
    entry: record.Record, terminal: int, merchant: str | None, card_is_good: bool
) -> Transfer | None:
    """The transfer of a record that is done, None if it moves nothing.

    Money that was really taken reaches the ledger in any case: from `suspense` where no purse can
    be named, to `suspense` where there is no merchant.
    """
    rule = RULES.get(entry.type)
    if rule is None or entry.amount_fen == 0:
        return None
    giver = purse(entry.card) if card_is_good else (SUSPENSE, "card")
    taker = (MERCHANT, merchant) if merchant else (SUSPENSE, "merchant")
    return Transfer(giver, taker, entry.amount_fen, terminal, entry.serial)
