"""Accounts, movements and states by the names that people call them."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

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


# words are looked up when they are shown: a page names some hundred accounts
_TYPE_WORDS = {
    "purse": _l("Purses of cards"),
    "account": _l("Waits to be loaded"),
    "merchant": _l("Merchants"),
    "bank": _l("Bank"),
    "suspense": _l("Suspense"),
    "fee": _l("Fees"),
    "subsidy": _l("Subsidies"),
    "foundation": _l("Foundation"),
}
_KEY_WORDS = {
    ("suspense", "load"): _l("Suspense: load that nobody granted"),
    ("suspense", "reserve"): _l("Reserved for water and power"),
    ("suspense", "card"): _l("Suspense: no card can be named"),
    ("suspense", "merchant"): _l("Suspense: no merchant"),
    ("suspense", "unnamed"): _l("Suspense: taken, by nobody named"),
    ("suspense", "refund"): _l("Refunds on their way"),
    ("suspense", "channel"): _l("Suspense: paid through a channel, and kept"),
    ("suspense", "meal"): _l("Suspense: meal had twice"),
    ("suspense", "reversal"): _l("Suspense: reversal of nothing"),
    ("fee", "card"): _l("Card fees"),
    ("fee", "merchant"): _l("Merchants' fees"),
    ("fee", "teaching"): _l("Fees of teaching affairs"),
    ("fee", "students"): _l("Fees of student affairs"),
}
_MOVEMENT_WORDS = {  # types of giver and taker
    ("purse", "merchant"): _l("Paid"),
    ("subsidy", "merchant"): _l("Subsidy of meals"),
    ("merchant", "purse"): _l("Reversed"),
    ("merchant", "account"): _l("Reversed"),
    ("purse", "suspense"): _l("Reserved"),
    ("suspense", "purse"): _l("Given back"),
    ("suspense", "merchant"): _l("Used of what was reserved"),
    ("account", "purse"): _l("Loaded"),
    ("bank", "account"): _l("Topped up"),
    ("bank", "purse"): _l("Paid in at the desk"),
    ("bank", "fee"): _l("Card fee"),
    ("merchant", "fee"): _l("Merchant's fee"),
    ("merchant", "bank"): _l("Settled"),
    ("suspense", "bank"): _l("Refunded"),
    ("account", "bank"): _l("Withdrawn"),
    ("purse", "bank"): _l("Paid out"),
}


def type_words() -> dict[str, str]:
    """Type of an account -> words."""
    return {name: str(words) for name, words in _TYPE_WORDS.items()}


def account_words(account: Account | list[str]) -> str:
    """(type, key) -> what it is called."""
    kind, key = account
    found = _KEY_WORDS.get((kind, key))
    if found is not None:
        return str(found)
    if kind == "merchant":
        return key
    word = str(_TYPE_WORDS.get(kind, kind))
    if kind in ("purse", "account") and key:
        return _("Card %(card)s", card=key) + f" · {word}"
    return f"{word} {key}".rstrip()


def movement_words(giver: Account | list[str], taker: Account | list[str]) -> str:
    """What a movement between two types of accounts is."""
    if taker[0] == "fee" and taker[1] in OFFICES:
        return account_words(taker)
    found = _MOVEMENT_WORDS.get((giver[0], taker[0]))
    return str(found) if found else f"{account_words(giver)} → {account_words(taker)}"


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
