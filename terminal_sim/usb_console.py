"""The console of a board on the bench: the PC's MicroPython with the chip's modules over its flash.

The raw REPL is the interpreter's own, so tools speak with it as with a chip. What the PC's build
lacks as a board is done here: a soft reset (the process ends and starts again, back in the raw REPL
if it was there). Other ends mean something (`on_usb/machine.py`) and are the board's. What it is
not: the chip's speed, its memory, our base firmware; `hil_tests` have those.
"""

import os
import pty
import shutil
import subprocess
import sys
import tty
from pathlib import Path

_HERE = Path(__file__).parent
_MODULES = _HERE / "on_usb"
_FROZEN = _HERE.parent / "image" / "CAMPUS_TERM" / "modules"  # in the base firmware
_BANNER = b"raw REPL"
_SOFT = b"MPY: soft reboot\r\n"


class Console:
    """One power-on. environment: BENCH_* of on_usb."""

    def __init__(self, environment):
        self._environment = dict(os.environ) | environment
        self._environment["MICROPYPATH"] = f"{_MODULES}:{_FROZEN}:.frozen"
        self._is_raw = False
        self._start()

    def fileno(self):
        """To wait for reading."""
        return self._fd

    def type(self, data):
        """Bytes of the host."""
        for byte in data:
            if byte in (1, 2):
                self._is_raw = byte == 1
        os.write(self._fd, data)

    def read(self):
        """-> (bytes for the host, None or the code that the interpreter ended with)."""
        try:
            data = os.read(self._fd, 4096)
        except OSError:
            data = b""
        if data and self._passed is not None:
            self._passed += data
            at = self._passed.find(_BANNER)
            data, self._passed = (b"", self._passed) if at < 0 else (self._passed[at:], None)
            return data, None
        if data:
            return data, None
        code = self._process.wait()
        if code:
            return b"", code
        was_raw = self._is_raw
        self.stop()
        self._start()
        if was_raw:
            self._is_raw, self._passed = True, b""
            os.write(self._fd, b"\x01")
        return _SOFT, None

    def stop(self):
        """The power is off."""
        self._process.kill()
        self._process.wait()
        os.close(self._fd)

    def _start(self):
        self._passed = None  # of a start into the raw REPL: what comes before its banner
        self._fd, there = pty.openpty()
        tty.setraw(there)
        self._process = subprocess.Popen(
            [_interpreter(), "-i", str(_MODULES / "boot.py")],
            stdin=there, stdout=there, stderr=there, env=self._environment, cwd=_MODULES,
            start_new_session=True,
        )  # fmt: skip
        os.close(there)


def _interpreter():
    beside = Path(sys.executable).parent / "micropython"
    return str(beside) if beside.exists() else shutil.which("micropython")
