"""A bad line between one terminal and the server: a proxy on loopback that cuts, lies and garbles.

Frames go whole in both directions until `trouble` orders a fault for the next one, or the line is
taken `down`. It knows where a frame ends (the delimiter 00) and nothing of what is in it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from terminal_sim.prng import Prng

DELAY_S = 0.05
_END = b"\0"


class Wire:
    """server() -> HOST:PORT of now. faults: how many were made. Started by `open`."""

    def __init__(self, server: Callable[[], str]):
        self._server = server
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task] = set()
        self._orders: list[tuple[str, Prng]] = []
        self._held = b""  # a frame that waits for the next one
        self.is_up = True
        self.faults = 0

    async def open(self) -> str:
        """-> HOST:PORT for the terminal."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._listener.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    def trouble(self, fault: str, noise: int) -> None:
        """The next frame, whichever way it goes, has this of weather.LINK_FAULTS."""
        self._orders.append((fault, Prng(noise)))

    def down(self) -> None:
        """Nobody gets through, and whoever was is cut off."""
        self.is_up = False
        self.cut()

    def up(self) -> None:
        """It works again."""
        self.is_up = True

    def cut(self) -> None:
        """What is connected now is cut off."""
        for task in self._tasks:
            task.cancel()

    def calm(self) -> None:
        """No fault that was ordered comes any more."""
        self._orders.clear()

    async def close(self) -> None:
        """The end; a second call does nothing."""
        self.cut()
        if self._listener:
            self._listener.close()
            self._listener = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far = None
        try:
            if not self.is_up:
                return
            host, port = self._server().rsplit(":", 1)
            back, far = await asyncio.open_connection(host, int(port))
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, far))
                both.create_task(self._carry(back, writer))
        except* (OSError, asyncio.CancelledError, _Ended):
            pass
        finally:
            self._tasks.discard(task)
            for end in (writer, far):
                if end is not None:
                    with contextlib.suppress(OSError, RuntimeError):
                        end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Frames from one end to the other, until one of them hangs up."""
        rest = b""
        while True:  # ends with the connection
            data = await reader.read(4096)
            if not data:
                raise _Ended
            *frames, rest = (rest + data).split(_END)
            for frame in frames:
                for piece in await self._pieces(frame + _END):
                    writer.write(piece)

    async def _pieces(self, frame: bytes) -> list[bytes]:
        """What comes out at the other end for one frame."""
        held, self._held = self._held, b""
        after = [held] if held else []
        if not self._orders or frame == _END:
            return [frame, *after]
        fault, noise = self._orders.pop(0)
        self.faults += 1
        if fault == "dead":
            raise _Ended
        if fault == "half_open":  # nothing comes through, and nobody is told
            await asyncio.Event().wait()
        if fault == "delayed":
            await asyncio.sleep(DELAY_S)
        if fault == "reordered":
            self._held = frame
            return after
        return [*_spoilt(fault, frame, noise), *after]


class _Ended(Exception):
    """One end has hung up."""


def _spoilt(fault: str, frame: bytes, noise: Prng) -> list[bytes]:
    """A frame after a fault that only changes its bytes."""
    if fault == "lost":
        return []
    if fault == "doubled":
        return [frame, frame]
    if fault == "truncated":
        return [frame[: noise.below(len(frame))], _END]
    body = bytearray(frame[:-1])
    start = noise.below(len(body))
    end = start + 1 if fault == "corrupted" else len(body)  # a collision spoils what follows, too
    for at in range(start, end if fault in ("corrupted", "collision") else start):
        body[at] = (body[at] ^ 1 + noise.below(255)) or 1
    return [bytes(body) + _END]
