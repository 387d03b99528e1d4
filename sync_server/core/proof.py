"""The TAC of a CPU card: the card's own word to the server that it paid (docs/cpu-card.md).

It comes in an event of its own right after the purchase that it speaks of. What it says is checked
against the record of that purchase, with a key that no terminal has: a terminal that makes up
purchases of CPU cards cannot make up their proofs. Pure.
"""

from __future__ import annotations

from card_layout import purse_cpu
from protocol import reasons, record

_NO_OUTCOME = b"\xff" * 4


def purchase_of(entry: record.Record) -> int:
    """Serial of the purchase that this event proves, 0 if it is no such event."""
    is_one = entry.type == record.EVENT and entry.reason == reasons.PROOF
    return entry.previous_serial if is_one else 0


def fault(entry: record.Record, terminal: int, content: bytes, key: bytes | None) -> int:
    """BAD_PROOF, or OK. content: of the purchase, b"" if it is not here; key: the card's."""
    if key is None:
        return reasons.OK
    if not content or entry.previous_terminal != terminal:
        return reasons.BAD_PROOF
    paid = record.unpack(content + _NO_OUTCOME)
    if paid.type not in record.TAKES or paid.card != entry.card:
        return reasons.BAD_PROOF
    moment = purse_cpu.moment_of(paid.utc_s)
    number = entry.amount_fen  # that a PSAM gave it; else the record's own
    name = (0, moment, number) if number else (paid.serial, moment)
    tac = purse_cpu.tac(key, paid.amount_fen, terminal, *name)
    return reasons.OK if int.from_bytes(tac, "big") == entry.detail else reasons.BAD_PROOF
