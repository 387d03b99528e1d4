"""Accounts, movements and states by the names that people call them."""

from __future__ import annotations

from flask_babel import gettext as _

from sync_server.core import merchants
from sync_server.core.fees import OFFICES
from sync_server.core.ledger import Account
from sync_server.gateway.merchants import DEMONSTRATION, UNKNOWN

TONES = {
    merchants.ADMITTED: "good", merchants.SUSPENDED: "bad", merchants.REFUSED: "bad",
    merchants.ENDED: "", DEMONSTRATION: "", UNKNOWN: "bad",
}  # fmt: skip


def state_words() -> dict[str, str]:
    """State of a merchant -> words."""
    return {
        merchants.APPLIED: _("applied, granted 0/3"),
        merchants.ONE: _("granted 1/3"),
        merchants.TWO: _("granted 2/3"),
        merchants.ADMITTED: _("admitted"),
        merchants.SUSPENDED: _("suspended"),
        merchants.REFUSED: _("refused"),
        merchants.ENDED: _("ended"),
        DEMONSTRATION: _("demonstration"),
        UNKNOWN: _("never applied"),
    }


def event_words() -> dict[str, str]:
    """What was done to a merchant -> words."""
    return {
        merchants.APPLY: _("application"),
        merchants.GRANT: _("granted"),
        merchants.REFUSE: _("refused"),
        merchants.SUSPEND: _("suspended"),
        merchants.RESUME: _("goes on"),
        merchants.EXPIRE: _("contract has run out"),
        merchants.END: _("ended"),
    }


def type_words() -> dict[str, str]:
    """Type of an account -> words."""
    return {
        "purse": _("Purses of cards"),
        "account": _("Waits to be loaded"),
        "merchant": _("Merchants"),
        "bank": _("Bank"),
        "suspense": _("Suspense"),
        "fee": _("Fees"),
        "subsidy": _("Subsidies"),
        "foundation": _("Foundation"),
    }


def _key_words() -> dict[Account, str]:
    return {
        ("suspense", "load"): _("Suspense: load that nobody granted"),
        ("suspense", "reserve"): _("Reserved for water and power"),
        ("suspense", "card"): _("Suspense: no card can be named"),
        ("suspense", "merchant"): _("Suspense: no merchant"),
        ("suspense", "unnamed"): _("Suspense: taken, by nobody named"),
        ("suspense", "refund"): _("Refunds on their way"),
        ("suspense", "channel"): _("Suspense: paid through a channel, and kept"),
        ("suspense", "meal"): _("Suspense: meal had twice"),
        ("suspense", "reversal"): _("Suspense: reversal of nothing"),
        ("fee", "card"): _("Card fees"),
        ("fee", "merchant"): _("Merchants' fees"),
        ("fee", "teaching"): _("Fees of teaching affairs"),
        ("fee", "students"): _("Fees of student affairs"),
    }


def account_words(account: Account | list[str]) -> str:
    """(type, key) -> what it is called."""
    kind, key = account
    found = _key_words().get((kind, key))
    if found is not None:
        return found
    if kind == "merchant":
        return key
    word = type_words().get(kind, kind)
    if kind in ("purse", "account") and key:
        return _("Card %(card)s", card=key) + f" · {word}"
    return f"{word} {key}".rstrip()


def movement_words(giver: Account | list[str], taker: Account | list[str]) -> str:
    """What a movement between two types of accounts is."""
    if taker[0] == "fee" and taker[1] in OFFICES:
        return account_words(taker)
    pair = (giver[0], taker[0])
    return {
        ("purse", "merchant"): _("Paid"),
        ("subsidy", "merchant"): _("Subsidy of meals"),
        ("merchant", "purse"): _("Reversed"),
        ("merchant", "account"): _("Reversed"),
        ("purse", "suspense"): _("Reserved"),
        ("suspense", "purse"): _("Given back"),
        ("suspense", "merchant"): _("Used of what was reserved"),
        ("account", "purse"): _("Loaded"),
        ("bank", "account"): _("Topped up"),
        ("bank", "purse"): _("Paid in at the desk"),
        ("bank", "fee"): _("Card fee"),
        ("merchant", "fee"): _("Merchant's fee"),
        ("merchant", "bank"): _("Settled"),
        ("suspense", "bank"): _("Refunded"),
        ("account", "bank"): _("Withdrawn"),
        ("purse", "bank"): _("Paid out"),
    }.get(pair, f"{account_words(giver)} → {account_words(taker)}")


def line_words() -> dict[str, str]:
    """Row of core.books.LINES -> words."""
    return {
        "top-up": _("Top-ups"),
        "desk": _("Paid in at the desk"),
        "card fee": _("Card fees"),
        "merchant fee": _("Merchants' fees"),
        "teaching fee": _("Fees of teaching affairs"),
        "students fee": _("Fees of student affairs"),
        "teaching fee back": _("Fees of teaching affairs given back"),
        "students fee back": _("Fees of student affairs given back"),
        "donation": _("Donations to the foundation"),
        "filled": _("Subsidies filled up"),
        "settlement": _("Paid to merchants"),
        "refund": _("Refunds by the bank"),
        "paid out": _("Paid out at the desk"),
        "withdrawn": _("Top-ups withdrawn"),
        "subsidy": _("Subsidies spent"),
        "other in": _("Other income"),
        "other out": _("Other expenditure"),
    }


def fault_words() -> dict[str, str]:
    """Why a row of a statement is refused -> words."""
    return {
        "no day": _("is no day"),
        "no amount": _("is no amount"),
        "decimals": _("has more than two decimals"),
        "both": _("has money in and money out"),
    }


def open_words(name: str, place: str, first: object, last: object) -> str:
    """One thing that is open at a merchant."""
    if name == "state":
        return state_words().get(place, place)
    if name == "grey":
        return _("terminal %(n)s: record %(serial)s is grey", n=place, serial=first)
    which = str(first) if first == last else f"{first}–{last}"
    return _("terminal %(n)s: records %(which)s are missing", n=place, which=which)
