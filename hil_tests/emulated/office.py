"""The server's end of a terminal's line: a real session over the rules of the real server.

Everything that changes on the way is the session's; what records mean is sync_server.core, with
its tables in memory. `campus serve` itself, with sockets and a database, is in other tests.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from protocol import frame, hkdf, messages, reasons, states
from protocol.errors import ProtocolError
from protocol.session import Session, epoch_of, reject
from terminal_sim.gears.office import Memory


class Office:
    """One terminal's server. say(bytes): the line to it; utc_s(): the server's clock.

    reports: values of its REPORTs, the newest last. faults: frames that were none of it.
    """

    def __init__(self, number: int, enrolment: bytes, memory: Memory, seed: int):
        self.say: Callable[[bytes], object] = lambda data: None
        self.utc_s: Callable[[], int] = lambda: 0
        self.memory = memory
        self.reports: list = []
        self.faults = 0
        self.epoch = -1
        self._number = number
        self._enrolment = enrolment
        self._draw = random.Random(seed)
        self.hang_up()

    @property
    def is_open(self) -> bool:
        """True while there is a session."""
        return self._session is not None and self._session.is_open

    def hang_up(self) -> None:
        """Forget the session, as a server that starts again does."""
        self._frames = frame.Receiver()
        self._session: Session | None = None

    def hear(self, data: bytes) -> None:
        """What the terminal said."""
        for address, kind, payload in self._frames.feed(data):
            if address == self._number:
                try:
                    self._frame(kind, payload)
                except ProtocolError:
                    self.faults += 1

    def push(self) -> None:
        """Tell the terminal what it shall know, if it may be told now."""
        session = self._session
        if session is None or not session.is_open or session.waiting:
            return
        body = self.memory.push(self._number)
        if body is not None:
            self.say(session.request(body))

    def _frame(self, kind: int, payload: bytes) -> None:
        if kind == frame.HELLO and epoch_of(payload) <= self.epoch:
            self.say(reject(self._number, reasons.STALE_EPOCH))
            return
        if self._session is None:
            self._session = Session(states.SERVER, self._number, self._derive, self._draw.randbytes)
        for name, value in self._session.receive(kind, payload):
            if name == "send":
                self.say(value)
            elif name == "open":
                self.epoch = value
            elif name == "request":
                reply = self._serve(value)
                if reply is not None:
                    self.say(self._session.reply(reply))
                    self.push()
            elif name == "reply":
                self.memory.pushed(self._number, value)
                self.push()

    def _serve(self, body: bytes) -> bytes | None:
        reply, _ = self.memory.serve(self._number, body)
        if reply is None or body[0] != messages.REPORT:
            return reply
        self.reports.append(messages.decode(body, states.TERMINAL)[1])
        values = messages.decode(reply, states.SERVER)[1]
        return messages.encode(messages.STATE, (self.utc_s(), *values[1:]))

    def _derive(self, salt: bytes, info: bytes, length: int) -> bytes:
        return hkdf.derive(self._enrolment, salt, info, length)
