"""The line of an emulated board into the port of a real server.

The server answers in the PC's time, the board lives in its own: after each frame of the board its
time stands still until the server has answered, or for PATIENCE_S. What the server says by itself
is looked for every LOOK_NS of the board's time. So a run over a bridge is not the same to the
nanosecond, unlike all others; and on a PC that is very busy the board is too slow for the server,
which hangs up: there is a new connection at the board's next hello.
"""

from __future__ import annotations

import contextlib
import select
import socket

from hil_tests.emulated.board import Board
from hil_tests.emulated.wires import LinkWire

PATIENCE_S = 2.0
LOOK_NS = 20_000_000


class Bridge:
    """A board's line to HOST:PORT. bytes_up, bytes_down: so far."""

    def __init__(self, board: Board, server: str):
        host, port = server.rsplit(":", 1)
        self._server = (host, int(port))
        self._socket = socket.create_connection(self._server)
        self._board = board
        self.bytes_up = self.bytes_down = 0
        self.link = LinkWire(board, self._hear)
        board.at(LOOK_NS, self._look)

    def close(self) -> None:
        """Pull it out."""
        self._socket.close()

    def _hear(self, data: bytes) -> None:
        self.bytes_up += len(data)
        with contextlib.suppress(OSError):  # a server that is away hears nothing
            if self._socket.fileno() < 0:
                self._socket = socket.create_connection(self._server)
            self._socket.sendall(data)
            if data.endswith(b"\0"):
                self._take(PATIENCE_S)

    def _look(self) -> None:
        with contextlib.suppress(OSError):
            self._take(0)
        self._board.at(LOOK_NS, self._look)

    def _take(self, wait_s: float) -> None:
        if self._socket.fileno() < 0 or not select.select([self._socket], [], [], wait_s)[0]:
            return
        data = self._socket.recv(65536)
        self.bytes_down += len(data)
        if data:
            self.link.send(data)
        else:
            self._socket.close()
