"""Walks the session table: every cell with real frames, every hole with its error."""

from protocol import frame, reasons, states
from protocol.errors import LocalError, RemoteError
from protocol.session import SERVER, TERMINAL, reject
from protocol.states import (
    ANSWER,
    ASK,
    CHALLENGE,
    CLOSED,
    GREETING,
    HELLO,
    OPEN,
    PROOF,
    PROVING,
    REJECT,
    RENEWING,
    REPLY,
    REPROVING,
    REQUEST,
    SAY_HELLO,
    TABLE,
)
from tests.shared.expect import raises
from tests.shared.pair import ADDRESS, Pair, deliver, sent, traces


class Walk:
    """A pair with one side in a given state, and every event it could meet there."""

    def __init__(self, role, state):
        self.role = role
        self.pair = pair = Pair()
        self.held_reply = None  # to a request made while the session was still OPEN
        self.challenge = None
        if state in (OPEN, RENEWING, REPROVING):
            pair.opened()
        if state == REPROVING and role == TERMINAL:
            deliver(pair.server, pair.terminal.request(b"before"))
            self.held_reply = pair.server.reply(b"after")
        if state in (GREETING, RENEWING):
            self.hello = pair.hello()
        if state in (PROVING, REPROVING):
            self.challenge = sent(deliver(pair.server, pair.hello()))
            if role == TERMINAL:
                deliver(pair.terminal, self.challenge)
        assert self.session.state == state

    @property
    def session(self):
        return self.pair.of(self.role)

    def do(self, event):
        """Make the event happen, with authentic bytes."""
        acts = self.at_terminal() if self.role == TERMINAL else self.at_server()
        acts[event]()

    def at_terminal(self):
        pair = self.pair
        return {
            SAY_HELLO: pair.hello,
            ASK: lambda: pair.terminal.request(b"ask"),
            ANSWER: self.answer,
            CHALLENGE: lambda: deliver(pair.terminal, sent(deliver(pair.server, self.hello))),
            REJECT: lambda: deliver(pair.terminal, reject(ADDRESS, reasons.VERSION)),
            REQUEST: lambda: deliver(pair.terminal, pair.server.request(b"push")),
            REPLY: self.reply_under_live_keys,
            PROOF: lambda: pair.exchange(b"proof", b"proven"),
        }

    def at_server(self):
        pair = self.pair
        return {
            HELLO: lambda: deliver(pair.server, pair.hello()),
            REQUEST: lambda: deliver(pair.server, pair.terminal.request(b"ask")),
            PROOF: self.prove_to_server,
            ASK: lambda: pair.server.request(b"push"),
            REPLY: lambda: pair.push(b"push", b"done"),
            ANSWER: self.answer,
        }

    def answer(self):
        self.do(REQUEST)
        self.session.reply(b"answer")

    def reply_under_live_keys(self):
        if self.held_reply:
            deliver(self.pair.terminal, self.held_reply)
        else:
            self.pair.exchange(b"ask", b"answer")

    def prove_to_server(self):
        deliver(self.pair.terminal, self.challenge)
        deliver(self.pair.server, self.pair.terminal.request(b"proof"))


def cells():
    """Yield (role, state, event, state after) of the whole table."""
    for role in (TERMINAL, SERVER):
        for state in states.STATES:
            for event in states.EVENTS:
                if state in TABLE[role] and event in TABLE[role][state]:
                    yield role, state, event, TABLE[role][state][event]


def test_every_cell_is_visited_with_real_frames():
    visited = 0
    for role, state, event, after in cells():
        walk = Walk(role, state)
        walk.do(event)
        assert walk.session.state == after, (role, state, event, walk.session.state)
        visited += 1
    assert visited == sum([len(row) for part in TABLE.values() for row in part.values()])


def test_every_hole_is_one_named_error():
    holes = 0
    for role in (TERMINAL, SERVER):
        for state in TABLE[role]:
            for event in states.EVENTS:
                if states.allows(role, state, event):
                    continue
                error = LocalError if event in states.OWN_ACTS else RemoteError
                told = str(raises(error, states.step, role, state, event))
                assert "out of turn" in told
                assert event in told
                assert state in told
                holes += 1
    assert holes == 9 * (6 + 4) - sum([1 for _ in cells()])


def test_every_hole_refuses_frames_and_acts_without_a_trace():
    kinds = {
        CHALLENGE: frame.CHALLENGE,
        REJECT: frame.REJECT,
        HELLO: frame.HELLO,
        REQUEST: (frame.SERVER_REQUEST, frame.TERMINAL_REQUEST),
        REPLY: (frame.SERVER_REPLY, frame.TERMINAL_REPLY),
    }
    for role in (TERMINAL, SERVER):
        for state in TABLE[role]:
            session = Walk(role, state).session
            before = traces(session)
            for event in states.EVENTS:
                if states.allows(role, state, event) or event == PROOF:
                    continue
                if event == ASK:
                    raises(LocalError, session.request, b"x")
                elif event == ANSWER:
                    raises(LocalError, session.reply, b"x")
                elif event == SAY_HELLO:
                    raises(LocalError, session.hello, 99)
                else:
                    kind = kinds[event]
                    kind = kind[role == SERVER] if isinstance(kind, tuple) else kind
                    raises(RemoteError, session.receive, kind, bytes(17))
                assert traces(session) == before, (role, state, event)


def test_every_state_can_be_reached_and_left():
    for role in (TERMINAL, SERVER):
        reached = {CLOSED}
        for _ in states.STATES:
            for found, state, _, after in cells():
                if found == role and state in reached:
                    reached.add(after)
        assert reached == set(TABLE[role])
        for state in TABLE[role]:
            assert [after for after in TABLE[role][state].values() if after != state], state


def test_clear_text_never_leads_out_of_a_live_session():
    live = (OPEN, RENEWING, REPROVING)
    for _, state, event, after in cells():
        if event in (HELLO, CHALLENGE, REJECT, SAY_HELLO):
            assert (state in live) == (after in live), (state, event)
        if event in (ASK, ANSWER, REQUEST, REPLY):
            assert after == state
        if state not in live and after in live:
            assert event == PROOF
