"""One serial line with several terminals: the server is its master, each terminal a connection.

The schedule says who is asked; here are the port, the clock and the slots (docs/serial.md). What it
is not: a session; `connection` serves a terminal here exactly as one over TCP, except that a frame
that is not authentic is counted and passed over: on a shared line anybody could hang up on anybody.
A port that fails is opened again every REOPEN_S, for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import termios
import time
from typing import TYPE_CHECKING, NamedTuple

import serial

from protocol import frame, polling, turns
from protocol.errors import RemoteError
from sync_server.gateway.connection import Connection
from sync_server.gateway.schedule import Schedule, Seat

if TYPE_CHECKING:
    from sync_server.gateway.service import Gateway

log = logging.getLogger(__name__)

BAUD = 115_200
BAUD_LEAST, BAUD_MOST = 9600, 921_600
LATE_MOST_MS = 60_000
REOPEN_S = 1.0
SEEK_S = 1.0  # how often it is looked up who may be on the line
ROOM_BYTES = 64  # waited for when the driver is full
AGAIN_S = 2.0  # a push that is not answered for this long is said again
JAM_S = 10.0  # bytes for this long and no frame
READ_BYTES = 4096
_FROM_TERMINAL = (frame.HELLO, frame.TERMINAL_REQUEST, frame.TERMINAL_REPLY, frame.POLL)


class Port(NamedTuple):
    """A device, its speed, and by how much its answers come late: what is between it and the wire,
    such as a converter in the network, may need so long."""

    device: str
    baud: int
    late_ms: int = 0

    @classmethod
    def read(cls, text: str) -> Port:
        """From DEVICE, DEVICE@BAUD or DEVICE@BAUD+MS; ValueError."""
        device, at, said = text.rpartition("@")
        if not at:
            return cls(text, BAUD)
        baud, _, late_ms = said.partition("+")
        numbers = (baud, late_ms) if "+" in said else (baud,)
        if not device or not all(word.isascii() and word.isdigit() for word in numbers):
            raise ValueError(f"DEVICE, DEVICE@BAUD or DEVICE@BAUD+MS, not {text!r}")
        if not BAUD_LEAST <= int(baud) <= BAUD_MOST:
            raise ValueError(f"{BAUD_LEAST} to {BAUD_MOST} baud, not {baud}")
        if int(late_ms or 0) > LATE_MOST_MS:
            raise ValueError(f"at most {LATE_MOST_MS} ms late, not {late_ms}")
        return cls(device, int(baud), int(late_ms or 0))

    def __str__(self) -> str:
        return f"{self.device}@{self.baud}" + (f"+{self.late_ms}" if self.late_ms else "")


class Drop:
    """What one terminal's connection speaks to: frames wait here for its slot."""

    def __init__(self, bus: Bus, address: int):
        self._bus = bus
        self.address = address
        self.listener: Connection | None = None
        self.queue: list[bytes] = []
        self.stalled_since_s = 0.0
        self._again_s = 0.0  # monotonic: when a push was said again

    def send(self, data: bytes) -> None:
        """With its next slot."""
        self.queue.append(data)
        self._bus.hurry(self.address)

    def close(self) -> None:
        """The connection ends; what was sent still goes out."""
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.lost()

    abort = close

    def say_again(self, now_s: float) -> None:
        """A push that was lost on the line; over TCP nothing is."""
        listener = self.listener
        if listener is None or not listener.hand.sent_s or self.queue:
            return
        if now_s - max(listener.hand.sent_s, self._again_s) >= AGAIN_S:
            self._again_s = now_s
            again = listener.again()
            if again:
                self.send(again)


