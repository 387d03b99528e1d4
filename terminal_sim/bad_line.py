"""A bad line between one terminal and the server: a TCP proxy that does to frames what lines do.

It is down until `up`. While it is down, whoever connects is kept waiting and hears nothing; `down`
breaks what stands. What is on order by `trouble` befalls the next frames, whichever way they go.
It reads no frame: it only knows that each ends in a zero byte (docs/frame.md), and keeps no key.
Limit: one terminal; of two connections the newer one counts, as with the server.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable

from terminal_sim.prng import Prng

UP, DOWN = "up", "down"  # towards the server, towards the terminal
_READ = 4096
_HEARS_S = 20  # how long a terminal may take to hear the end of a line
_KNOCKS_S = 30
_POLL_S = 0.002
_END = b"\0"


class BadLine:
    """server: () -> HOST:PORT of the gateway as it is now.

    counts: fault -> frames that it befell. answers: frames that reached the terminal in this
    connection. on_frame(way): called after each frame that was passed on.
    """

    def __init__(self, server: Callable[[], str]):
        self._server = server
        self._listening: asyncio.Server | None = None
        self._is_up = asyncio.Event()
        self._faults: deque[tuple[str, int]] = deque()
        self._frames_until = 0  # the next fault
        self._pair: _Pair | None = None
        self.counts: Counter[str] = Counter()
        self.answers = 0
        self.on_frame: Callable[[str], None] = lambda way: None
        self.address = ""

    async def open(self) -> None:
        """Listen on a port of loopback: `address` is what the terminal is told."""
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Break everything and listen no more."""
        self.down()
        if self._listening:
            self._listening.close()

    @property
    def is_up(self) -> bool:
        """Frames may pass."""
        return self._is_up.is_set()

    @property
    def is_troubled(self) -> bool:
        """Something befell a frame of the connection that stands."""
        return self._pair is not None and self._pair.is_troubled

    def up(self) -> None:
        """Frames pass from now on."""
        self._is_up.set()

    def down(self) -> None:
        """What stands is broken, and nothing passes."""
        self._is_up.clear()
        self.break_off()

    async def hang_up(self) -> None:
        """What stands ends when each question has its answer, and the terminal has heard them all:
        what it does next must not be the machine's choice. Then as `down`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HEARS_S):
                while self._pair and not self._pair.is_quiet:  # ends: see there
                    await asyncio.sleep(_POLL_S)
                self._is_up.clear()
                if self._pair and self._pair.is_connected:  # else nobody speaks there
                    self._pair.say_no_more()
                    await self._pair.is_over.wait()
        self.down()

    async def is_missed(self) -> None:
        """Of a line that went down: its terminal knows, for it knocks anew. TimeoutError."""
        async with asyncio.timeout(_KNOCKS_S):
            while self._pair is None:  # ends: it knocks again and again
                await asyncio.sleep(_POLL_S)

    def break_off(self) -> None:
        """The connection that stands is broken, on both sides."""
        self.answers = 0
        if self._pair:
            self._pair.close(UP)
            self._pair.close(DOWN)
            self._pair = None

    def trouble(self, fault: str, frames: int, noise: int, after: int = 0) -> None:
        """Frames meet this fault of weather.LINK_FAULTS; `noise` draws where. The first of them
        comes when `after` frames have passed."""
        if not self._faults:
            self._frames_until = after
        self._faults.extend([(fault, noise)] * frames)

    @property
    def has_trouble(self) -> bool:
        """A fault is on order."""
        return bool(self._faults)

    def calm(self) -> None:
        """No trouble any more."""
        self._faults.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the terminal."""
        self.break_off()
        pair = self._pair = _Pair(reader, writer)
        with contextlib.suppress(asyncio.CancelledError):
            await self._is_up.wait()
        if self._pair is not pair or not self.is_up:
            return
        try:
            host, port = self._server().rsplit(":", 1)
            await pair.connect(host, int(port))
        except OSError:  # no server: the terminal may try again
            pair.close(DOWN)
            return
        with contextlib.suppress(asyncio.CancelledError):  # the world ends: so does this, quietly
            await asyncio.gather(self._pump(pair, UP), self._pump(pair, DOWN))

    async def _pump(self, pair: _Pair, way: str) -> None:
        """Pass frames on one way until that side ends; then the other one ends too."""
        held = b""
        with contextlib.suppress(OSError):
            while data := await pair.readers[way].read(_READ):  # ends with the connection
                *frames, held = (held + data).split(_END)
                for frame in frames:
                    self._pass(pair, way, frame + _END)
        if way == UP:
            pair.is_over.set()
        if not pair.half_open:
            pair.close(UP)
            pair.close(DOWN)
            if pair is self._pair:
                self.answers = 0

    def _pass(self, pair: _Pair, way: str, frame: bytes) -> None:
        """One frame, with whatever befalls it."""
        sent = [frame]
        pair.frames[way] += 1
        if self._faults and self._frames_until:
            self._frames_until -= 1
        elif self._faults:
            fault, noise = self._faults.popleft()
            self.counts[fault] += 1
            pair.is_troubled = True
            if fault in ("dead", "half_open"):
                pair.half_open = fault == "half_open"
                self.answers = 0
                pair.close(UP if noise & 1 or fault == "dead" else DOWN)
                if fault == "dead":
                    pair.close(DOWN)
            sent = befall(fault, noise, frame, pair.late[way])
        elif pair.late[way]:
            sent = [frame, pair.late[way].popleft()]  # what was late comes after it
        for data in sent:
            pair.write(way, data)
        if way == DOWN and sent and pair is self._pair and not pair.half_open:
            self.answers += 1
        self.on_frame(way)


