"""A session: handshake, then sealed requests and replies both ways. Runs `states.TABLE`.

The same code for both roles. It is sans-I/O: frames come in by `receive`, frames to send go out as
bytes, and whoever calls decides when to send again. It never sees the enrolment key (`derive`
works with it) and keeps no key but those of at most two channels, live and new.

HELLO      version u8, nonce_t 16 = epoch u32 || 12 random bytes
CHALLENGE  version u8, nonce_s 16, proof 8
REJECT     reason u8 (reasons 96-), a hint that nothing depends on
Keys: derive(nonce_t || nonce_s, b"campus-card session 1" || address u16, 40) -> terminal key 16,
server key 16, proof 8. The epoch only grows, so nonce_t never comes twice, even from a dead random
source. Any error leaves the session as it was. Source: docs/session.md, RFC 5869.
"""

import struct

from protocol import channel, frame, reasons, states
from protocol.errors import LocalError, RemoteError
from protocol.states import SERVER, TERMINAL

__all__ = ("SERVER", "TERMINAL", "Session", "epoch_of", "reject")

PROTOCOL_VERSION = 1
NONCE_SIZE = 16
MAX_EPOCH = 0xFFFFFFFF
_PROOF_SIZE = 8
_INFO = b"campus-card session 1"
_HELLO_SIZE = 1 + NONCE_SIZE
_CHALLENGE_SIZE = 1 + NONCE_SIZE + _PROOF_SIZE


def reject(address, reason):
    """The frame that turns a terminal away; `reason` is a code of `reasons`."""
    return frame.pack(address, frame.REJECT, bytes((reason,)))


def epoch_of(payload):
    """The epoch a HELLO payload claims, not proven by anything. RemoteError if it is no HELLO."""
    if len(payload) != _HELLO_SIZE:
        raise RemoteError(f"a hello of {len(payload)} bytes")
    return struct.unpack_from(">I", payload, 1)[0]


