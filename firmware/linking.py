"""The line to the server: connect, say hello, keep a session, exchange requests; for ever.

The rules are protocol.session's and core.uploader's; here are the socket and the patience. A line
that breaks, a server that is silent, garbage: the connection is dropped and made anew after a
pause, and the terminal works offline meanwhile. The tap never waits for any of this. The hello is
written before the connection stands: a server that is not reached is one that does not answer.
Limits: the waits below; one request outstanding each way.
"""

import asyncio
import gc

from protocol import frame
from protocol.errors import ProtocolError
from protocol.session import TERMINAL, Session

RETRY_MS = 2000  # an unanswered request is sent again, bit-identical
POLLED_MS = 10_000  # a half-duplex line that asks us nothing for so long has no server
RETRIES = 3  # then the line counts as dead: no answer for 8 s
KEYS_MS = 86_400_000  # so long a session's keys serve at most
ASK_MS = 1500  # a tap waits so long for the server's word, then goes on without
_READ = 1024
_MAY_ASK = ("PROVING", "OPEN", "REPROVING")  # elsewhere a hello waits for its challenge


class Link:
    """`terminal` and the server of `board`. `on_change()` after each going on or off. `lost`: how
    many sessions died."""

    def __init__(self, board, terminal, now, on_change, on_rejected):
        self._board = board
        self._terminal = terminal
        self._now = now
        self._on_change = on_change
        self._on_rejected = on_rejected
        self.lost = 0
        self._frames = frame.Receiver()
        self._refused = 0
        self._session = None
        self._line = None
        self._is_sending = False
        self._turn = None  # on a half-duplex line: what we may say, and when
        self._polled_ms = 0
        self._task = None
        self._was_open = False
        self._asked_ms = 0
        self._opened_ms = 0
        self._retries = 0
        self._retry_ms = getattr(board, "retry_ms", None) or RETRY_MS

    @property
    def garbage(self):
        """How many frames were none, or none of our server's."""
        return self._frames.dropped + self._refused

    async def run(self):
        """Never returns."""
        first_ms, longest_ms = self._board.backoff_ms
        pause_ms = first_ms
        self._task = asyncio.current_task()
        while True:  # a terminal never gives its server up
            self._was_open = False
            try:
                await self._connection()
            except (OSError, MemoryError, asyncio.CancelledError):
                gc.collect()
            pause_ms = first_ms if self._was_open else min(2 * pause_ms, longest_ms)
            await asyncio.sleep_ms(pause_ms)

    def pump(self):
        """Send what is due, if a request may be sent; call it whenever something may be due."""
        try:
            self._pump()
        except MemoryError:
            self._out_of_memory()
        except OSError:  # a flash that keeps no new epoch: there is no session without one
            self._hang_up()

    async def ask(self, body, patience_ms=ASK_MS):
        """The server's answer to a tap's question, None if there is none in time."""
        uploader = self._terminal.uploader
        uploader.ask(body)
        until_ms = self._board.ticks_ms() + patience_ms
        while (
            uploader.answer is None and self._board.ticks_ms() < until_ms and self._terminal.online
        ):
            self.pump()
            await asyncio.sleep_ms(1)
        answer = uploader.answer
        uploader.ask(None)
        return answer

    def _pump(self):
        session = self._session
        if session is None:
            return
        if self._turn and self._is_left_alone():
            return
        if session.waiting or session.state not in _MAY_ASK:
            self._impatience()
            return
        is_old = self._board.ticks_ms() - self._opened_ms >= KEYS_MS and session.state == "OPEN"
        if is_old or session.exhausted:
            self._hello()
            return
        body = self._terminal.uploader.next_request(self._now())
        if body is not None:
            self._send(session.request(body))
            self._asked_ms = self._board.ticks_ms()
            self._retries = 0

    def _is_left_alone(self):
        """On a half-duplex line: patience begins when something was said, and ends at once when
        the server of an open session asks us no more."""
        ticks_ms = self._board.ticks_ms()
        if self._session.is_open and ticks_ms - self._polled_ms >= POLLED_MS:
            self._hang_up()
            return True
        if self._turn.is_waiting:
            self._asked_ms = ticks_ms
        return False

    async def _connection(self):
        """One connection from hello to its end. Not asyncio's own: one that is given up while it
        connects would stay open for ever, and a chip has eight sockets."""
        terminal = self._terminal
        line = self._line = asyncio.StreamReader(self._board.dial())
        self._is_sending = False
        self._session = Session(TERMINAL, terminal.address, terminal.derive, self._board.random)
        self._frames.feed(b"\0")  # ends what the connection before left
        if self._board.half_duplex:
            from protocol.turns import Turn  # who has a line of his own needs no memory for it

            self._turn = Turn(terminal.address)
            self._polled_ms = self._board.ticks_ms()
        try:
            self._hello()
            while self._session is not None:
                data = await line.read(_READ)
                if not data:
                    break
                frames = self._frames.feed(data)
                if self._turn and self._turn.heard(frames, _is_all(data, self._frames)):
                    self._polled_ms = self._board.ticks_ms()
                    self._write(self._turn.say())
                for address, kind, payload in frames:
                    if address != terminal.address or kind == frame.POLL:
                        continue
                    if self._session is not None:
                        self._take(kind, payload)
                self.pump()
        finally:
            self._drop()
            self._line = None
            # MicroPython's close() alone does nothing; the stubs know one half of its Stream
            await line.wait_closed()  # type: ignore[attr-defined]

    def _take(self, kind, payload):
        """One frame. Garbage is passed over."""
        terminal = self._terminal
        try:
            for name, value in self._session.receive(kind, payload):
                if name == "send":
                    self._send(value)
                elif name == "open":
                    self._was_open = True
                    self._opened_ms = self._board.ticks_ms()
                    terminal.on_open(self._now())
                    self._on_change()
                elif name == "reply":
                    self._asked_ms = self._board.ticks_ms()
                    terminal.uploader.on_reply(value, self._now())
                elif name == "request":
                    self._send(
                        self._session.reply(terminal.uploader.on_request(value, self._now()))
                    )
                elif name == "rejected":
                    self._on_rejected(value)
        except ProtocolError:
            self._refused += 1  # I7: what is not authentic changes nothing
        except MemoryError:
            self._out_of_memory()

    def _out_of_memory(self):
        """Nothing was sent: a new session begins, and batches are smaller from now on."""
        self._terminal.uploader.ask_for_less()
        gc.collect()
        self._hang_up()

    def _hang_up(self):
        """The line is no good any more; whoever reads from it stops waiting."""
        self._drop()
        if self._line is not None and asyncio.current_task() is not self._task:
            self._task.cancel()

    def _hello(self):
        self._send(self._session.hello(self._terminal.next_epoch()))
        self._asked_ms = self._board.ticks_ms()
        self._retries = 0

    def _impatience(self):
        """Nothing came for a while: say it again, then give the line up."""
        if self._board.ticks_ms() - self._asked_ms < self._retry_ms:
            return
        self._asked_ms = self._board.ticks_ms()
        self._retries += 1
        again = self._session.retry()
        if self._retries > RETRIES or again is None:
            self._hang_up()
        else:
            self._send(again)

    def _send(self, data):
        """Say it, or when it is our turn."""
        if self._turn:
            self._turn.put(data)
        else:
            self._write(data)

    def _write(self, data):
        """What a full line does not take now is sent by a task; one, for two must not wait for the
        same line. A frame that falls between is said again, as any that is lost."""
        self._line.write(data)
        if not self._is_sending:
            self._is_sending = True
            asyncio.create_task(self._drain(self._line))

    async def _drain(self, line):
        try:
            await line.drain()
        except OSError:
            pass  # the reading side notices
        if line is self._line:
            self._is_sending = False

    def _drop(self):
        """The session, if there was one, is dead."""
        if self._session is not None:
            self.lost += self._session.is_open
            self._session = None
            self._terminal.on_close(self._now())
            self._on_change()


def _is_all(data, frames):
    """True if nothing of another frame was heard behind the last."""
    return len(data) < _READ and not frames.held
