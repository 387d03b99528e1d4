"""One connection: frames to its session, the session's events to what answers them.

Rules:
1. Nothing unauthenticated changes state (I7): the epoch of a hello is only compared; it is stored
   when the first sealed request proves the key, and no request is served before that commit.
2. Cleartext never touches a live session; the session's table keeps that, here only the terminal
   number must stay what it was.
3. A wrong byte from the peer (RemoteError) is counted and closes this connection, no other.
4. An answer belongs to the request it was made for. `_turn` tells a late answer of a session that
   is gone from the answer to the request of now.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

from protocol import frame, messages, reasons, states
from protocol.errors import LocalError, RemoteError
from protocol.session import Session, epoch_of, reject
from sync_server.gateway.limits import GOODBYE_S, HANDSHAKE_S, REPLY_S, SILENCE_S, WRITE_STALL_S
from sync_server.gateway.push import Hand
from sync_server.gateway.requests import answer
from sync_server.gateway.tcp import Outlet

if TYPE_CHECKING:
    from sync_server.gateway.service import Gateway

log = logging.getLogger(__name__)


class Connection:
    """Only for the loop's thread."""

    def __init__(self, gateway: Gateway, line: Outlet):
        self.gateway = gateway
        self.number = 0  # of the terminal; 0 until its hello
        self.generation = 0  # of the key that it speaks with
        self.live = False  # authenticated, and the epoch is stored
        self.hand = Hand()
        self.opened_s = self.heard_s = time.monotonic()
        self._line = line
        self._receiver = frame.Receiver()
        self._session: Session | None = None
        self._turn = 0
        self._admitting = False
        self._early: bytes | None = None  # the request that came with the proof
        self._closed = False
        self._closed_s = 0.0

    # what the line tells

    def received(self, data: bytes) -> None:
        """Bytes of the peer, in any cut."""
        dropped = self._receiver.dropped
        try:
            for address, kind, payload in self._receiver.feed(data):
                if self._closed:
                    return
                self.take(address, kind, payload)
        except RemoteError as error:
            self.gateway.counts["faults"] += 1
            log.info("terminal %d: %s", self.number, error)
            self.close()
        self.gateway.counts["garbage"] += self._receiver.dropped - dropped

    def lost(self) -> None:
        """The socket is gone."""
        self._end()
        self.gateway.connections.discard(self)

    def take(self, address: int, kind: int, payload: bytes) -> None:
        """One frame of the peer. RemoteError if it is bad; what that ends is the line's to say."""
        if self._session is None:
            if kind != frame.HELLO:
                raise RemoteError("the first frame must be a hello")
            if not self._greet(address, payload):
                return
        elif address != self.number:
            raise RemoteError(f"terminal {self.number} speaks as {address}")
        elif kind == frame.HELLO and not self._may_hello(payload):
            return
        assert self._session is not None
        for event in self._session.receive(kind, payload):
            self._event(event)
        self.heard_s = time.monotonic()

    # hello

    def _greet(self, address: int, payload: bytes) -> bool:
        """The first hello: make the session, or say why not and hang up."""
        terminal = self.gateway.terminals.get(address)
        if terminal is None:
            self.gateway.counts["unknown"] += 1
            self._reject(address, reasons.UNKNOWN_TERMINAL)
            self.close()
            return False
        self.number = address
        if not self._may_hello(payload):
            self.close()
            return False
        self.generation = terminal.generation
        derive = self.gateway.derive_for(terminal)
        self._session = Session(states.SERVER, address, derive, os.urandom)
        return True

    def _may_hello(self, payload: bytes) -> bool:
        """Compare the epoch; a stale one is told so, which changes nothing on either side."""
        terminal = self.gateway.terminals[self.number]
        if epoch_of(payload) <= terminal.epoch:
            self.gateway.counts["stale"] += 1
            self._reject(self.number, reasons.STALE_EPOCH)
            return False
        return True

    def _reject(self, address: int, reason: int) -> None:
        self._line.send(reject(address, reason))

    # the session's events

    def _event(self, event: tuple) -> None:
        name, value = event
        if name == "send":
            self._line.send(value)
        elif name == "open":
            self._turn += 1
            self._admitting = True
            self.live = False
            self.gateway.admit(self, value, self._admitted)
        elif name == "request":
            self._turn += 1
            if self._admitting:
                self._early = value
            else:
                answer(self, value)
        elif name == "reply":
            number, values, _ = messages.decode(value, states.TERMINAL)
            self.gateway.pusher.replied(self, number, values)

    def _admitted(self, admitted: bool) -> None:
        if self._closed:
            return
        self._admitting = False
        if not admitted:
            self.gateway.counts["stale"] += 1
            self._reject(self.number, reasons.STALE_EPOCH)
            self.close()
            return
        self.live = True
        self.hand = Hand()
        self.gateway.adopt(self)
        early, self._early = self._early, None
        if early is not None:
            self._serve(early)

    def _serve(self, body: bytes) -> None:
        try:
            answer(self, body)
        except RemoteError as error:
            self.gateway.counts["faults"] += 1
            log.info("terminal %d: %s", self.number, error)
            self.close()

    # what answers and pushes call

    @property
    def turn(self) -> int:
        """Names the request that is being served; hand it back with the reply."""
        return self._turn

    def reply(self, turn: int, body: bytes) -> None:
        """Answer the request of `turn`; nothing if that one is gone."""
        if self._closed or turn != self._turn or self._session is None:
            return
        try:
            self._line.send(self._session.reply(body))
        except LocalError as error:
            log.info("terminal %d: no reply: %s", self.number, error)

    def may_be_asked(self) -> bool:
        """Can a request be sent to the terminal now?"""
        session = self._session
        return self.live and not self._closed and session is not None and not session.waiting

    def ask(self, body: bytes) -> None:
        """Send a request; only when `may_be_asked`."""
        assert self._session is not None
        self._line.send(self._session.request(body))

    def again(self) -> bytes | None:
        """The request that has no reply yet, bit-identical: for a line that loses frames."""
        return self._session.retry() if self._session is not None else None

    def close(self) -> None:
        """Hang up after what was sent has left."""
        if not self._closed:
            self._end()
            self._line.close()

    def overdue(self, now_s: float) -> str:
        """Why this connection must end now, or an empty text."""
        if self._closed:
            # Closing politely needs the peer to read; who does not read is cut.
            return "does not read" if now_s - self._closed_s > GOODBYE_S else ""
        if not self.live and now_s - self.opened_s > HANDSHAKE_S:
            return "no handshake"
        if now_s - self.heard_s > SILENCE_S:
            return "silent"
        if self.hand.sent_s and now_s - self.hand.sent_s > REPLY_S:
            return "no reply to a push"
        if self._line.stalled_since_s and now_s - self._line.stalled_since_s > WRITE_STALL_S:
            return "does not read"
        return ""

    def abort(self, why: str) -> None:
        """Cut at once."""
        self.gateway.counts["overdue"] += 1
        log.info("terminal %d: %s", self.number, why)
        self._end()
        self._line.abort()

    def _end(self) -> None:
        if not self._closed:
            self._closed = True
            self._closed_s = time.monotonic()
            self.gateway.forget(self)
            self.live = False
