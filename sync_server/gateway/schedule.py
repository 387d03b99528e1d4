"""Who is asked next on a half-duplex line. Sans-I/O: times come in, addresses come out.

Rules: the one that is due longest; one that has or gets something is due again at once, behind the
others; one that fails pauses, longer each time; what is sought is asked one at a time, seldom while
others are there. What a terminal is to its master stands in `protocol.polling.TABLE`.
Source: docs/serial.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from protocol import polling


class Seat:
    """One terminal of the line. Times: milliseconds of the caller's clock."""

    def __init__(self, address: int):
        self.address = address
        self.state = polling.SOUGHT
        self.bit = 0  # of the next poll
        self.failures = 0  # in a row
        self.due_ms = 0.0
        self.heard_ms = 0.0


class Schedule:
    """baud: bits a second."""

    def __init__(self, baud: int):
        self._search_ms = polling.SEARCH_SHARE * polling.first_byte_ms(baud)
        self._search_due_ms = 0.0
        self.seats: dict[int, Seat] = {}
        self._lost: deque[int] = deque()  # were here before
        self._never: deque[int] = deque()
        self._lost_is_next = True

    def seek(self, addresses: Iterable[int]) -> None:
        """These may be on the line; others that are not here are forgotten."""
        wanted = set(addresses) | {seat.address for seat in self.here()}
        for address in [address for address in self.seats if address not in wanted]:
            del self.seats[address]
        for queue in (self._lost, self._never):
            kept = [address for address in queue if address in wanted]
            queue.clear()
            queue.extend(kept)
        for address in sorted(wanted - set(self.seats)):
            self.seats[address] = Seat(address)
            self._never.append(address)

    def here(self) -> list[Seat]:
        """Who is on the line, as far as is known."""
        return [seat for seat in self.seats.values() if seat.state != polling.SOUGHT]

    def next(self, now_ms: float) -> Seat | None:
        """Who is asked now, or None: nobody before `idle_ms`."""
        here = self.here()
        if now_ms >= self._search_due_ms and (self._lost or self._never):
            self._search_due_ms = now_ms + (self._search_ms if here else 0)
            return self._sought()
        first = min(here, key=lambda seat: seat.due_ms, default=None)
        return first if first is not None and first.due_ms <= now_ms else None

    def idle_ms(self, now_ms: float) -> float:
        """How long nobody has to be asked."""
        due_ms = [seat.due_ms for seat in self.here()]
        if self._lost or self._never:
            due_ms.append(self._search_due_ms)
        return max(0.0, min(due_ms, default=now_ms + polling.PAUSE_MAX_MS) - now_ms)

    def hurry(self, address: int, now_ms: float) -> None:
        """There is something to tell this terminal; who pauses after failures goes on pausing."""
        seat = self.seats.get(address)
        if seat is not None and not seat.failures:
            seat.due_ms = min(seat.due_ms, now_ms)

    def result(self, seat: Seat, event: str, now_ms: float, more: bool = False) -> bool:
        """What came of asking; more: there is more to say. -> True if it was given up."""
        was = seat.state
        seat.state = polling.TABLE[was][event]
        if event == polling.ANSWER:
            seat.bit ^= 1
            seat.failures = 0
            seat.heard_ms = now_ms
            seat.due_ms = now_ms + (0 if more else polling.REST_MS)
            if was == polling.SOUGHT:
                for queue in (self._lost, self._never):
                    if seat.address in queue:
                        queue.remove(seat.address)
            return False
        seat.failures += 1
        seat.due_ms = now_ms + polling.pause_ms(seat.failures)
        if seat.state != polling.DOUBTFUL or now_ms - seat.heard_ms < polling.GIVE_UP_MS:
            return False
        seat.state = polling.TABLE[seat.state][polling.GIVE_UP]
        self._lost.append(seat.address)
        return True

    def _sought(self) -> Seat:
        queues = (self._lost, self._never) if self._lost_is_next else (self._never, self._lost)
        self._lost_is_next = not self._lost_is_next
        queue = queues[0] or queues[1]
        queue.rotate(-1)
        return self.seats[queue[-1]]