def befall(fault: str, noise: int, frame: bytes, late: deque[bytes]) -> list[bytes]:
    """-> what arrives now instead of `frame`; what comes later is put into `late`."""
    if fault == "doubled":
        return [frame, frame]
    if fault in ("delayed", "reordered"):
        late.append(frame)
        return [late.popleft()] if len(late) > 1 else []
    if fault == "truncated":
        return [frame[: noise % len(frame)]]
    if fault == "corrupted":
        return [_xor(frame, noise % len(frame), bytes((1 << noise % 8,)))]
    if fault == "collision":  # two speak at once: what overlaps is noise
        return [_xor(frame, noise % len(frame), Prng(noise).bytes(len(frame)))]
    return []  # lost, dead, or the line is half open


def _xor(data: bytes, at: int, noise: bytes) -> bytes:
    garbled = bytes(a ^ b for a, b in zip(data[at:], noise, strict=False))
    return data[:at] + garbled + data[at + len(garbled) :]


class _Pair:
    """A connection of the terminal, and ours to the server for it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.readers = {UP: reader}
        self.half_open = False
        self.is_troubled = False
        self.is_over = asyncio.Event()  # the terminal has hung up
        self._is_silent = False
        self.frames = {UP: 0, DOWN: 0}
        self.late: dict[str, deque[bytes]] = {UP: deque(), DOWN: deque()}
        self._writers = {DOWN: writer}

    async def connect(self, host: str, port: int) -> None:
        """To the server. OSError."""
        self.readers[DOWN], self._writers[UP] = await asyncio.open_connection(host, port)

    def write(self, way: str, data: bytes) -> None:
        """To whom it goes that way; nothing if they are gone."""
        if way == DOWN and self._is_silent:
            return
        if way in self._writers and not self._writers[way].is_closing():
            self._writers[way].write(data)

    @property
    def is_connected(self) -> bool:
        """Frames pass to the server."""
        return UP in self._writers

    @property
    def is_quiet(self) -> bool:
        """Each frame has its answer, or nobody waits for one; where a fault befell one, nobody can
        count them."""
        is_settled = self.is_troubled or self.is_over.is_set()
        return is_settled or self.frames[UP] == self.frames[DOWN]

    def say_no_more(self) -> None:
        """The terminal's side of the line ends after what was said."""
        self._is_silent = True
        if not self._writers[DOWN].is_closing():
            self._writers[DOWN].write_eof()

    def close(self, way: str) -> None:
        """Towards the server or the terminal."""
        if way in self._writers:
            self._writers[way].close()
