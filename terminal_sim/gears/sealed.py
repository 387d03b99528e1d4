"""The line of gear 1 with all that travels on it: frames, and a real session at both ends.

What one side sends lies on the line until a step carries it; there it can be lost, cut short,
garbled, doubled, overtaken. Who hears nothing says it again, bit for bit, and gives up after
RETRIES. What a fault does to bytes is `fault`; I7 is tried by `forge`: a device that has not the
terminal's key leaves no trace, and the live session goes on.
What it is not: TCP, or a gateway; the server's end here is protocol.session and ten lines.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from protocol import channel, frame, hkdf, messages
from protocol.errors import ProtocolError
from protocol.session import SERVER, TERMINAL, Session
from terminal_sim.gears.line import Line
from terminal_sim.oracle import Violation
from terminal_sim.prng import Prng

RETRIES = 3  # as firmware.linking
_HIGH_EPOCH = 0xFFFFFF00
_KEPT = 8  # chunks that somebody on the line keeps, to say them again


class Sealed(Line):
    """As Line; `steps` carry one chunk of bytes each."""

    def __init__(self, *parts: Any):
        super().__init__(*parts)
        self._draw = Prng(self._node.number)
        self._epoch = -1  # the highest that the server admitted
        self._up: deque[bytes] = deque()
        self._down: deque[bytes] = deque()
        self._terminal: Session | None = None
        self._server: Session | None = None
        self._asked: bytes | None = None
        self._retries = 0
        self._hears = {TERMINAL: frame.Receiver(), SERVER: frame.Receiver()}
        self._sealed: dict[tuple[int, int, bytes], bytes] = {}
        self._hellos = 0
        self._arrived: deque[bytes] = deque(maxlen=_KEPT)  # at the server

    def drop(self) -> None:
        """The terminal has no power, or the line is gone: what was under way is forgotten."""
        self._up.clear()
        self._down.clear()
        self._terminal = self._server = self._asked = None
        self._sealed.clear()

    def replaced(self) -> None:
        """The terminal has a new key, and its epochs begin anew."""
        super().replaced()
        self._epoch = -1

    def step(self, whole: bool = False) -> bool:
        """Carry a chunk, or say what is due. False if there was nothing to do."""
        if self._node.utc_s < self._down_to_s:
            return False
        if self._terminal is None:
            self._hello()
        elif self._up or self._down:
            self._carry()
        else:
            return self._quiet(whole)
        return True

    def forge(self, noise: int) -> None:
        """I7: a device with this terminal's number, and a key that is not its own, tries: with
        what it seals itself, and with what it heard on the line."""
        before = self._office.trace()
        live = self._server.epoch if self._server else None
        answers, self._down = self._down, deque()
        forger = Session(TERMINAL, self._node.number, _wrong, Prng(noise).bytes)
        self._take(SERVER, forger.hello(_HIGH_EPOCH))
        keys = hkdf.derive(Prng(noise).bytes(16), b"", b"", channel.KEYS_SIZE)
        made = channel.Channel(TERMINAL, self._node.number, _HIGH_EPOCH, keys)
        self._take(SERVER, made.request(messages.encode(messages.BATCH, (), bytes(64))))
        for chunk in list(self._arrived):
            self._take(SERVER, chunk)
        self._down = answers
        if self._server is not None and live != self._server.epoch:
            raise Violation("I7", f"terminal {self._node.number}: a forged hello ended its session")
        if self._office.trace() != before:
            raise Violation("I7", f"terminal {self._node.number}: a wrong key left a trace")

    # the terminal's end

    def _hello(self) -> None:
        node = self._node
        if node.terminal.online:
            node.close()
        self._terminal = Session(TERMINAL, node.number, node.terminal.derive, self._draw.bytes)
        self._hears[TERMINAL] = frame.Receiver()
        self._retries = 0
        self._hellos += 1
        self._up.append(self._terminal.hello(node.epoch()))

    def _quiet(self, whole: bool) -> bool:
        """Nothing is on the line: ask, push, or say again what was not answered."""
        session, server = self._terminal, self._server
        assert session is not None
        if session.waiting or not (session.is_open or session.state == "PROVING"):
            self._say_again(session, self._up)
            return True
        self._asked = self._node.ask()
        if self._asked is not None:
            self._retries = 0
            self._say(TERMINAL, session.request(self._asked))
            return True
        if server is None or not server.is_open:
            return False
        if server.waiting:
            self._say_again(server, self._down)
            return True
        body = self._office.push(self._node.number, whole)
        if body is None:
            return False
        self._retries = 0
        self._say(SERVER, server.request(body))
        return True

    def _say(self, role: int, data: bytes) -> None:
        """Sealed bytes go out. I7: under one number of one set of keys there is one body."""
        server, keys = self._server, self._hellos
        if role == SERVER and server is not None and server.epoch is not None:
            keys = -1 - server.epoch
        for _, kind, payload in frame.Receiver().feed(data):
            before = self._sealed.setdefault((keys, kind, payload[:4]), payload)
            if before != payload:
                raise Violation("I7", f"terminal {self._node.number}: a nonce seals two bodies")
        (self._down if role == SERVER else self._up).append(data)

    def _say_again(self, session: Session, way: deque[bytes]) -> None:
        again = session.retry()
        self._retries += 1
        if self._retries > RETRIES or again is None:
            self.die()
        else:
            way.append(again)

    # bytes

    def _carry(self) -> None:
        """The oldest chunk goes over the line, if the weather lets it."""
        role, way = (SERVER, self._up) if self._up else (TERMINAL, self._down)
        data = way.popleft()
        if self._faults:
            name, noise = self._faults.popleft()
            self._counts["link_faults"] += 1
            self._counts["link_" + name] += 1
            chunks = self._fault(name, noise, data, way)
        else:
            chunks = [data]
        for chunk in chunks:
            self._take(role, chunk)
            if role == SERVER:
                self._arrived.append(chunk)

    def _fault(self, name: str, noise: int, data: bytes, way: deque[bytes]) -> list[bytes]:
        """-> what arrives now."""
        if name == "doubled":
            return [data, data]
        if name in ("delayed", "reordered"):
            way.append(data)  # what is sent next may be there before it
            return [way.popleft()] if name == "reordered" and len(way) > 1 else []
        if name == "truncated":
            return [data[: noise % len(data)]]
        if name == "corrupted":
            return [_xor(data, noise % len(data), bytes((1 << noise % 8,)))]
        if name == "collision":  # two speak at once: what overlaps is noise
            return [_xor(data, noise % len(data), Prng(noise).bytes(len(data)))]
        if name == "half_open" and noise & 1:
            self._server = None
            return []
        if name == "half_open":
            self._terminal = self._asked = None
            self._node.close()
            return [data]
        if name == "dead":
            self.die()
        return []

    def _take(self, role: int, data: bytes) -> None:
        """Bytes arrive at one end. What is wrong there ends the connection, and nothing else."""
        try:
            for address, kind, payload in self._hears[role].feed(data):
                if address == self._node.number:
                    self._frame(role, kind, payload)
        except ProtocolError:
            self._counts["refused_frames"] += 1

    def _frame(self, role: int, kind: int, payload: bytes) -> None:
        if role == TERMINAL:
            session = self._terminal
        else:
            if self._server is None:
                self._server = Session(SERVER, self._node.number, self._derive, self._draw.bytes)
            session = self._server
        if session is not None:
            for event in session.receive(kind, payload):
                self._event(role, *event)

    def _event(self, role: int, name: str, value: Any) -> None:
        if name == "send":
            (self._down if role == SERVER else self._up).append(value)
        elif role == SERVER:
            self._at_server(name, value)
        elif name == "open":
            self._opens()
        elif name == "reply":
            body, self._asked = self._asked, None
            if body is not None:
                self._told(body, value)
        elif name == "request":
            assert self._terminal is not None
            reply = self._node.pushed(value)
            self._say(TERMINAL, self._terminal.reply(reply))
            self._node.look_at_list(self._office.ever)

    def _derive(self, salt: bytes, info: bytes, length: int) -> bytes:
        return hkdf.derive(self._node.enrolment, salt, info, length)

    def _at_server(self, name: str, value: Any) -> None:
        if name == "open":
            if value <= self._epoch:
                raise Violation("I7", f"terminal {self._node.number}: epoch {value} once more")
            self._epoch = value
        elif name == "request":
            reply = self._serve(value)
            if reply is not None and self._server is not None:
                self._say(SERVER, self._server.reply(reply))
        elif name == "reply":
            self._office.pushed(self._node.number, value)


def _wrong(salt: bytes, info: bytes, length: int) -> bytes:
    return hkdf.derive(b"not its own", salt, info, length)


def _xor(data: bytes, at: int, noise: bytes) -> bytes:
    garbled = bytes(a ^ b for a, b in zip(data[at:], noise, strict=False))
    return data[:at] + garbled + data[at + len(garbled) :]
