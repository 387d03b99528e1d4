"""Somebody on the line of an open session, who has heard everything and has no key."""

from protocol import frame
from protocol.errors import RemoteError
from protocol.session import SERVER, TERMINAL
from tests.shared.pair import Pair, deliver, frames

SEALED = (frame.TERMINAL_REQUEST, frame.SERVER_REPLY, frame.SERVER_REQUEST, frame.TERMINAL_REPLY)
HOWS = (
    "random",
    "random sealed",
    "flipped",
    "cut",
    "grown",
    "replayed",
    "old",
    "reflected",
    "kind",
)


class Attacker:
    """`attack` tries one frame at one end; `accepted` counts what was taken, which is nothing."""

    def __init__(self, prng):
        self._prng = prng
        self.tried = dict.fromkeys(HOWS, 0)
        self.accepted = 0
        self.pair = Pair()
        self.old = self._life(self.pair.opened())  # frames of a session that is dead
        self.pair.opened()
        self.kept = self._life(self.pair)  # frames of the live one
        self.latest = {}  # role -> payload that is answered by the kept reply
        self._ask()

    def _life(self, pair):
        """Some exchanges, both ways; -> [(role that received it, kind, payload)]."""
        seen = []
        for number in range(4):
            body = b"exchange %d of a session" % number
            for raw, role in zip(
                pair.exchange(body, body) + pair.push(body, body),
                (SERVER, TERMINAL, TERMINAL, SERVER),
            ):
                ((kind, payload),) = frames(raw)
                seen.append((role, kind, payload))
        return seen

    def _ask(self):
        """Both ends have a request out, and have answered one: every state that can be moved."""
        pair = self.pair
        for asks, _hears, role in (
            (pair.terminal, pair.server, SERVER),
            (pair.server, pair.terminal, TERMINAL),
        ):
            ((kind, payload),) = frames(asks.request(b"outstanding"))
            self.latest[role] = (kind, payload)
        self.before = [self._state(session) for session in (pair.terminal, pair.server)]

    def _state(self, session):
        live = session._live
        return (
            session.state, live, live._counter, live._outstanding, live._asked, live._kept,
            session._last_epoch,
        )  # fmt: skip

    def attack(self):
        """One frame, made one way, at one end."""
        prng = self._prng
        how = HOWS[prng.below(len(HOWS))]
        role = TERMINAL if prng.chance(1, 2) else SERVER
        kind, payload = getattr(self, "_" + how.replace(" ", "_"))(role)
        if (kind, payload) == self.latest[role]:
            return  # not forged: the very frame that is on its way
        self.tried[how] += 1
        self.deliver(role, kind, payload)

    def deliver(self, role, kind, payload):
        """A frame reaches one end; what it takes, or what it moves, is counted."""
        session = self.pair.of(role)
        try:
            events = session.receive(kind, payload)
        except RemoteError:
            events = []
        for name, _ in events:
            if name not in ("send", "rejected"):
                self.accepted += 1
        if self._state(session)[1:] != self.before[role - 1][1:]:
            self.accepted += 1

    def check(self):
        """All is as it was, and the session lives: what was outstanding is answered now."""
        pair = self.pair
        for session, before in zip((pair.terminal, pair.server), self.before):
            assert self._state(session)[1:] == before[1:]
        for asks, hears in ((pair.terminal, pair.server), (pair.server, pair.terminal)):
            raw = asks._live._outstanding
            assert deliver(hears, raw)[-1] == ("request", b"outstanding")
            assert deliver(asks, hears.reply(b"alive"))[-1] == ("reply", b"alive")

    # the ways

    def _random(self, role):
        prng = self._prng
        return prng.below(10), prng.bytes(prng.below(40))

    def _random_sealed(self, role):
        """With a counter that would be taken."""
        counter = self.pair.of(role)._live._asked + self._prng.below(2)
        head = counter.to_bytes(4, "big")
        return SEALED[self._prng.below(4)], head + self._prng.bytes(8 + self._prng.below(24))

    def _true(self, role):
        """The frame that this end would take now."""
        return self.latest[role]

    def _flipped(self, role):
        kind, payload = self._true(role)
        changed = bytearray(payload)
        changed[self._prng.below(len(changed))] ^= 1 << self._prng.below(8)
        return kind, bytes(changed)

    def _cut(self, role):
        kind, payload = self._true(role)
        return kind, payload[: self._prng.below(len(payload))]

    def _grown(self, role):
        kind, payload = self._true(role)
        return kind, payload + self._prng.bytes(1 + self._prng.below(9))

    def _of(self, frames_kept, roles):
        while True:  # ends: every list has frames for both ends
            role, kind, payload = frames_kept[self._prng.below(len(frames_kept))]
            if role in roles:
                return kind, payload

    def _replayed(self, role):
        return self._of(self.kept, (role,))

    def _old(self, role):
        return self._of(self.old, (TERMINAL, SERVER))

    def _reflected(self, role):
        return self._of(self.kept, (TERMINAL + SERVER - role,))

    def _kind(self, role):
        """A true frame under another kind, or of the other direction under the kind that fits."""
        kind, payload = self.latest[role] if self._prng.chance(1, 2) else self._reflected(role)
        other = frame.HELLO + self._prng.below(8)
        return (other, payload) if other != kind else (frame.POLL, payload)
