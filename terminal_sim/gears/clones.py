"""Somebody copies a terminal, flash and keys, and takes money with the copy.

What the copy has taken it sends when all else has converged. No record that it made itself may be
taken for one of the terminal's: each is named, as another one under the same number or as a broken
chain, and what the ledger has of honest cards stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol import batch, messages
from terminal_sim import scenario
from terminal_sim.gears import held
from terminal_sim.oracle import Violation

if TYPE_CHECKING:
    from terminal_sim.gears.inprocess import Campus

_CLONE = 1 << 16  # clone n of terminal t is known as t + n * _CLONE
_ASKS = 200  # more than any clone has to say


class Clone:
    """One copy of a terminal; its customers are copies of one card."""

    def __init__(self, campus: Campus, event: scenario.Clone, n: int):
        self._campus = campus
        self._at = campus.nodes[event.terminal - 1]
        self._made_after = self._at.terminal.journal.serial_next
        self._node = self._at.cloned(event.terminal + n * _CLONE)
        of = event.card
        while campus.is_phone[of]:  # ends: not all are phones, of which there is no copy
            of = of % scenario.CARDS + 1
        key = of + (scenario.COPIES + n) * campus.COPY
        card = held.copied(campus.cards[of], key)
        assert card is not None
        campus.oracle.add_copy(key, of, held.witness(card))
        for _ in range(event.taps):
            self._node.sell(key, card, 1 + event.terminal, 0)

    def reveal(self) -> int:
        """It sends what it has. -> how many of its own records were named; I7 if one was not."""
        campus, node, named = self._campus, self._node, 0
        if node.enrolment != self._at.enrolment:
            return 0  # the terminal was replaced since: this key opens no session any more
        node.utc_s = campus.utc_s
        node.epoch()
        node.open()
        for _ in range(_ASKS):
            body = node.ask()
            if body is None or body[0] == messages.BATCH and len(body) == 1:
                break
            reply, transfers = campus.office.serve(node.number, body)
            assert reply is not None
            campus.lines[node.number].book(transfers)
            if body[0] == messages.BATCH:
                serials = [int.from_bytes(raw[:4], "big") for raw in batch.split(body[1:])]
                answers = batch.unpack(reply[1:])
                named += self._named(dict(zip(serials, answers, strict=True)))
            node.told(body, reply)
        return named

    def _named(self, answers: dict[int, tuple[int, int]]) -> int:
        own = {serial: one for serial, one in answers.items() if serial >= self._made_after}
        for serial, (answer, _) in own.items():
            if answer not in (batch.EXISTS_DIFFERENT, batch.QUARANTINED):
                raise Violation("I7", f"record {serial} of a copied terminal passed for its own")
        return len(own)
