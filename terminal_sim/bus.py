"""A pair of wires (RS-485, half duplex) with a pty for each station, at the speed of its baud rate.

    bus = SimulatedBus(115200, prng)
    bus.attach(loop)                       # serves all of it until close()
    device = bus.station()                 # path of a pty: a serial device for whoever opens it

Every byte takes its time on the wire and is heard by all other stations. Who speaks while somebody
else does goes on speaking: both destroy each other's bytes, and all others hear what is left, at
random. `Babbler` is a station that speaks when it likes. Limits: bits are not modelled, bytes
are; a byte of one station meets whole bytes of the others; time is the loop's, in ticks of TICK_S.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import time
import tty

from protocol import frame
from terminal_sim.prng import Prng

TICK_S = 0.001
READ_MAX = 4096
_BITS = 10


class Station:
    """One end: what it wants to say waits in `saying`."""

    def __init__(self) -> None:
        self.fd, self._far_fd = pty.openpty()  # the far side stays open between two who use it
        tty.setraw(self._far_fd)
        os.set_blocking(self.fd, False)
        self.path = os.ttyname(self._far_fd)
        self.saying = bytearray()
        self.is_cut = False  # the wires are off: it neither hears nor is heard

    def hear(self, data: bytes) -> None:
        """Bytes of the wire; who does not read loses them."""
        if not self.is_cut:
            with contextlib.suppress(BlockingIOError):
                os.write(self.fd, data)

    def close(self) -> None:
        """Both ends."""
        os.close(self.fd)
        os.close(self._far_fd)


class SimulatedBus:
    """baud: bits a second. log: None, or a list that gets (seconds, bytes) of each stretch that
    everybody heard. collided: bytes destroyed."""

    def __init__(self, baud: int, prng: Prng):
        self._bytes_a_s = baud / _BITS
        self._prng = prng
        self._stations: list[Station] = []
        self._babblers: list[Babbler] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self.collided = 0
        self.log: list[tuple[float, bytes]] | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve all stations on this loop."""
        self._loop = loop
        self._task = loop.create_task(self._run())

    def station(self) -> Station:
        """One more station."""
        assert self._loop is not None
        made = Station()
        self._stations.append(made)
        self._loop.add_reader(made.fd, self._readable, made)
        return made

    def babble(self, babbler: Babbler) -> None:
        """A station without a pty."""
        self._babblers.append(babbler)
        self._wake.set()

    def _ends(self) -> list[Station | Babbler]:
        return [*self._stations, *self._babblers]

    def close(self) -> None:
        """The wires are gone."""
        if self._task is not None:
            self._task.cancel()
        for station in self._stations:
            if self._loop is not None:
                self._loop.remove_reader(station.fd)
            station.close()
        self._stations.clear()

    def _readable(self, station: Station) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            data = os.read(station.fd, READ_MAX)
            if not station.is_cut:
                station.saying += data
                self._wake.set()

    async def _run(self) -> None:
        last_s = time.monotonic()
        room = 0.0
        while True:  # ends with close(), which cancels it
            if not self._is_busy():
                self._wake.clear()
                wait_s = min((b.due_s - time.monotonic() for b in self._babblers), default=None)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._wake.wait()
                last_s, room = time.monotonic(), 0.0
            await asyncio.sleep(TICK_S)
            now_s = time.monotonic()
            for babbler in self._babblers:
                babbler.look(now_s)
            room += (now_s - last_s) * self._bytes_a_s
            last_s = now_s
            room -= self._pass(int(room))

    def _is_busy(self) -> bool:
        return any(s.saying for s in self._ends())

    def _pass(self, length: int) -> int:
        """So many bytes' time passes on the wire. -> length, or less if it fell silent."""
        passed = 0
        while passed < length:
            talkers = [s for s in self._ends() if s.saying]
            if not talkers:
                return length
            step = min(length - passed, *(len(s.saying) for s in talkers), length)
            said = [bytes(s.saying[:step]) for s in talkers]
            for talker in talkers:
                del talker.saying[:step]
            if len(talkers) > 1:
                self.collided += step
                heard = self._prng.bytes(step)
            else:
                heard = said[0]
            self._deliver(talkers, heard)
            passed += step
        return length

    def _deliver(self, talkers: list[Station | Babbler], heard: bytes) -> None:
        if self.log is not None:
            self.log.append((time.monotonic(), heard))
        for listener in self._ends():
            if listener not in talkers:
                listener.hear(heard)


class Babbler:
    """Says `burst` random bytes each `every_s` on average; and as long an answer to each poll of
    terminal `address`, if there is one."""

    def __init__(self, prng: Prng, burst: int, every_s: float, address: int = 0):
        self._prng = prng
        self._burst = burst
        self._every_s = every_s
        self._address = address
        self._receiver = frame.Receiver()
        self.saying = bytearray()
        self.due_s = time.monotonic() + every_s
        self.bursts = self.answers = 0

    def look(self, now_s: float) -> None:
        """Begin to speak if it is time."""
        if now_s >= self.due_s:
            self.due_s = now_s + self._every_s * self._prng.between(50, 150) / 100
            self.saying += self._prng.bytes(self._burst)
            self.bursts += 1

    def hear(self, data: bytes) -> None:
        """Bytes of the wire."""
        for address, kind, payload in self._receiver.feed(data):
            if address == self._address and kind == frame.POLL and payload:
                self.saying += self._prng.bytes(self._burst)
                self.answers += 1
