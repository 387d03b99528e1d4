"""The board's USB console as a serial port of this PC: a pty for tools that want a device.

The board lives while `serve` runs, in steps of its own time between looks at the port.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
import tty

from hil_tests.emulated.board import Board

_STEP_S = 0.005
_CHUNK = 64
_TTY_ROOM_S = 0.002


class Port:
    """path: the device to give to a tool."""

    def __init__(self, board: Board):
        self._board = board
        self._fd, self._host_fd = pty.openpty()
        tty.setraw(self._host_fd)
        self.path = os.ttyname(self._host_fd)
        self._told = len(board.console.heard)

    def command(self, command: list[str], patience_s: float) -> tuple[int, str]:
        """Run a tool while the board lives. -> (exit code, what it printed); TimeoutError."""
        tool = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        end_s = time.monotonic() + patience_s
        while tool.poll() is None:
            if time.monotonic() > end_s:
                tool.kill()
                raise TimeoutError(f"{' '.join(command)} did not end in {patience_s} s")
            self._serve()
        assert tool.stdout is not None
        return tool.returncode, tool.stdout.read().decode()

    def close(self) -> None:
        """Unplug it."""
        os.close(self._fd)
        os.close(self._host_fd)

    def _serve(self) -> None:
        console = self._board.console
        if console.has_room and select.select([self._fd], [], [], _TTY_ROOM_S)[0]:
            console.send(os.read(self._fd, _CHUNK))
        self._board.run(_STEP_S)
        new = bytes(console.heard[self._told :])
        if new:
            self._told += os.write(self._fd, new)
