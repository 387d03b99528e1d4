"""Double entry: which account gives and which takes, for each thing that happens to money.

A transfer is one amount that leaves one account and enters another, so the sum over all accounts is
zero whatever happens (I1). Transfers are never changed, only reversed by others. Amounts are whole
fen above zero. What it is not: a database; accounts are named by (type, key).

Types: purse (key card number; what the card can spend), account (key card number; what waits to be
loaded on it), merchant (key its name), bank (clearing),
suspense (taken from a card that cannot be told, or is disputed), fee, subsidy, foundation.
"""

from __future__ import annotations

from typing import NamedTuple

from protocol import record

PURSE, MERCHANT, BANK, SUSPENSE = "purse", "merchant", "bank", "suspense"
ACCOUNT, FEE = "account", "fee"

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


RESERVED = (SUSPENSE, "reserve")  # taken for water or power that is not settled yet
_RESERVED = "reserved"

# type of record -> who gives, who takes. A type that is not here is not posted. A settling record
# that has read the purse gives back, the other says what was used (docs/water.md).
RULES = {
    record.PURCHASE: Rule(PURSE, MERCHANT),
    record.RESERVE: Rule(PURSE, _RESERVED),
    record.SETTLE: Rule(_RESERVED, MERCHANT),
    record.REVERSAL: Rule(MERCHANT, PURSE),
}
_GIVES_BACK = Rule(_RESERVED, PURSE)


SUBSIDY = "subsidy"
TWICE = (SUSPENSE, "meal")  # subsidies of meals that were had twice


def subsidised(
    merchant: str | None, is_due: bool, fen: int, terminal: int, serial: int
) -> Transfer:
    """What the college pays of a meal; not due: somebody has to give it back."""
    taker = (MERCHANT, merchant) if merchant else (SUSPENSE, "merchant")
    return Transfer((SUBSIDY, "") if is_due else TWICE, taker, fen, terminal, serial)


def bank() -> Account:
    """The one clearing account (Art. 16)."""
    return (BANK, "")


def purse(card: int) -> Account:
    """What a card can spend."""
    return (PURSE, str(card))


def account(card: int) -> Account:
    """Money that is the holder's and waits for this card."""
    return (ACCOUNT, str(card))


def order(card: int, fen: int) -> Transfer:
    """Paid in, to be loaded on a card at its next tap."""
    return Transfer(bank(), account(card), fen, 0, 0)


def loaded(card: int, fen: int, terminal: int, serial: int) -> Transfer:
    """It is on the card, put there by this record."""
    return Transfer(account(card), purse(card), fen, terminal, serial)


def issue(card: int, balance_fen: int) -> Transfer | None:
    """A card is issued with money on it, paid for at the desk."""
    return paid_in(card, balance_fen) if balance_fen else None


def paid_in(card: int, fen: int) -> Transfer:
    """Money on a card, paid for at the desk."""
    return Transfer(bank(), purse(card), fen, 0, 0)


def fee(fen: int) -> Transfer:
    """For a card (Art. 10): income, on a line of its own."""
    return Transfer(bank(), (FEE, "card"), fen, 0, 0)


def back(made: Transfer) -> Transfer:
    """The same money the other way."""
    return made._replace(giver=made.taker, taker=made.giver)


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
    if entry.type == record.SETTLE and entry.flags & record.PURSE_READ:
        rule = _GIVES_BACK
    places = {
        PURSE: purse(entry.card) if card_is_good else (SUSPENSE, "card"),
        MERCHANT: (MERCHANT, merchant) if merchant else (SUSPENSE, "merchant"),
        _RESERVED: RESERVED,
    }
    giver, taker = places[rule.giver], places[rule.taker]
    gives = rule is _GIVES_BACK or entry.type == record.REVERSAL
    if gives and card_is_good and entry.credential & 15 == record.CPU:
        taker = account(entry.card)  # no terminal can put it there: it waits for a load
    return Transfer(giver, taker, entry.amount_fen, terminal, entry.serial)