class Session:
    """One side of one terminal's session.

    role: TERMINAL or SERVER. address: the terminal's number. derive(salt, info, length) -> bytes
    under the enrolment key. random(n) -> n bytes.
    """

    def __init__(self, role, address, derive, random):
        self._role = role
        self._address = address
        self._derive = derive
        self._random = random
        self._state = states.CLOSED
        self._live = None  # Channel bodies go through
        self._new = None  # Channel a handshake has made
        self._hello = None  # payload: ours at the terminal, the one answered at the server
        self._challenge = None  # frame that answered it (server)
        self._last_epoch = -1  # of our hellos (terminal)

    @property
    def state(self):
        """One of states.STATES."""
        return self._state

    @property
    def is_open(self):
        """True while there is a live session."""
        return self._live is not None

    @property
    def epoch(self):
        """Epoch of the live session, or None."""
        return self._live.epoch if self._live else None

    @property
    def exhausted(self):
        """True when a new hello is due because the keys have served long enough.

        Not while one is under way: another hello would give that one up, again and again.
        """
        return self._state == states.OPEN and self._live.exhausted

    @property
    def waiting(self):
        """True while `request` must wait: for a reply, or (server) for our own first reply."""
        asking = self._asking()
        if asking is None:
            return False
        return asking.waiting or (self._role == SERVER and not asking.answered_any)

    def hello(self, epoch):
        """The HELLO frame of a new handshake; `epoch` must be above every earlier one.

        A live session lives on until the new one is proven. A handshake under way is given up.
        """
        after = self._step(states.SAY_HELLO)
        if not self._last_epoch < epoch <= MAX_EPOCH:
            raise LocalError(f"epoch {epoch} does not follow {self._last_epoch}")
        nonce = struct.pack(">I", epoch) + self._random(NONCE_SIZE - 4)
        self._hello = bytes((PROTOCOL_VERSION,)) + nonce
        self._last_epoch = epoch
        self._new = None
        self._state = after
        return frame.pack(self._address, frame.HELLO, self._hello)

    def request(self, body):
        """The frame of a request. LocalError if not open, one is outstanding, or it is too long.

        The terminal may ask as soon as it is challenged: that first request proves it. The server
        may ask only after it has made its first reply, for that is what opens the terminal.
        """
        after = self._step(states.ASK)
        if self.waiting:
            raise LocalError("a request or the first reply is outstanding")
        sealed = self._asking().request(body)
        self._state = after
        return sealed

    def retry(self):
        """What is unanswered, bit-identical: a hello, a request or both; None if nothing is."""
        again = b""
        if self._role == TERMINAL and states.allows(self._role, self._state, states.CHALLENGE):
            again = frame.pack(self._address, frame.HELLO, self._hello)
        asking = self._asking()
        if asking is not None and asking.waiting:
            again += asking.outstanding
        return again or None

    def reply(self, body, epoch=None):
        """The frame that answers the last "request" event. LocalError if there is none.

        Who answers later, after other frames were received, gives the `epoch` the session had at
        the event: the answer to a request of a dead session must not become that of a new one.
        """
        after = self._step(states.ANSWER)
        if epoch is not None and epoch != self._live.epoch:
            raise LocalError("the session of that request is gone")
        sealed = self._live.reply(body)
        self._state = after
        return sealed

    def receive(self, kind, payload):
        """List of events from one frame of this address. RemoteError on anything bad.

        ("send", frame bytes), ("open", epoch), ("request", body), ("reply", body),
        ("rejected", reason code). A request that is still being answered gives no event.
        At "open" what was outstanding in the session before is forgotten.
        """
        event = states.RECEIVES[self._role].get(kind)
        if event is None:
            who = states.ROLE_NAMES[self._role]
            raise RemoteError(f"a frame of kind {frame.kind_name(kind)} is not for the {who}")
        if event == states.HELLO:
            return self._receive_hello(payload)
        if event == states.CHALLENGE:
            return self._receive_challenge(payload)
        if event == states.REJECT:
            return self._receive_reject(payload)
        return self._receive_sealed(event, payload)

    def _receive_hello(self, payload):
        after = self._step(states.HELLO)
        if payload and payload[0] != PROTOCOL_VERSION:
            return [("send", reject(self._address, reasons.VERSION))]
        epoch = epoch_of(payload)
        if self._live is not None and epoch <= self._live.epoch:
            return [("send", reject(self._address, reasons.STALE_EPOCH))]
        if self._new is None or payload != self._hello:
            nonce = self._random(NONCE_SIZE)
            self._new, proof = self._channel(payload[1:], nonce, epoch)
            answer = bytes((PROTOCOL_VERSION,)) + nonce + proof
            self._challenge = frame.pack(self._address, frame.CHALLENGE, answer)
            self._hello = payload
        self._state = after
        return [("send", self._challenge)]

    def _receive_challenge(self, payload):
        after = self._step(states.CHALLENGE)
        if len(payload) != _CHALLENGE_SIZE:
            raise RemoteError(f"a challenge of {len(payload)} bytes")
        if payload[0] != PROTOCOL_VERSION:
            raise RemoteError(f"the server speaks version {payload[0]}")
        new, proof = self._channel(self._hello[1:], payload[1 : 1 + NONCE_SIZE], self._last_epoch)
        if not _same(proof, payload[1 + NONCE_SIZE :]):
            raise RemoteError("the challenge was not made with this terminal's key")
        self._new = new
        self._state = after
        return []

    def _receive_reject(self, payload):
        after = self._step(states.REJECT)
        if len(payload) != 1:
            raise RemoteError(f"a reject of {len(payload)} bytes")
        self._state = after
        return [("rejected", payload[0])]

    def _receive_sealed(self, event, payload):
        proves = states.REPLY if self._role == TERMINAL else states.REQUEST
        if event == proves and states.allows(self._role, self._state, states.PROOF):
            try:
                return self._receive_proof(event, payload)
            except RemoteError:
                if not states.allows(self._role, self._state, event):
                    raise
        after = self._step(event)
        events = _take(self._live, event, payload)
        self._state = after
        return events

    def _receive_proof(self, event, payload):
        """The first frame under the new keys: now they are the live ones."""
        after = self._step(states.PROOF)
        events = _take(self._new, event, payload)
        self._live = self._new
        self._new = None
        self._challenge = None
        self._hello = None
        self._state = after
        return [("open", self._live.epoch)] + events

    def _channel(self, nonce_t, nonce_s, epoch):
        """(Channel, proof 8) of a handshake."""
        info = _INFO + struct.pack(">H", self._address)
        keys = self._derive(nonce_t + nonce_s, info, channel.KEYS_SIZE + _PROOF_SIZE)
        made = channel.Channel(self._role, self._address, epoch, keys[: channel.KEYS_SIZE])
        return made, keys[channel.KEYS_SIZE :]

    def _asking(self):
        """The channel our next request goes through, or None."""
        if self._role == TERMINAL and self._new is not None:
            return self._new
        return self._live

    def _step(self, event):
        """The state after `event`, not entered yet; the error of the table if it has no cell."""
        return states.step(self._role, self._state, event)


def _take(through, event, payload):
    """Events of a sealed payload that came through a channel."""
    if event == states.REPLY:
        return [("reply", through.take_reply(payload))]
    found, what = through.take_request(payload)
    if found == channel.NEW:
        return [("request", what)]
    return [("send", what)] if found == channel.AGAIN else []


def _same(left, right):
    """True if equal; looks at every byte, so the time does not tell how much is right."""
    wrong = len(left) ^ len(right)
    for one, other in zip(left, right):
        wrong |= one ^ other
    return wrong == 0
