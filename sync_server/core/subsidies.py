"""Meals of staff by list and month (Art. 3): what a row of personnel's list would grant. Pure.

The list says who may have how much; the terminals take each meal's subsidy from the college's
account (core.meals), and this is what fills it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sync_server.core import ledger
from sync_server.core.ledger import Transfer

Had = Collection[tuple[int, str]]  # (holder, month) that are granted or wait
_YEARS = range(2000, 2180)


class Grant(NamedTuple):
    """One staff member's meals in one month."""

    holder: int
    month: str
    amount_fen: int


def month(text: str) -> str | None:
    """2026-11, 2026/11, 2026.11, 202611, 2026年11月 -> "2026-11"; None if it is no month."""
    plain = text.strip().replace("年", "-").removesuffix("月").replace("/", "-").replace(".", "-")
    if plain.isascii() and plain.isdigit() and len(plain) == 6:
        plain = f"{plain[:4]}-{plain[4:]}"
    year, _, number = plain.partition("-")
    if not (year.isascii() and year.isdigit() and number.isascii() and number.isdigit()):
        return None
    if len(year) != 4 or int(year) not in _YEARS or len(number) > 2 or not 1 <= int(number) <= 12:
        return None
    return f"{year}-{int(number):02d}"


def filled(fen: int) -> Transfer:
    """Finance has paid for the meals of a list."""
    return Transfer(ledger.bank(), (ledger.SUBSIDY, ""), fen, 0, 0)


def pays(row: dict[str, str], was: Any, fen: int | None, had: Had):
    """-> (will, faults) of a row: number, name, month, amount. was: the holder, None if unknown;
    fen: the amount, read."""
    told = month(row.get("month", ""))
    faults: list[tuple[str, str, str]] = []
    if was is None:
        faults.append(("unknown", "number", row.get("number", "")[:24]))
    elif was.name != row.get("name"):
        faults.append(("other name", "name", was.name))
    elif was.is_ended:
        faults.append(("ended", "number", was.number))
    if told is None:
        faults.append(("no month", "month", row.get("month", "")[:20]))
    elif was is not None and (was.id, told) in had:
        faults.append(("had", "month", told))
    if not fen:
        faults.append(("no amount", "amount", row.get("amount", "")[:20]))
    return {"month": told or "", "amount_fen": fen or 0}, faults