class Bus:
    """Only for the loop's thread."""

    def __init__(self, gateway: Gateway, port: Port):
        self._gateway = gateway
        self.port = port
        self._schedule = Schedule(port.baud)
        self._drops: dict[int, Drop] = {}
        self._serial: serial.Serial | None = None
        self._receiver = frame.Receiver()
        self._came = asyncio.Event()  # bytes, or something to say
        self._frames: list[tuple[int, int, bytes]] = []
        self._heard = self._heard_then = 0  # bytes, ever; at the last look
        self._framed_s = time.monotonic()  # when the last frame came
        self._sought_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Open the port; OSError if it cannot be."""
        try:
            self._open()
        except termios.error as error:
            raise OSError(*error.args) from None
        self._task = self._gateway.loop.create_task(self._run())

    def stop(self) -> None:
        """Ask nobody any more."""
        if self._task is not None:
            self._task.cancel()
        self._close()

    def hurry(self, address: int) -> None:
        """This terminal shall be told something."""
        self._schedule.hurry(address, _now_ms())
        self._came.set()

    # the port

    def _open(self) -> None:
        # exclusive: two masters on one line would talk each other down
        self._serial = serial.Serial(
            self.port.device, self.port.baud, timeout=0, write_timeout=0, exclusive=True
        )
        self._gateway.loop.add_reader(self._serial.fileno(), self._readable, self._serial)

    def _close(self) -> None:
        port, self._serial = self._serial, None
        if port is not None:
            self._gateway.loop.remove_reader(port.fileno())
            port.close()

    def _readable(self, port: serial.Serial) -> None:
        try:
            data = os.read(port.fileno(), READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed(error)
            return
        if not data:
            self._failed(OSError("it was unplugged"))
            return
        self._heard += len(data)
        dropped = self._receiver.dropped
        self._frames += self._receiver.feed(data)
        self._gateway.counts["garbage"] += self._receiver.dropped - dropped
        self._came.set()

    def _failed(self, error: OSError) -> None:
        if self._serial is not None:
            log.error("serial line %s: %s", self.port, error)
            self._close()
        self._came.set()

    async def _write(self, data: bytes) -> None:
        """All of it; the driver takes a few KB at once and goes on while we wait for room."""
        while data and self._serial is not None:
            try:
                data = data[os.write(self._serial.fileno(), data) :]
            except BlockingIOError:
                await asyncio.sleep(polling.line_ms(self.port.baud, ROOM_BYTES) / 1000)
            except OSError as error:
                self._failed(error)

    async def _run(self) -> None:
        while True:  # ends with stop(), which cancels it
            while self._serial is not None:
                await self._step()
            await asyncio.sleep(REOPEN_S)
            try:
                self._open()
            except (OSError, termios.error) as error:
                log.info("serial line %s: %s", self.port, error)

    # slots

    async def _step(self) -> None:
        """One slot, or a rest."""
        now_s = time.monotonic()
        if now_s - self._sought_s > SEEK_S:
            self._sought_s = now_s
            self._seek(now_s)
        seat = self._schedule.next(_now_ms())
        if seat is not None:
            await self._slot(seat)
            return
        self._came.clear()
        await self._wait(min(self._schedule.idle_ms(_now_ms()), 1000 * SEEK_S))
        self._frames.clear()  # nobody was asked

    def _seek(self, now_s: float) -> None:
        gateway = self._gateway
        mine = {drop.listener for drop in self._drops.values()}
        self._schedule.seek(
            number
            for number in gateway.terminals
            if number not in gateway.live or gateway.live[number] in mine
        )
        for drop in self._drops.values():
            drop.say_again(now_s)
        if now_s - self._framed_s > JAM_S and self._heard > self._heard_then:
            self._gateway.counts["jams"] += 1
            log.warning("serial line %s: noise and no frame for %d s", self.port, JAM_S)
            self._framed_s = now_s
        self._heard_then = self._heard

    async def _slot(self, seat: Seat) -> None:
        """Tell one terminal what it shall hear, ask it, take its answer."""
        drop = self._drop(seat.address)
        told, drop.queue = drop.queue, []
        data = b"\0" + b"".join(told) + turns.ask(seat.address, seat.bit)
        self._frames.clear()
        left_ms = _now_ms() + self.port.late_ms + polling.line_ms(self.port.baud, len(data))
        await self._write(data)
        event, found = await self._answer(seat.address, left_ms)
        if found is not None:
            self._framed_s = time.monotonic()
            if found[0] != frame.POLL:
                self._take(drop, *found)
        more = bool(told or drop.queue or found and found[0] != frame.POLL)
        if self._schedule.result(seat, event, _now_ms(), more):
            log.info("terminal %d is silent on %s", seat.address, self.port)
            drop.close()

    async def _answer(self, address: int, left_ms: float) -> tuple[str, tuple[int, bytes] | None]:
        """What came of asking, and the frame. `left_ms`: when the poll is out
        at the latest."""
        baud = self.port.baud
        first_ms = deadline_ms = left_ms + polling.first_byte_ms(baud)
        before = heard = self._heard
        while True:  # until the deadline, which does not move beyond answer_ms
            self._came.clear()
            for whose, kind, payload in self._frames:
                if whose == address and kind in _FROM_TERMINAL and not _is_ours(kind, payload):
                    return polling.ANSWER, (kind, payload)
            self._frames.clear()
            now_ms = _now_ms()
            if self._heard != heard:
                heard = self._heard
                deadline_ms = max(first_ms, now_ms + polling.gap_ms(baud))
                deadline_ms = min(deadline_ms, left_ms + polling.answer_ms(baud))
            if now_ms >= deadline_ms or self._serial is None:
                return (polling.SILENCE if heard == before else polling.NOISE), None
            await self._wait(deadline_ms - now_ms)

    async def _wait(self, milliseconds: float) -> None:
        """Until bytes come, there is something to say, or this time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(milliseconds / 1000):
                await self._came.wait()

    def _drop(self, address: int) -> Drop:
        drop = self._drops.get(address)
        if drop is None:
            drop = self._drops[address] = Drop(self, address)
        return drop

    def _take(self, drop: Drop, kind: int, payload: bytes) -> None:
        """A frame of a terminal; who has no connection gets one by a hello."""
        if drop.listener is None and kind == frame.HELLO:
            drop.listener = self._gateway.opened(drop)
        if drop.listener is None:
            return
        try:
            drop.listener.take(drop.address, kind, payload)
        except RemoteError as error:
            self._gateway.counts["faults"] += 1
            log.info("terminal %d on %s: %s", drop.address, self.port, error)


def _is_ours(kind: int, payload: bytes) -> bool:
    """An adapter that hears itself: our own poll."""
    return kind == frame.POLL and bool(payload)


def _now_ms() -> float:
    return time.monotonic() * 1000
