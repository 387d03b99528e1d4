"""The session machine: which side may do what, and what follows. Rules, theory, table.

Rules of this file
 1. Whatever decides if an event is allowed, and to which state it leads, stands in TABLE.
 2. This file does not know which side it is on: both sides run the same table, each its half.
 3. An event without a cell is one error (`step`): LocalError if it is our own act, RemoteError if
    it came from the peer. There is no default and no state in which everything is allowed.
 4. The state a cell names is entered only after the bytes of the event were found authentic; a
    cell alone permits nothing. Hello, challenge and reject are sent in clear text (of the three
    only the challenge can be checked).
 5. So none of those three leads out of OPEN, RENEWING or REPROVING into a state without a live
    session, and none of them touches its keys or counters.
 6. There is no way to a live session except `proof`, and no state without encryption in which a
    body may be sent or received.

Theory
 There are up to two sets of keys: the live ones, with which bodies are exchanged, and the new
 ones, which a handshake has made and which nobody has used yet. A state says which exist:

                      no handshake     hello is out      new keys exist
    no live session   CLOSED           GREETING          PROVING
    live session      OPEN             RENEWING          REPROVING

 The terminal walks left to right: it says hello, checks the challenge (which proves that the
 server has the enrolment key and answers this very hello), and sends its first request under the
 new keys; the reply to it is the server's `proof`. The server has the new keys as soon as it has
 answered a hello, so it knows no GREETING and no RENEWING; the first request under the new keys is
 the terminal's `proof`. At the proof the new keys become the live ones and the old ones, their
 counters and the reply kept for them are gone. A handshake that comes to nothing leaves what was.
 A reject is a hint for the screen: whoever sent it, the terminal goes on waiting for a challenge.

 Which bytes are which event is told by the kind of frame; RECEIVES has those a side accepts at
 all. A side does not accept a kind that it sends itself: a reflected frame ends there.
 After h11's _state.py; counters are not states, they are in `session`.
"""

from protocol import frame
from protocol.errors import LocalError, RemoteError

# role, as bits: a message may come from either
TERMINAL = 1
SERVER = 2

ROLE_NAMES = ("", "terminal", "server")

# states
CLOSED = "CLOSED"
GREETING = "GREETING"
PROVING = "PROVING"
OPEN = "OPEN"
RENEWING = "RENEWING"
REPROVING = "REPROVING"

STATES = (CLOSED, GREETING, PROVING, OPEN, RENEWING, REPROVING)

# events: our own acts
SAY_HELLO = "say hello"
ASK = "ask"
ANSWER = "answer"

OWN_ACTS = (SAY_HELLO, ASK, ANSWER)

# events: what the peer did
HELLO = "hello"
CHALLENGE = "challenge"
REJECT = "reject"
REQUEST = "request"
REPLY = "reply"
PROOF = "proof"  # the first request (at the server) or reply (at the terminal) under the new keys

EVENTS = OWN_ACTS + (HELLO, CHALLENGE, REJECT, REQUEST, REPLY, PROOF)

RECEIVES = {
    TERMINAL: {
        frame.CHALLENGE: CHALLENGE,
        frame.REJECT: REJECT,
        frame.SERVER_REPLY: REPLY,
        frame.SERVER_REQUEST: REQUEST,
    },
    SERVER: {
        frame.HELLO: HELLO,
        frame.TERMINAL_REQUEST: REQUEST,
        frame.TERMINAL_REPLY: REPLY,
    },
}

# role -> state -> event -> state
TABLE = {
    TERMINAL: {
        CLOSED: {SAY_HELLO: GREETING},
        GREETING: {SAY_HELLO: GREETING, CHALLENGE: PROVING, REJECT: GREETING},
        PROVING: {SAY_HELLO: GREETING, ASK: PROVING, PROOF: OPEN},
        OPEN: {SAY_HELLO: RENEWING, ASK: OPEN, REPLY: OPEN, REQUEST: OPEN, ANSWER: OPEN},
        RENEWING: {
            SAY_HELLO: RENEWING,
            CHALLENGE: REPROVING,
            REJECT: RENEWING,
            ASK: RENEWING,
            REPLY: RENEWING,
            REQUEST: RENEWING,
            ANSWER: RENEWING,
        },
        REPROVING: {
            SAY_HELLO: RENEWING,
            PROOF: OPEN,
            ASK: REPROVING,
            REPLY: REPROVING,
            REQUEST: REPROVING,
            ANSWER: REPROVING,
        },
    },
    SERVER: {
        CLOSED: {HELLO: PROVING},
        PROVING: {HELLO: PROVING, PROOF: OPEN},
        OPEN: {HELLO: REPROVING, REQUEST: OPEN, ANSWER: OPEN, ASK: OPEN, REPLY: OPEN},
        REPROVING: {
            HELLO: REPROVING,
            PROOF: OPEN,
            REQUEST: REPROVING,
            ANSWER: REPROVING,
            ASK: REPROVING,
            REPLY: REPROVING,
        },
    },
}


def allows(role, state, event):
    """True if the table has a cell for this event."""
    return event in TABLE[role][state]


def step(role, state, event):
    """The state after `event`. LocalError or RemoteError (rule 3) if it has no cell."""
    after = TABLE[role][state].get(event)
    if after is None:
        error = LocalError if event in OWN_ACTS else RemoteError
        raise error(f"out of turn: {event} at the {ROLE_NAMES[role]} in state {state}")
    return after
