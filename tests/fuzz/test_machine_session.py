"""Two session ends and a hostile wire, in any order: what is asked is acted upon once. I7, R26.

The wire loses, doubles, reorders, damages, replays from the whole past, and reflects; either end
restarts. The model: what was asked in which epoch, what was acted upon, what was answered.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from protocol import frame, reasons
from protocol.errors import LocalError, RemoteError
from protocol.session import SERVER, TERMINAL, epoch_of, reject
from tests.shared.pair import ADDRESS, frames, side, traces

ROLES = st.sampled_from((TERMINAL, SERVER))
MAY_ASK = ("PROVING", "OPEN", "RENEWING", "REPROVING")


class SessionMachine(RuleBasedStateMachine):
    """`wire[role]`: frames on their way to that end, oldest first."""

    def __init__(self):
        super().__init__()
        self.seed = 10
        self.epoch = 0
        self.ends = {TERMINAL: side(TERMINAL, 1), SERVER: side(SERVER, 2)}
        self.wire = {TERMINAL: [], SERVER: []}
        self.past = []  # (role it was for, kind, payload), every frame that was ever sent
        self.asked = {}  # body -> (role that asked)
        self.acted = []
        self.due = {TERMINAL: [], SERVER: []}  # (body, epoch) that this end has to answer
        self.wanted = {TERMINAL: None, SERVER: None}  # body this end waits for

    # what the ends do

    def send(self, role, raw):
        """The bytes that an end sends are on their way to the other one."""
        other = TERMINAL + SERVER - role
        for kind, payload in frames(raw):
            self.wire[other].append((kind, payload))
            self.past.append((other, kind, payload))

    @rule()
    def hello(self):
        self.epoch += 1
        self.send(TERMINAL, self.ends[TERMINAL].hello(self.epoch))

    @rule(role=ROLES)
    def ask(self, role):
        end = self.ends[role]
        body = b"question %d" % len(self.asked)
        before = traces(end)
        try:
            raw = end.request(body)
        except LocalError:
            assert traces(end) == before
            return
        assert end.state in MAY_ASK
        self.asked[body] = role
        self.wanted[role] = body
        self.send(role, raw)

    @rule(role=ROLES)
    def answer(self, role):
        """The oldest that is due, perhaps too late: its session may be dead by now."""
        if not self.due[role]:
            return
        body, epoch = self.due[role].pop(0)
        try:
            self.send(role, self.ends[role].reply(b"answer to " + body, epoch))
        except LocalError:
            assert self.ends[role].epoch != epoch

    @rule(role=ROLES)
    def retry(self, role):
        raw = self.ends[role].retry()
        if raw:
            self.send(role, raw)
            assert self.past[-1] in self.past[:-1]  # bit-identical to what was sent before

    @rule(role=ROLES)
    def restart(self, role):
        self.seed += 1
        self.ends[role] = side(role, self.seed)
        self.due[role] = []
        self.wanted[role] = None

    # what the wire does

    def arrives(self, role, kind, payload, may_be_taken=True):
        end = self.ends[role]
        before, live = traces(end), end._live
        try:
            events = end.receive(kind, payload)
        except RemoteError:
            assert traces(end) == before
            return
        for name, what in events:
            assert may_be_taken or name in ("send", "rejected"), (name, what)
            if name == "send":
                self.send(role, what)
            elif name == "request":
                assert self.asked[what] != role
                assert what not in self.acted, "acted upon twice"
                self.acted.append(what)
                self.due[role].append((what, end.epoch))
            elif name == "reply":
                assert what == b"answer to " + self.wanted[role]
                self.wanted[role] = None
        if not may_be_taken and kind != frame.HELLO:
            assert traces(end) == before, "a damaged frame moved something"
        same_version = kind == frame.HELLO and payload[:1] == b"\1"
        if same_version and live is not None and epoch_of(payload) <= live.epoch:
            assert events == [("send", reject(ADDRESS, reasons.STALE_EPOCH))]
        if kind in (frame.HELLO, frame.CHALLENGE, frame.REJECT):
            assert end._live is live, "clear text moved a live session"

    @precondition(lambda self: any(self.wire.values()))
    @rule(role=ROLES)
    def deliver(self, role):
        if self.wire[role]:
            self.arrives(role, *self.wire[role].pop(0))

    @rule(role=ROLES)
    def lose(self, role):
        self.wire[role] = self.wire[role][1:]

    @rule(role=ROLES)
    def double(self, role):
        self.wire[role] = self.wire[role][:1] + self.wire[role]

    @rule(role=ROLES)
    def reorder(self, role):
        self.wire[role].reverse()

    @precondition(lambda self: self.past)
    @rule(role=ROLES, data=st.data())
    def damage(self, role, data):
        """Any frame of the past with one byte wrong, or cut, under any kind: never taken."""
        _, kind, payload = data.draw(st.sampled_from(self.past))
        at = data.draw(st.integers(0, len(payload) - 1))
        changed = bytearray(payload)
        changed[at] ^= data.draw(st.integers(1, 255))
        kind = data.draw(st.sampled_from((kind, *range(10))))
        cut = data.draw(st.sampled_from((len(changed), at)))
        self.arrives(role, kind, bytes(changed[:cut]), may_be_taken=False)

    @precondition(lambda self: self.past)
    @rule(role=ROLES, data=st.data())
    def replay(self, role, data):
        """Any frame of the past, to either end: a late one, a replayed one, a reflected one."""
        _, kind, payload = data.draw(st.sampled_from(self.past))
        self.arrives(role, kind, payload)

    @precondition(lambda self: self.past)
    @rule(role=ROLES, back=st.integers(1, 9))
    def replay_late(self, role, back):
        """The same from what was said last, which fits nearly."""
        _, kind, payload = self.past[-min(back, len(self.past))]
        self.arrives(role, kind, payload)

    @rule()
    def quiet(self):
        """The wire is good for a while: three round trips, and both ends are open."""
        self.wire = {TERMINAL: [], SERVER: []}
        self.hello()
        for _ in range(2):
            self.pump()
        self.wanted[TERMINAL] = None
        self.ask(TERMINAL)
        self.pump()
        assert self.ends[TERMINAL].is_open and self.ends[SERVER].is_open
        assert self.ends[TERMINAL].epoch == self.ends[SERVER].epoch == self.epoch
        assert self.wanted[TERMINAL] is None, "the first request was answered"
        self.wanted[SERVER] = None

    @precondition(lambda self: self.ends[TERMINAL].is_open and self.ends[SERVER].is_open)
    @rule(role=ROLES)
    def talk(self, role):
        """A question and its answer, if nothing is in the way."""
        self.ask(role)
        self.pump()

    def pump(self):
        """All that is on its way arrives, and is answered."""
        for role in (SERVER, TERMINAL):
            while self.wire[role]:
                self.arrives(role, *self.wire[role].pop(0))
                while self.due[role]:
                    self.answer(role)

    @invariant()
    def nobody_is_open_alone(self):
        """A terminal is open only under keys that a server proved, and the other way round."""
        for end in self.ends.values():
            assert end.is_open == (end.state in ("OPEN", "RENEWING", "REPROVING"))
            assert end.epoch is None or 1 <= end.epoch <= self.epoch
        assert set(self.acted) <= set(self.asked)


SessionMachine.TestCase.settings = settings(
    max_examples=250,
    stateful_step_count=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestSession = SessionMachine.TestCase
