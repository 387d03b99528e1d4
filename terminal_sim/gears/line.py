"""The line between one terminal and the office: one thing happens on it at a time.

A request waits until its answer is here; what is lost is asked again, or the session dies of it and
the terminal begins anew. Bodies only: sealing them is the session's, and gear 2's.
"""

from __future__ import annotations

from collections import Counter

from terminal_sim.gears.node import Node
from terminal_sim.gears.office import Memory
from terminal_sim.gears.weather import Weather, happens
from terminal_sim.oracle import Oracle, Posting, Violation
from terminal_sim.prng import Prng


class Line:
    """Of one Node; `counts` are the campus's."""

    def __init__(self, node: Node, office: Memory, oracle: Oracle, weather: Weather,
                 draw: Prng, counts: Counter[str]):  # fmt: skip
        self._node = node
        self._office = office
        self._oracle = oracle
        self._weather = weather
        self._draw = draw
        self._counts = counts
        self._down_to_s = 0
        self._body: bytes | None = None
        self._reply: bytes | None = None

    def drop(self) -> None:
        """The terminal has no power, or the session died: what waited is forgotten."""
        self._body = self._reply = None

    def down(self, to_s: int) -> None:
        """The line is cut until then."""
        self._down_to_s = to_s
        self._die()
        self._counts["spells"] += 1

    def step(self, utc_s: int, calm: bool = False, in_tap: bool = False) -> bool:
        """Ask, serve or tell. False if there was nothing to do. In a tap no session comes or goes.

        PowerCut if the terminal's flash says so.
        """
        node = self._node
        if not calm and utc_s < self._down_to_s:
            return False
        if not node.terminal.online:
            if in_tap:
                return False
            node.open()
        if self._body is None:
            self._body = node.ask()
            return self._body is not None or self._push(calm)
        if not calm and happens(self._draw, self._weather.lost):
            self._lose(in_tap)
        elif self._reply is None:
            self._reply = self._serve(self._body)
            if not calm and happens(self._draw, self._weather.doubled):
                self._counts["doubled_requests"] += 1
                self._reply = self._serve(self._body)
        else:
            body, reply = self._body, self._reply
            self.drop()
            node.told(body, reply)
            self._look()
        return True

    def _lose(self, in_tap: bool) -> None:
        """A loss is repaired by asking again, bit for bit, unless the session dies of it."""
        self._counts["lost_answers" if self._reply else "lost_requests"] += 1
        if not in_tap and happens(self._draw, self._weather.died):
            self._die()

    def _die(self) -> None:
        self.drop()
        self._node.close()

    def _push(self, calm: bool) -> bool:
        """The server's own request. False if it has none."""
        whole = not calm and happens(self._draw, self._weather.whole)
        body = self._office.push(self._node.number, whole)
        if body is None:
            return False
        reply = self._node.pushed(body)
        self._look()
        if not calm and happens(self._draw, self._weather.lost):
            self._counts["lost_answers"] += 1
        else:
            self._office.pushed(self._node.number, reply)
        return True

    def _look(self) -> None:
        self._node.look_at_list(self._office.versions)

    def _serve(self, body: bytes) -> bytes:
        reply, transfers = self._office.serve(self._node.number, body)
        for transfer in transfers:
            if transfer.giver[0] != "purse":
                raise Violation("I3", f"an honest card was booked from {transfer.giver}")
            posting = Posting(
                int(transfer.giver[1]), transfer.terminal, transfer.serial, transfer.amount_fen
            )
            self._oracle.booked(posting, self._office.sum_fen())
        return reply
