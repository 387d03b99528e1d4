"""A purchase taken back: the record must speak of a purchase that was made, and only once.

On a MIFARE card the money is back when the record comes, so it is posted whatever is wrong with it,
from suspense then. A CPU card gets it from the server, so nothing that is wrong moves. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol import reasons, record
from sync_server.core import chain, ledger, meals
from sync_server.core.ledger import Transfer

if TYPE_CHECKING:
    from sync_server.core.known import Known, Result

_NO_OUTCOME = b"\xff" * 4


def judged(
    entry: record.Record, terminal: int, transfer: Transfer, known: Known, result: Result
) -> tuple[Transfer | None, int]:
    """-> what is posted for a REVERSAL, and UNBALANCED if it reverses nothing that can be."""
    writer = (terminal, entry.detail)
    content, outcome = known.records.get(writer, (b"", record.INTENT))
    paid = record.unpack(content + _NO_OUTCOME) if content else None
    is_of_it = (
        paid is not None
        and outcome == record.DONE
        and (paid.type, paid.card, paid.amount_fen)
        == (record.PURCHASE, entry.card, entry.amount_fen)
    )
    if paid is not None and is_of_it and writer not in known.reversed:
        known.reversed.add(writer)
        result.reversed.append((writer, entry.serial))
        meals.given_back(paid, writer, entry.serial, known, result)
        return transfer, reasons.OK
    if chain.claim(entry, terminal) is None:
        return None, reasons.UNBALANCED
    if is_of_it:
        result.again.append((writer, entry.amount_fen))
    return transfer._replace(giver=(ledger.SUSPENSE, "reversal")), reasons.UNBALANCED
