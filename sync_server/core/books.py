"""Both lines, income and expenditure kept apart (收支两条线, Art. 17), and the trial balance. Pure.

Made of the lines of days (core.days): nothing here counts a transfer. A movement that no row of
LINES names is in the trial balance only, but for those of the bank: they are told as other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sync_server.core.days import Line
from sync_server.core.ledger import Account

INCOME, OUTLAY = "income", "outlay"
ANY = "*"

# name, side, giver (type, key), taker: the first that fits
LINES = (
    ("top-up", INCOME, ("bank", ANY), ("account", ANY)),
    ("desk", INCOME, ("bank", ANY), ("purse", ANY)),
    ("card fee", INCOME, ("bank", ANY), ("fee", "card")),
    ("merchant fee", INCOME, ("merchant", ANY), ("fee", "merchant")),
    ("teaching fee", INCOME, (ANY, ANY), ("fee", "teaching")),
    ("students fee", INCOME, (ANY, ANY), ("fee", "students")),
    ("donation", INCOME, (ANY, ANY), ("foundation", ANY)),
    ("filled", INCOME, ("bank", ANY), ("subsidy", ANY)),
    ("settlement", OUTLAY, ("merchant", ANY), ("bank", ANY)),
    ("refund", OUTLAY, ("suspense", "refund"), ("bank", ANY)),
    ("paid out", OUTLAY, ("purse", ANY), ("bank", ANY)),
    ("withdrawn", OUTLAY, ("account", ANY), ("bank", ANY)),
    ("subsidy", OUTLAY, ("subsidy", ANY), (ANY, ANY)),
    ("teaching fee back", OUTLAY, ("fee", "teaching"), (ANY, ANY)),
    ("students fee back", OUTLAY, ("fee", "students"), (ANY, ANY)),
    ("other in", INCOME, ("bank", ANY), (ANY, ANY)),
    ("other out", OUTLAY, (ANY, ANY), ("bank", ANY)),
)


class Sum(NamedTuple):
    """One row of a side."""

    name: str
    side: str
    transfers: int
    amount_fen: int


class Balance(NamedTuple):
    """One row of the trial balance: what an account (of cards: all of them) had before, what came
    in and went out, what it has."""

    account: Account
    before_fen: int
    in_fen: int
    out_fen: int
    after_fen: int


def _fits(pattern: Account, account: Account) -> bool:
    return all(want in (ANY, has) for want, has in zip(pattern, account, strict=True))


def name_of(giver: Account, taker: Account) -> str | None:
    """The row of LINES that a movement is of."""
    for name, _, gives, takes in LINES:
        if _fits(gives, giver) and _fits(takes, taker):
            return name
    return None


def sides(lines: Iterable[Line]) -> list[Sum]:
    """Every row of both sides, in order, those without money too."""
    counts: defaultdict[str, int] = defaultdict(int)
    amounts: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        name = name_of(line.giver, line.taker)
        if name is not None:
            counts[name] += line.transfers
            amounts[name] += line.amount_fen
    return [Sum(name, side, counts[name], amounts[name]) for name, side, *_ in LINES]


def balances(before: Iterable[Line], during: Iterable[Line]) -> list[Balance]:
    """The trial balance; the sums of before and of after are zero, in and out are the same."""
    opening: defaultdict[Account, int] = defaultdict(int)
    came: defaultdict[Account, int] = defaultdict(int)
    went: defaultdict[Account, int] = defaultdict(int)
    for line in before:
        opening[line.giver] -= line.amount_fen
        opening[line.taker] += line.amount_fen
    for line in during:
        went[line.giver] += line.amount_fen
        came[line.taker] += line.amount_fen
    return [
        Balance(one, opening[one], came[one], went[one], opening[one] + came[one] - went[one])
        for one in sorted({*opening, *came, *went})
    ]
