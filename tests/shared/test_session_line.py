"""Two sessions over a line that loses, doubles, reorders and corrupts, with restarts. R26, I3.

What must hold: a request is acted upon once in its session, its reply is its own, whatever is
received gives events or RemoteError, and in the end everything got through.
"""

from protocol import frame
from protocol.errors import RemoteError
from protocol.session import SERVER, TERMINAL
from terminal_sim.prng import Prng
from tests.shared.pair import side

MAX_STEPS = 20000
PATIENCE = 6  # retries, then a new hello


class Line:
    """One direction. What is put in comes out in pieces, perhaps damaged, perhaps twice."""

    def __init__(self, prng, faults):
        self._prng = prng
        self._faults = faults  # of 100 frames, how many meet a fault
        self._waiting = []
        self._receiver = frame.Receiver()

    def put(self, raw):
        prng = self._prng
        if not prng.chance(self._faults, 100):
            self._waiting.append(raw)
            return
        fault = prng.below(5)
        if fault == 0:
            return
        if fault == 1:
            self._waiting += [raw, raw]
        elif fault == 2:
            self._waiting.insert(prng.below(len(self._waiting) + 1), raw)
        elif fault == 3:
            damaged = bytearray(raw)
            damaged[prng.below(len(raw))] ^= 1 << prng.below(8)
            self._waiting.append(bytes(damaged))
        else:
            self._waiting += [prng.bytes(prng.between(1, 30)), raw]

    def take(self):
        """Frames of the next delivery, if there is one."""
        return self._receiver.feed(self._waiting.pop(0)) if self._waiting else []


class World:
    """A terminal that has `work` questions to ask, and a server that pushes now and then."""

    def __init__(self, seed, faults, work):
        self.prng = Prng(seed)
        self.up = Line(self.prng.fork(1), faults)
        self.down = Line(self.prng.fork(2), faults)
        self.work = work
        self.done = 0
        self.epoch = 0
        self.seeds = 100
        self.pushed = 0
        self.acted = set()  # (epoch, body) the server acted upon
        self.refused = 0
        self.tries = 0
        self.start_terminal()
        self.start_server()

    def start_terminal(self):
        self.seeds += 1
        self.terminal = side(TERMINAL, self.seeds)
        self.say_hello()

    def start_server(self):
        self.seeds += 1
        self.server = side(SERVER, self.seeds)

    def say_hello(self):
        self.epoch += 1
        self.tries = 0
        self.up.put(self.terminal.hello(self.epoch))

    def step(self):
        """One thing happens."""
        what = self.prng.below(20)
        if what < 7:
            self.receive(self.server, self.up, self.down)
        elif what < 14:
            self.receive(self.terminal, self.down, self.up)
        elif what < 17:
            self.ask()
        elif what == 17:
            self.retry()
        elif what == 18 and self.server.is_open and not self.server.waiting:
            self.pushed += 1
            self.down.put(self.server.request(b"push %d" % self.pushed))
        elif what == 19 and self.server.is_open and self.server.retry():
            self.down.put(self.server.retry())

    def ask(self):
        ready = self.terminal.state in ("PROVING", "REPROVING", "OPEN", "RENEWING")
        if ready and not self.terminal.waiting:
            self.up.put(self.terminal.request(b"work %d" % self.done))

    def retry(self):
        raw = self.terminal.retry()
        if not raw:
            return
        self.tries += 1
        if self.tries > PATIENCE:
            self.say_hello()
        else:
            self.up.put(raw)

    def receive(self, session, line, back):
        for _, kind, payload in line.take():
            try:
                events = session.receive(kind, payload)
            except RemoteError:
                self.refused += 1
                continue
            for name, what in events:
                self.act(session, name, what, back)

    def act(self, session, name, what, back):
        if name == "send":
            back.put(what)
        elif name == "request" and session is self.server:
            assert (session.epoch, what) not in self.acted, what
            self.acted.add((session.epoch, what))
            back.put(session.reply(b"done " + what))
        elif name == "request":
            back.put(session.reply(b"seen " + what))
        elif name == "reply" and session is self.terminal:
            assert what == b"done work %d" % self.done
            self.done += 1
            self.tries = 0
        elif name == "reply":
            assert what == b"seen push %d" % self.pushed


def play(seed, faults, restarts, work=40):
    """A world until all its work is done."""
    world = World(seed, faults, work)
    for _ in range(MAX_STEPS):
        if world.done >= work:
            return world
        world.step()
        if world.prng.chance(restarts, 1000):
            if world.prng.chance(1, 2):
                world.start_terminal()
            else:
                world.start_server()
    raise AssertionError(f"seed {seed}: {world.done} of {work} after {MAX_STEPS} steps")


def test_a_perfect_line_needs_one_hello_and_refuses_only_what_patience_doubled():
    world = play(1, 0, 0)
    assert world.epoch == 1
    assert world.refused < world.done


def test_a_lossy_doubling_reordering_line_loses_and_doubles_nothing():
    refused = 0
    for seed in range(2, 8):
        refused += play(seed, 30, 0).refused
    assert refused


def test_restarts_of_either_side_on_a_bad_line():
    for seed in range(20, 26):
        assert play(seed, 25, 10).epoch > 1
