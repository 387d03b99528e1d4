"""One TCP socket of the gateway as an asyncio protocol: bytes in, bytes out, nothing else.

What it is not: it knows no frame and no session (that is `connection`). The receive call writes
into one buffer of READ_BYTES that all sockets share, because the loop reads one socket at a time
and hands the bytes on before the next: asyncio's own 256 KiB for each call costs three times the
whole handling of a small frame.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Protocol, cast

from sync_server.gateway.limits import READ_BYTES, WRITE_HIGH_BYTES

_buffer = bytearray(READ_BYTES)
_view = memoryview(_buffer)


class Listener(Protocol):
    """What a line tells about: `connection.Connection` is one."""

    def received(self, data: bytes) -> None:
        """Some bytes came, in any cut."""

    def lost(self) -> None:
        """The socket is gone; called once."""


class Outlet(Protocol):
    """What a connection speaks to: a `Line`, or a terminal's place on a serial line."""

    stalled_since_s: float

    def send(self, data: bytes) -> None:
        """Send, or drop."""

    def close(self) -> None:
        """Close after what was sent has left."""

    def abort(self) -> None:
        """Close at once."""


class Line(asyncio.BufferedProtocol):
    """A socket; `open` makes its listener, or returns None to refuse it."""

    def __init__(self, open_listener: Callable[[Line], Listener | None]):
        self._open = open_listener
        self._listener: Listener | None = None
        self._transport: asyncio.Transport | None = None
        self.stalled_since_s = 0.0  # monotonic; 0.0 while the peer reads what it is sent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the socket is there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._listener = self._open(self)
        if self._listener is None:
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def get_buffer(self, sizehint: int) -> memoryview:
        """asyncio: where the next bytes go."""
        return _view

    def buffer_updated(self, nbytes: int) -> None:
        """asyncio: `nbytes` are in the buffer; copied out before anything else can read."""
        if self._listener is not None:
            self._listener.received(bytes(_view[:nbytes]))

    def eof_received(self) -> bool:
        """asyncio: the peer will send no more, so the connection is of no use."""
        return False

    def pause_writing(self) -> None:
        """asyncio: the peer does not read. Then it is not listened to either."""
        self.stalled_since_s = time.monotonic()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """asyncio: the peer reads again."""
        self.stalled_since_s = 0.0
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the socket is gone."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.lost()

    def send(self, data: bytes) -> None:
        """Send, or drop when the socket is closing (the session will resend)."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close after what was sent has left; `received` is not called again."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once, unsent bytes are lost."""
        if self._transport is not None:
            self._transport.abort()
