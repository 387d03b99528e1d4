"""Terminals that are only sessions, on a simulated bus instead of TCP."""

import asyncio
import contextlib
import os

from bench.plain_terminal import PlainTerminal
from protocol import frame, turns

RETRY_S = 0.5


class Slave(PlainTerminal):
    """One on `bus`; silent until `join`. answered_s: times of its turns; late_s: what its answers
    are under way."""

    late_s = 0.0

    def __init__(self, bus, number, key):
        super().__init__(number, key)
        self.station = bus.station()
        self._fd = os.open(self.station.path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        self._rule = turns.Turn(number)
        self._line = frame.Receiver()
        self.answered_s = []
        self._again = None
        self._on_its_way = None

    async def join(self, epoch=1):
        """Hello and report, in its turns."""
        self.transport = self
        self._begin()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        loop.add_reader(self._fd, self._readable)
        self._again = self._again or loop.create_task(self._say_again())
        await self._greet(epoch, True)

    async def _say_again(self):
        while True:  # ends with leave(), which cancels it
            await asyncio.sleep(RETRY_S)
            again = self._session.retry()
            if again:
                self._rule.put(again)

    def write(self, data):
        """As a transport: when it is our turn."""
        self._rule.put(data)

    def _readable(self):
        with contextlib.suppress(BlockingIOError, OSError):
            data = os.read(self._fd, 4096)
            frames = self._line.feed(data)
            if self._rule.heard(frames, not self._line.held):
                loop = asyncio.get_running_loop()
                said = self._rule.say()
                self._on_its_way = loop.call_later(self.late_s, os.write, self._fd, said)
                self.answered_s.append(loop.time())
            for address, kind, payload in frames:
                if address == self.number and kind != frame.POLL:
                    self.data_received(frame.pack(address, kind, payload))

    def leave(self):
        """Mute from now on."""
        asyncio.get_running_loop().remove_reader(self._fd)
        if self._on_its_way is not None:
            self._on_its_way.cancel()
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def close(self):
        """Off the bus."""
        self.leave()
        os.close(self._fd)
