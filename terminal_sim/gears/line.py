"""The line between one terminal and the office: one thing happens on it at a time.

A request waits until its answer is here; what is lost is asked again, or the session dies of it and
the terminal begins anew. Bodies only: `sealed` has the same line with frames and sessions.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

from sync_server.core.ledger import PURSE, Transfer
from sync_server.core.rebuild import UNNAMED
from terminal_sim.gears.node import Node
from terminal_sim.gears.office import Died, Memory
from terminal_sim.oracle import Oracle, Posting

_LOSES = ("lost", "truncated", "corrupted", "collision")


class Line:
    """Of one Node; `counts` are the campus's; `server_died` ends the sessions of all lines."""

    def __init__(self, node: Node, office: Memory, oracle: Oracle, counts: Counter[str],
                 server_died: Callable[[], None]):  # fmt: skip
        self._node = node
        self._office = office
        self._oracle = oracle
        self._counts = counts
        self._server_died = server_died
        self._faults: deque[tuple[str, int]] = deque()
        self._down_to_s = 0
        self._off_since_s = node.utc_s
        self.longest_off_s = 0
        self._body: bytes | None = None
        self._reply: bytes | None = None
        self._before: bytes | None = None  # the request before

    def drop(self) -> None:
        """The terminal has no power, or the session died: what waited is forgotten."""
        self._body = self._reply = None

    def forge(self, noise: int) -> None:
        """A device with a wrong key: on this line there are no keys."""

    def down(self, to_s: int) -> None:
        """The line is cut until then."""
        self._down_to_s = to_s
        self.die()
        self._counts["spells"] += 1

    def trouble(self, fault: str, messages: int, noise: int) -> None:
        """The next messages on the line meet this."""
        self._faults.extend([(fault, noise)] * messages)

    def calm(self) -> None:
        """No trouble any more, and nothing from before."""
        self._faults.clear()
        self._down_to_s = 0

    def die(self) -> None:
        """The session is dead."""
        self.drop()
        if self._node.terminal.online:
            self._off_since_s = self._node.utc_s
        self._node.close()

    def power_cut(self) -> None:
        """The terminal has no power."""
        self.drop()
        if self._node.terminal.online:
            self._off_since_s = self._node.utc_s

    def replaced(self) -> None:
        """The terminal has another flash; somebody sees to it that it meets the server."""
        self.calm()
        self.die()
        self._before = None

    def server_gone(self) -> None:
        """The server's process is another one: nothing of before reaches it."""
        self._before = None
        self.die()

    def step(self, whole: bool = False) -> bool:
        """Ask, serve or tell. False if there was nothing to do. PowerCut as the flash has it."""
        node = self._node
        if node.utc_s < self._down_to_s:
            return False
        if not node.terminal.online:
            node.epoch()
            self._opens()
        if self._body is None:
            self._body = node.ask()
            return self._body is not None or self._push(whole)
        if self._faults and self._meets(*self._faults.popleft()):
            return True
        if self._reply is None:
            self._reply = self._serve(self._body)
        else:
            body, reply = self._body, self._reply
            self._before = body
            self.drop()
            self._told(body, reply)
        return True

    def _opens(self) -> None:
        self.longest_off_s = max(self.longest_off_s, self._node.utc_s - self._off_since_s)
        self._node.open()

    def _told(self, body: bytes, reply: bytes) -> None:
        self._node.told(body, reply)
        self._node.look_at_list(self._office.ever)

    def _meets(self, fault: str, noise: int) -> bool:
        """A message meets a fault. True if it goes no further in this step."""
        self._counts["link_faults"] += 1
        self._counts["link_" + fault] += 1
        if fault in _LOSES:
            if self._reply is not None:
                self._reply = None  # the request is said again, and answered again
        elif fault == "doubled" and self._reply is None and self._body:
            self._serve(self._body)
            return self._body is None  # the server died of it
        elif fault == "reordered" and self._before:
            self._serve(self._before)  # what comes so late is answered to nobody
        elif fault == "half_open":  # the server hears, and the terminal has given up
            if self._reply is None and self._body:
                self._serve(self._body)
            self.die()
        elif fault == "dead":
            self.die()
        return True

    def _push(self, whole: bool) -> bool:
        """The server's own request. False if it has none."""
        body = self._office.push(self._node.number, whole)
        if body is None:
            return False
        reply = self._node.pushed(body)
        self._node.look_at_list(self._office.ever)
        if self._faults and self._faults[0][0] in _LOSES:
            self._counts["link_faults"] += 1
            self._counts["link_" + self._faults.popleft()[0]] += 1
        else:
            self._office.pushed(self._node.number, reply)
        return True

    def _serve(self, body: bytes) -> bytes | None:
        """What the server answers; None if it does not."""
        try:
            reply, transfers = self._office.serve(self._node.number, body)
        except Died as died:
            self.book(died.transfers)
            self._server_died()
            return None
        self.book(transfers)
        return reply

    def book(self, transfers: list[Transfer]) -> None:
        """The oracle hears of each."""
        for transfer in transfers:
            posting, is_unnamed = told(transfer)
            self._oracle.booked(posting, self._office.sum_fen(), is_unnamed)


def told(transfer: Transfer) -> tuple[Posting, bool]:
    """(what the oracle hears of a transfer, whether it goes to or comes from the unnamed)."""
    card = int(transfer.giver[1]) if transfer.giver[0] == PURSE else 0
    posting = Posting(card, transfer.terminal, transfer.serial, transfer.amount_fen)
    return posting, UNNAMED in (transfer.giver, transfer.taker)
