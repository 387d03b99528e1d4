"""Two sessions of one terminal, face to face, with every frame visible in between."""

from protocol import frame, hkdf
from protocol.session import SERVER, TERMINAL, Session
from terminal_sim.prng import Prng

ADDRESS = 300
KEY = b"enrolment key 16"


def derive_with(key):
    """The `derive` of a key store that holds `key`."""
    return lambda salt, info, length: hkdf.derive(key, salt, info, length)


def side(role, seed, key=KEY, address=ADDRESS):
    """A fresh session of one role."""
    return Session(role, address, derive_with(key), Prng(seed).bytes)


def frames(raw):
    """[(kind, payload)] of the bytes of whole frames."""
    receiver = frame.Receiver()
    found = [(kind, payload) for _, kind, payload in receiver.feed(raw)]
    assert receiver.dropped == 0
    return found


def deliver(session, raw):
    """Events of `session` for the bytes of whole frames."""
    events = []
    for kind, payload in frames(raw):
        events += session.receive(kind, payload)
    return events


def sent(events):
    """The frame of the one ("send", frame) event."""
    ((name, raw),) = events
    assert name == "send"
    return raw


class Pair:
    """A terminal and a server that know the same enrolment key, both closed."""

    def __init__(self):
        self.terminal = side(TERMINAL, 1)
        self.server = side(SERVER, 2)
        self.epoch = 0

    def of(self, role):
        """The session of a role."""
        return self.terminal if role == TERMINAL else self.server

    def hello(self):
        """The frame of the terminal's next hello."""
        self.epoch += 1
        return self.terminal.hello(self.epoch)

    def challenged(self):
        """Hello and challenge; both have new keys."""
        deliver(self.terminal, sent(deliver(self.server, self.hello())))
        return self

    def opened(self):
        """The whole handshake, and the first request with its reply."""
        self.challenged()
        self.exchange(b"first", b"first reply")
        return self

    def exchange(self, body, answer):
        """A request of the terminal and its reply; returns both frames."""
        request = self.terminal.request(body)
        assert deliver(self.server, request)[-1] == ("request", body)
        reply = self.server.reply(answer)
        assert deliver(self.terminal, reply)[-1] == ("reply", answer)
        return request, reply

    def push(self, body, answer):
        """A request of the server and its reply; returns both frames."""
        request = self.server.request(body)
        assert deliver(self.terminal, request) == [("request", body)]
        reply = self.terminal.reply(answer)
        assert deliver(self.server, reply) == [("reply", answer)]
        return request, reply


def traces(session):
    """Everything a session remembers, to compare before and after."""
    found = [session.state, session.retry(), session.waiting, session.epoch]
    for name in ("_hello", "_challenge", "_last_epoch", "_new", "_live"):
        part = getattr(session, name)
        found.append(part)
        if part is not None and name in ("_new", "_live"):
            found += [part._counter, part._outstanding, part._asked, part._kept]
    return found
