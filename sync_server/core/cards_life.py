"""A card's way from the desk to its end: what a fee is due for, when a dead card's money may go.

The fee (Art. 10) is due for every replacement and for a temporary card; a first staff or student
card is free. The balance of a card that is not here moves once no terminal can still have a record
of it: each has refused the card since, and has sent all that it had. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from card_layout import identity

FEE_FEN = 1500


def fee_fen(holder_kind: int, is_first: bool) -> int:
    """What is to be paid at the desk for a card; is_first: the holder has had none before."""
    return 0 if is_first and holder_kind != identity.TEMPORARY else FEE_FEN


def owing(terminals: Iterable[dict[str, Any]], version: int) -> list[int]:
    """Numbers of terminals that may still have records of a card that is on the blacklist since
    `version`. Rows of the table of terminals, each with its last report (None: never)."""
    return [
        row["number"]
        for row in terminals
        if row["kind"] != "gate" and row["report"] and not _is_done(row["report"], version)
    ]


def _is_done(report: dict[str, Any], version: int) -> bool:
    return report["list_version"] >= version and not report["queue"] and not report["grey"]
