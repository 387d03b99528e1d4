"""The chips' module `machine`, as far as the technician's tool asks for it.

Environment: BENCH_ID the chip's own id in hexadecimal; BENCH_READER a pty with a PN532 behind it,
or empty: nothing is connected. Ends of the process tell the bench what was asked for: 77 a reset,
78 the boot drive.
"""

import os
import select
import sys

RESET, BOOT_DRIVE = 77, 78
_path = os.getenv("BENCH_READER")
_reader = open(_path, "r+b", 0) if _path else None  # noqa: SIM115 while the PC's files are in reach


def unique_id():
    """The chip's own id."""
    return bytes.fromhex(os.getenv("BENCH_ID"))


def reset():
    """The whole chip."""
    sys.exit(RESET)


def bootloader():
    """The boot drive of an RP2040."""
    sys.exit(BOOT_DRIVE)


class Pin:
    """An output that reads back what it was set to."""

    IN, OUT = 0, 1

    def __init__(self, number, mode=IN, value=0):
        self.number = number
        self._value = value

    def value(self, to=None):
        """Set, or read."""
        if to is None:
            return self._value
        self._value = to
        return None

    __call__ = value


class UART:
    """What is connected to the chip's first UART; nothing answers on another."""

    def __init__(self, number, baudrate=115200, tx=None, rx=None, rxbuf=0, txbuf=0):
        self._file = _reader if number == int(os.getenv("BENCH_UART") or 0) else None
        self._poll = select.poll()
        if self._file:
            self._poll.register(self._file, select.POLLIN)

    def write(self, data):
        """-> length."""
        return self._file.write(data) if self._file else len(data)

    def any(self):
        """Is there something?"""
        return 1 if self._file and self._poll.poll(0) else 0

    def read(self, length):
        """At most so many bytes; None for nothing."""
        return self._file.read(length) if self.any() else None

    def deinit(self):
        """Let the pins go."""
