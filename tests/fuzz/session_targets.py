"""The session, both ends: hostile frames at every stage, and a hostile line between two ends."""

from protocol import frame
from protocol.errors import LocalError, RemoteError
from protocol.session import SERVER, TERMINAL
from tests.fuzz.cut import Cut
from tests.shared.pair import ADDRESS, Pair, deliver, side, traces

STAGES = 6


def _staged(stage):
    """A pair at one of the stages that a session goes through."""
    pair = Pair()
    if stage == 1:
        pair.hello()
    elif stage == 2:
        pair.challenged()
    elif stage >= 3:
        pair.opened()
    if stage == 4:
        pair.hello()
    elif stage == 5:
        pair.challenged()
    return pair


def _hostile(role, data):
    """Nothing in clear text changes more than a handshake; nothing opens, asks or answers."""
    cut = Cut(data)
    pair = _staged(cut.below(STAGES))
    session = pair.of(role)
    if cut.below(2) and pair.server.is_open:
        pair.terminal.request(b"is out")
        pair.server.request(b"is out")
    live, is_open, told = session._live, session.is_open, []
    while cut.left:
        kind, payload = cut.below(10), cut.some()
        before = traces(session)
        try:
            events = session.receive(kind, payload)
        except RemoteError as error:
            assert traces(session) == before, error
            told.append(str(error))
            continue
        assert all(name in ("send", "rejected") for name, _ in events), events
        told.append(events)
    assert session._live is live and session.is_open == is_open
    _goes_on(pair)
    return told


def _goes_on(pair):
    """Whatever came, a live session is alive, and a new one is up after hello and first request.

    Where the terminal was just challenged, a hostile hello may have taken the server's new keys
    away: then it says hello again, and the live session does not notice.
    """
    if pair.server.is_open and pair.terminal.state != "REPROVING":
        for session, other in ((pair.terminal, pair.server), (pair.server, pair.terminal)):
            request = session.retry() if session.waiting else session.request(b"alive")
            events = deliver(other, request[request.rfind(b"\0", 0, -1) + 1 :])
            assert events[-1][0] == "request", events
            assert deliver(session, other.reply(b"yes"))[-1] == ("reply", b"yes")
    pair.epoch = max(pair.epoch, 1)
    pair.opened()


def session_terminal(data):
    """Any frames at a terminal, at any stage."""
    return _hostile(TERMINAL, data)


def session_server(data):
    """Any frames at the server, at any stage."""
    return _hostile(SERVER, data)


class _Line:
    """Two ends, and an attacker who has kept every frame and may deliver any, to either."""

    def __init__(self):
        self.ends = [side(TERMINAL, 1), side(SERVER, 2)]
        self.seed = 2
        self.epoch = 0
        self.kept = []
        self.numbers = 0
        self.asked = []  # bodies asked, in order
        self.acted = []
        self.told = []

    def act(self, what, cut):
        """One thing happens. Acts out of turn are LocalErrors and change nothing."""
        end = self.ends[what & 1]
        before = traces(end)
        try:
            self._do(what >> 1, end, cut)
        except LocalError as error:
            assert traces(end) == before, error
            self.told.append(str(error))

    def _do(self, what, end, cut):
        if what == 0:
            self._deliver(end, cut.take(1)[0])
        elif what == 1:
            self._deliver(end, cut.take(1)[0], cut.take(2))
        elif what == 2:
            body = b"body %d" % self.numbers
            self.kept.append(end.request(body))
            self.numbers += 1
            self.asked.append(body)
        elif what == 3:
            self.kept.append(end.reply(b"reply"))
        elif what == 4 and end is self.ends[0]:
            self.epoch += 1
            self.kept.append(end.hello(self.epoch))
        elif what == 5:
            self.seed += 1
            role = TERMINAL if end is self.ends[0] else SERVER
            self.ends[self.ends.index(end)] = side(role, self.seed)
        elif what == 6:
            again = end.retry()
            assert again == end.retry()

    def _deliver(self, end, back, damage=None):
        """The frame that is `back` places from the newest, perhaps with other bytes in it."""
        if not self.kept:
            return
        raw = self.kept[-1 - back % len(self.kept)]
        ((_, kind, payload),) = frame.Receiver().feed(raw)
        if damage is not None and payload:
            payload = bytearray(payload)
            payload[damage[0] % len(payload)] ^= damage[1] or 1
            payload = bytes(payload)
        before = traces(end)
        try:
            events = end.receive(kind, payload)
        except RemoteError as error:
            assert traces(end) == before, error
            self.told.append(str(error))
            return
        self.told.append(events)
        for name, what in events:
            assert damage is None or name in ("send", "rejected"), (name, damage)
            if name == "send":
                self.kept.append(what)
            elif name == "request":
                assert what in self.asked, what
                assert what not in self.acted, f"acted twice upon {what}"
                self.acted.append(what)
            elif name == "reply":
                assert what == b"reply"


def session_line(data):
    """A request is acted upon at most once, whatever is repeated, reflected, damaged, restarted."""
    cut = Cut(data)
    line = _Line()
    while cut.left:
        line.act(cut.below(14), cut)
    return line.told, line.acted, ADDRESS
