"""What a merchant is paid of its turnover, and the transfers that do it (Art. 3). Pure.

    net = gross - reversed - fee          fee = (gross - reversed) * per mille, rounded half up

Turnover is what lines of closed days moved in and out of the merchant's account, all but what
settlements themselves took out of it. So after all are settled the account holds what came since.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sync_server.core.days import Line
from sync_server.core.ledger import FEE, MERCHANT, Transfer, bank

INCOME = (FEE, "merchant")


class Turnover(NamedTuple):
    """Fen in and out."""

    gross_fen: int
    reversed_fen: int


def turnover(merchant: str, lines: Iterable[Line]) -> Turnover:
    """Of some lines."""
    own = (MERCHANT, merchant)
    gross = reversed_ = 0
    for line in lines:
        if line.taker == own:
            gross += line.amount_fen
        elif line.giver == own and line.taker not in (bank(), INCOME):
            reversed_ += line.amount_fen
    return Turnover(gross, reversed_)


def fee_fen(turnover_fen: int, per_mille: int) -> int:
    """The college's share, rounded half up."""
    return (turnover_fen * per_mille + 500) // 1000


def transfers(merchant: str, net_fen: int, fee: int) -> list[Transfer]:
    """The money leaves with the bank's list, the share is income."""
    own = (MERCHANT, merchant)
    paid = [Transfer(own, bank(), net_fen, 0, 0)] if net_fen else []
    return paid + ([Transfer(own, INCOME, fee, 0, 0)] if fee else [])


def reference(batch: int, place: int) -> str:
    """What the bank's list and its statement say of one payment."""
    return f"JS{batch}-{place}"
