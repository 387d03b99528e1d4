"""The RS-485 line of an emulated board into the serial port of a real server: half duplex, polled.

The port is a pty. The server asks in the PC's time and the board answers in its own, so the two
take turns: between a poll and its answer only the board's time goes on, between an answer and the
next poll only the server's. The server has to be told that answers come late (`campus serve
--serial DEVICE@BAUD+MS`, LATE_MS). In the board's time the polls come as docs/serial.md has them
for a line with others on it: at once where there is something to say, else after REST_NS.
"""

from __future__ import annotations

import os
import pty
import select
import tty
from functools import partial

from hil_tests.emulated.board import Board, Silent
from hil_tests.emulated.wires import BIT_NS, LinkWire
from protocol import frame

LATE_MS = 20_000
REST_NS = 200_000_000
_ANSWER_NS = 2_000_000_000  # a terminal that has said nothing until then says nothing
_PATIENCE_S = 120
_READ_BYTES = 4096


class PolledLine:
    """path: the device for the server. link: the wires of the board that is plugged in. polls,
    unanswered: so far; damaged: what the board said and was no frame."""

    def __init__(self) -> None:
        self._fd, self._far_fd = pty.openpty()  # the far end stays open between two servers
        tty.setraw(self._far_fd)
        self.path = os.ttyname(self._far_fd)
        self.polls = self.unanswered = 0
        self.damaged: list[bytes] = []
        self._said = b""  # by the board, a frame not yet whole
        self._is_asked = False
        self._told = False  # with the last poll came more than a poll

    def plug(self, board: Board) -> None:
        """A board that was just switched on; whoever was there before is dead."""
        if self._said:  # in the middle of a word
            os.write(self._fd, self._said)
        self._said, self._is_asked = b"", False
        self._board = board
        self.link = LinkWire(board, self._hear)
        board.at(REST_NS, self._ask)

    def close(self) -> None:
        """Both ends."""
        os.close(self._fd)
        os.close(self._far_fd)

    def _ask(self) -> None:
        data = b""
        frames: list[tuple[int, int, bytes]] = []
        receiver = frame.Receiver()
        while not frames or frames[-1][1] != frame.POLL:
            if not select.select([self._fd], [], [], _PATIENCE_S)[0]:
                raise Silent(f"the server has not asked for {_PATIENCE_S} s")
            new = os.read(self._fd, _READ_BYTES)
            data += new
            frames += receiver.feed(new)
        self._told = len(frames) > 1
        self._is_asked = True
        self.polls += 1
        self.link.send(data)
        out_ns = len(data) * 10 * BIT_NS
        self._board.at(out_ns + _ANSWER_NS, partial(self._give_up, self.polls))

    def _hear(self, data: bytes) -> None:
        self._said += data
        if not self._said.strip(b"\0") or data != b"\0":
            return
        said, self._said = self._said, b""
        os.write(self._fd, said)
        frames = frame.Receiver().feed(said)
        if not frames:
            self.damaged.append(said)
        if self._is_asked:
            self._is_asked = False
            is_quiet = not self._told and bool(frames) and frames[-1][1] == frame.POLL
            self._board.at(REST_NS if is_quiet else 1, self._ask)

    def _give_up(self, poll: int) -> None:
        if self._is_asked and self.polls == poll:
            self.unanswered += 1
            self._is_asked = False
            self._ask()
