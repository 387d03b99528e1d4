"""Sealed bodies under one set of keys: counters, the outstanding request, the kept reply.

Not the handshake that makes the keys, nor when they count (session, states). A sealed payload is
counter u32, AES-128-CCM of the body, tag 8. Nonce: kind u8, address u16, counter u32, six zeros.
Authenticated beside it: address u16, kind u8, counter u32. Each side numbers its requests from 0,
has one outstanding at most, and a reply carries its request's counter; so a nonce is used for one
body only. A request that was answered is answered again by the bit-identical frame, never anew.
Limits: bodies of MAX_BODY bytes; 2**21 requests a side. Source: NIST SP 800-38C; docs/session.md.
"""

import struct

from protocol import frame
from protocol.ccm import Ccm
from protocol.errors import LocalError, RemoteError
from protocol.states import TERMINAL

KEYS_SIZE = 32
TAG_SIZE = 8
MAX_BODY = frame.MAX_PAYLOAD - 4 - TAG_SIZE
EXHAUSTED_AFTER = 1 << 20  # requests, then new keys are wanted
_REFUSED_AFTER = 1 << 21  # requests, then these keys seal and open no more

# what take_request found
NEW = 1
AGAIN = 2  # answered before: send the kept reply
PENDING = 3  # being answered: nothing to do


class Channel:
    """What one side keeps of one set of keys. `keys` is terminal key 16 || server key 16."""

    def __init__(self, role, address, epoch, keys):
        terminal = Ccm(keys[:16], TAG_SIZE)
        server = Ccm(keys[16:32], TAG_SIZE)
        self.epoch = epoch
        self._address = address
        if role == TERMINAL:
            self._seals, self._unseals = terminal, server
            self._request_kind, self._reply_kind = frame.TERMINAL_REQUEST, frame.TERMINAL_REPLY
            self._asked_kind, self._answer_kind = frame.SERVER_REQUEST, frame.SERVER_REPLY
        else:
            self._seals, self._unseals = server, terminal
            self._request_kind, self._reply_kind = frame.SERVER_REQUEST, frame.SERVER_REPLY
            self._asked_kind, self._answer_kind = frame.TERMINAL_REQUEST, frame.TERMINAL_REPLY
        self._counter = 0  # of our next request
        self._outstanding = None  # frame of the request that waits for its reply
        self._asked = -1  # counter of the peer's last request
        self._kept = None  # frame that answers it, None as long as it is not answered

    @property
    def waiting(self):
        """True while a request of ours has no reply yet."""
        return self._outstanding is not None

    @property
    def outstanding(self):
        """The frame of that request, or None."""
        return self._outstanding

    @property
    def answered_any(self):
        """True as soon as one request of the peer was answered."""
        return self._asked > 0 or self._kept is not None

    @property
    def exhausted(self):
        """True when either side has made so many requests that new keys are wanted."""
        return self._counter >= EXHAUSTED_AFTER or self._asked + 1 >= EXHAUSTED_AFTER

    def request(self, body):
        """The frame of a new request. LocalError while one is outstanding."""
        if self._outstanding is not None:
            raise LocalError("a request is outstanding")
        if self._counter >= _REFUSED_AFTER:
            raise LocalError("these keys are used up, say hello")
        self._outstanding = self._seal(self._request_kind, self._counter, body)
        self._counter += 1
        return self._outstanding

    def reply(self, body):
        """The frame that answers the peer's last request. LocalError if it is answered."""
        if self._asked < 0 or self._kept is not None:
            raise LocalError("there is no request to answer")
        self._kept = self._seal(self._reply_kind, self._asked, body)
        return self._kept

    def take_request(self, payload):
        """(NEW, body), (AGAIN, frame of the kept reply) or (PENDING, None). RemoteError if bad."""
        counter = _counter_of(payload)
        if counter == self._asked:
            self._unseal(self._asked_kind, counter, payload)
            return (PENDING, None) if self._kept is None else (AGAIN, self._kept)
        answered = self._kept is not None or self._asked < 0
        if not answered or counter != self._asked + 1 or counter >= _REFUSED_AFTER:
            raise RemoteError(f"request {counter} does not follow {self._asked}")
        body = self._unseal(self._asked_kind, counter, payload)
        self._asked = counter
        self._kept = None
        return NEW, body

    def take_reply(self, payload):
        """The body of the reply to our outstanding request. RemoteError if it is another."""
        counter = _counter_of(payload)
        if self._outstanding is None or counter != self._counter - 1:
            raise RemoteError(f"reply {counter} answers nothing that is outstanding")
        body = self._unseal(self._answer_kind, counter, payload)
        self._outstanding = None
        return body

    def _seal(self, kind, counter, body):
        if len(body) > MAX_BODY:
            raise LocalError(f"a body has at most {MAX_BODY} bytes, not {len(body)}")
        nonce, aad, head = _labels(self._address, kind, counter)
        return frame.pack(self._address, kind, head + self._seals.seal(nonce, aad, body))

    def _unseal(self, kind, counter, payload):
        nonce, aad, _ = _labels(self._address, kind, counter)
        return self._unseals.unseal(nonce, aad, payload[4:])


def _counter_of(payload):
    if len(payload) < 4 + TAG_SIZE:
        raise RemoteError(f"a sealed payload of {len(payload)} bytes")
    (counter,) = struct.unpack_from(">I", payload)
    return counter


def _labels(address, kind, counter):
    """(nonce 13, aad 7, counter 4 bytes) of one sealed payload."""
    head = struct.pack(">I", counter)
    return (
        struct.pack(">BH", kind, address) + head + bytes(6),
        struct.pack(">HB", address, kind) + head,
        head,
    )
