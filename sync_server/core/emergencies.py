"""What was done in an emergency, from the records that stand between its begin and its end.

Pure: rows in, sums out. Which records those are, the store reads; the terminal's own events of
begin and end say it, so it does not matter when they came or what any clock said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from protocol import record


class Span(NamedTuple):
    """Of one terminal: serials of the begin's record and of the end's, None: not here yet."""

    terminal: int
    first: int
    last: int | None


class Done(NamedTuple):
    """What one terminal did. Fen; paid: taken for certain; uncertain: grey; drilled: what a drill
    would have taken; would_refuse: passes that would have been refused on an ordinary day."""

    payments: int = 0
    paid_fen: int = 0
    uncertain: int = 0
    uncertain_fen: int = 0
    returned_fen: int = 0
    drilled: int = 0
    drilled_fen: int = 0
    passes: int = 0
    would_refuse: int = 0
    refused: int = 0
    quarantined: int = 0


def spans(events: Iterable[tuple[int, int, int]], number: int) -> list[Span]:
    """events: (terminal, serial, detail) of EMERGENCY, in order of serial. -> of those terminals
    that have begun; of what was written twice, the first begin and the last end."""
    found: dict[int, Span] = {}
    for terminal, serial, detail in events:
        if detail >> 1 != number:
            continue
        before = found.get(terminal)
        if detail & 1:
            found.setdefault(terminal, Span(terminal, serial, None))
        elif before is not None:
            found[terminal] = before._replace(last=serial)
    return list(found.values())


def tally(rows: Iterable[tuple[int, int, bytes]]) -> Done:
    """rows: (outcome, fault, the first bytes of a record that was made in the emergency)."""
    done = dict.fromkeys(Done._fields, 0)
    for outcome, fault, content in rows:
        entry = record.unpack(content + b"\xff" * (record.SIZE - len(content)))
        done["quarantined"] += fault != 0
        if entry.type == record.REFUSAL:
            done["refused"] += 1
        elif entry.type == record.PASS and entry.flags & record.DRILL and entry.detail:
            done["drilled"] += 1
            done["drilled_fen"] += entry.detail
        elif entry.type == record.PASS:
            done["passes"] += 1
            done["would_refuse"] += entry.policy != 0
        elif entry.type == record.REVERSAL and outcome == record.DONE:
            done["returned_fen"] += entry.amount_fen
        elif entry.type == record.PURCHASE and outcome == record.DONE:
            done["payments"] += 1
            done["paid_fen"] += entry.amount_fen
        elif entry.type == record.PURCHASE and outcome == record.INTENT:
            done["uncertain"] += 1
            done["uncertain_fen"] += entry.amount_fen
    return Done(**done)
