"""The terminal's patience with its keys: new ones before the old are used up or a day old."""

from firmware.core.latest import FlashFailed
from firmware.linking import KEYS_MS, POLLED_MS, RETRIES, RETRY_MS, Link
from protocol import channel, frame
from protocol.turns import Turn
from tests.shared.pair import ADDRESS, Pair, frames


class Board:
    """Time that is set by hand."""

    now_ms = 5
    half_duplex = False

    def ticks_ms(self):
        return self.now_ms


class Line:
    """What was written, frame by frame."""

    def __init__(self):
        self.written = []

    def write(self, data):
        self.written += frames(data)

    def kinds(self):
        """The kinds written since the last call."""
        kinds = [kind for kind, _ in self.written]
        self.written = []
        return kinds


class Terminal:
    """As much of the core as a line needs: it always has something to ask."""

    def __init__(self):
        self.uploader = self
        self.opened = 0
        self.epoch = 10

    def next_epoch(self):
        self.epoch += 1
        return self.epoch

    def next_request(self, now):
        return b"something"

    def on_open(self, now):
        self.opened += 1

    def on_close(self, now):
        pass

    def on_reply(self, body, now):
        pass


def linked():
    """(link, the server's end, the line): open, nothing outstanding."""
    pair = Pair()
    link = Link(Board(), Terminal(), lambda: 0, lambda: None, None)
    link._terminal.address = ADDRESS
    link._line = Line()
    link._is_sending = True  # no task is made: there is no loop
    link._session = pair.terminal
    link._hello()
    answer(link, pair.server)
    link.pump()
    answer(link, pair.server)
    assert link._session.state == "OPEN" and not link._session.waiting
    return link, pair.server


def answer(link, server):
    """The server hears what was written, answers it, and the terminal takes the answer."""
    for kind, payload in link._line.written:
        back = b""
        for name, what in server.receive(kind, payload):
            if name == "send":
                back += what
            elif name == "request":
                back += server.reply(b"answer")
        for answered, content in frames(back):
            link._take(answered, content)
    link._line.written = []


def renews(link, server):
    """One hello, whatever pumps meanwhile; one first request; open under new keys."""
    epoch = link._session.epoch
    for _ in range(5):
        link.pump()
    ((kind, payload),) = link._line.written
    assert kind == frame.HELLO
    answer(link, server)
    for _ in range(5):
        link.pump()
    assert [kind for kind, _ in link._line.written] == [frame.TERMINAL_REQUEST]
    answer(link, server)
    assert link._session.epoch == server.epoch == epoch + 1
    link.pump()
    assert [kind for kind, _ in link._line.written] == [frame.TERMINAL_REQUEST]


def test_used_up_keys_are_renewed_once():
    """A hello at each pump gave up the handshake under way: no request was ever made again."""
    link, server = linked()
    link._session._live._counter = server._live._asked = channel.EXHAUSTED_AFTER
    server._live._asked -= 1
    renews(link, server)


def test_keys_of_a_day_are_renewed():
    link, server = linked()
    link._board.now_ms += KEYS_MS - 1
    link.pump()
    assert [kind for kind, _ in link._line.written] == [frame.TERMINAL_REQUEST]
    answer(link, server)
    link._board.now_ms += 1
    renews(link, server)


def test_a_lost_hello_of_a_renewal_is_said_again():
    link, server = linked()
    link._board.now_ms += KEYS_MS
    link.pump()
    hello = link._line.written
    link._line.written = []
    for _ in range(RETRIES):
        link._board.now_ms += RETRY_MS
        link.pump()
        assert link._line.written == hello
        link._line.written = []
    link._line.written = hello
    answer(link, server)
    link.pump()
    answer(link, server)
    assert server.epoch == 12


def taking_turns():
    """(link, its turn) on a half-duplex line, open, a request put and not said."""
    link, _ = linked()
    link._turn = Turn(ADDRESS)
    link._polled_ms = link._board.now_ms
    link.pump()
    assert link._line.kinds() == [] and link._turn.is_waiting
    return link, link._turn


def asked(link, bit):
    """What is said when the server asks."""
    assert link._turn.heard([(ADDRESS, frame.POLL, bytes((bit,)))], True)
    link._polled_ms = link._board.now_ms
    return link._turn.say()


def test_on_a_shared_line_patience_begins_when_something_was_said():
    link, turn = taking_turns()
    for _ in range(20):
        link._board.now_ms += RETRY_MS
        link._polled_ms = link._board.now_ms
        link.pump()
    request = asked(link, 0)
    assert frames(request)[0][0] == frame.TERMINAL_REQUEST
    link.pump()
    assert frames(asked(link, 1)) == [(frame.POLL, b"")] and not turn.is_waiting
    link._board.now_ms += RETRY_MS - 1
    link.pump()
    assert not turn.is_waiting
    link._board.now_ms += 1
    link.pump()
    assert asked(link, 0) == request


def test_a_shared_line_that_asks_nothing_any_more_has_no_server():
    link, _ = taking_turns()
    ended = []
    link._hang_up = lambda: ended.append(link._board.now_ms)
    link._board.now_ms += POLLED_MS - 1
    link.pump()
    assert ended == []
    link._board.now_ms += 1
    link.pump()
    assert len(ended) == 1


def test_a_flash_that_keeps_no_epoch_ends_the_line_and_not_the_terminal():
    """The tick asks for a new hello: the fault must not end its task."""
    link, _ = linked()
    link._board.now_ms += KEYS_MS

    def fails():
        raise FlashFailed("the flash keeps no value any more")

    link._terminal.next_epoch = fails
    link._line = None  # nobody reads from it in this test
    link.pump()
    assert link._session is None
