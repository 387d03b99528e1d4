"""A terminal's turn on a half-duplex line: it speaks when it was asked, one frame each time.

The master asks by POLL with one byte, a bit that changes when the last answer was heard; asked
with the bit that was answered already, the terminal says the same again. Who has nothing to say
answers POLL without payload. A poll counts only while it is the last thing on the line: bytes
behind it mean that the turn has passed. What it is not: a session; frames here are bytes. Limit:
MAX_QUEUE frames wait, the oldest is dropped for a new one. Source: docs/serial.md.
"""

from protocol import frame
from protocol.errors import LocalError

HEARING = "HEARING"  # somebody else's turn
ASKED = "ASKED"  # ours, as long as nothing more is heard

STATES = (HEARING, ASKED)

POLL = "poll"  # for us, and the last thing on the line
OTHER = "other bytes"
SAY = "say"

EVENTS = (POLL, OTHER, SAY)

TABLE = {
    HEARING: {POLL: ASKED, OTHER: HEARING},
    ASKED: {POLL: ASKED, OTHER: HEARING, SAY: HEARING},
}

MAX_QUEUE = 4


def ask(address, bit):
    """The master's poll."""
    return frame.pack(address, frame.POLL, bytes((bit,)))


class Turn:
    """What one terminal may say on the line, and when."""

    def __init__(self, address):
        self._address = address
        self._nothing = frame.pack(address, frame.POLL, b"")
        self._queue = []
        self._said = None  # kept until the master has heard it
        self._bit = None  # of the poll that was answered last
        self._asked = None  # bit of the poll that waits for an answer
        self.state = HEARING

    @property
    def is_waiting(self):
        """True while something was not said, or perhaps not heard."""
        return bool(self._queue) or self._said is not None

    def put(self, data):
        """Say these frames when it is our turn; one that waits already is not said twice."""
        at = 0
        while at < len(data):
            end = data.find(b"\0", at) + 1
            one = data if end - at == len(data) else data[at:end]
            if one not in self._queue and one != self._said:
                self._queue = self._queue[1 - MAX_QUEUE :] + [one]
            at = end

    def heard(self, frames, at_end):
        """True if it is our turn now. `frames`: what the last bytes completed; at_end: nothing of
        another frame came behind them."""
        event = OTHER
        if frames and at_end:
            address, kind, payload = frames[-1]
            if address == self._address and kind == frame.POLL and len(payload) == 1:
                event = POLL
                self._asked = payload[0]
        self.state = TABLE[self.state][event]
        return self.state == ASKED

    def say(self):
        """What to say now. LocalError if it is not our turn."""
        after = TABLE[self.state].get(SAY)
        if after is None:
            raise LocalError("it is not our turn")
        self.state = after
        if self._asked != self._bit:
            self._bit = self._asked
            self._said = self._queue.pop(0) if self._queue else None
        return self._said or self._nothing
