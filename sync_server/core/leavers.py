"""Those who leave: when all they paid is in, and where their money goes (Art. 10). Pure.

A card that is stopped may still have paid at a terminal that has not told of it. So a leaver is
frozen until no terminal owes records of it (cards_life.owing); then the balance is split once,
between the foundation and the refund.
"""

from __future__ import annotations

from typing import NamedTuple

from sync_server.core.ledger import SUSPENSE, Account, Transfer, bank

FOUNDATION: Account = ("foundation", "")
REFUND: Account = (SUSPENSE, "refund")  # out of the purses, not yet at the bank


class Split(NamedTuple):
    """What is given to the foundation, what goes back, and the transfers that do both."""

    donated_fen: int
    refund_fen: int
    transfers: list[Transfer]


def split(balances: list[tuple[Account, int]], choice: str, donate_fen: int) -> Split:
    """balances: the accounts of all cards of one holder. One that owes pays from the others."""
    total = sum(fen for _, fen in balances)
    assert total >= 0, "whoever owes is not settled"
    donated = {"donate": total, "part": min(donate_fen, total)}.get(choice, 0)
    transfers = []
    owed = [(account, -fen) for account, fen in balances if fen < 0]
    wanted = [*owed, (FOUNDATION, donated), (REFUND, total - donated)]
    have = [(account, fen) for account, fen in balances if fen > 0]
    for taker, needed in wanted:
        while needed:
            giver, fen = have.pop(0)
            moved = min(fen, needed)
            transfers.append(Transfer(giver, taker, moved, 0, 0))
            needed -= moved
            if fen > moved:
                have.insert(0, (giver, fen - moved))
    return Split(donated, total - donated, transfers)


def paid(fen: int) -> Transfer:
    """A refund leaves with the bank's list."""
    return Transfer(REFUND, bank(), fen, 0, 0)
