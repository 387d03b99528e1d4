"""The unix board: the MicroPython binary on a PC, with ptys for UARTs and a file for flash.

The configuration is a JSON file:
    {"reader": pty, "panel": pty, "pins": file or pipe or null, "flash": file, "rtc": file or null,
     "inputs": named pipe or null, "local": pty of a program beside it or null,
     "psam": pty of a PSAM's line, whose reset is the pin "psam", or null,
     "display": {"kind": "ssd1306" or "ili9341", "pipe": named pipe} or null,
     "server": "HOST:PORT" or null, "serial": pty of a half-duplex line to the server or null,
     "backoff_ms": [first, longest], "retry_ms": how long the server may take to answer,
     "answer_ms": how long the reader may}
The flash file keeps NOR's rules: programming only clears bits. `rtc`, 8 bytes big-endian, is a
clock that the world owns: the terminal reads it and cannot set it; with "ticks_follow" true the
ticks go forward with it, so that hours may pass at once. Without it the PC's clock is used, with
what `set_utc_s` said as an offset. Standard input is the switch: when it ends, the
terminal ends in order, so none outlives its world. Limit: HOST should be an address, for looking a
name up blocks.
"""

import errno
import json
import os
import select
import socket
import sys
import termios
import time

RESTART = 77  # exit code that asks whoever started this process to start it again
SECTOR = 4096
_FLUSH = 2  # TCSAFLUSH
_WRAP = 0x3FFFFFFF  # of microseconds
_INPUTS = {
    109: "meter", 112: "power", 99: "case",  # m, p, c
    100: "door", 120: "exit", 102: "fire", 108: "lane",  # d, x, f, l
}  # fmt: skip
_INPUT = 6  # bytes
_PIPE_MAX = 4096  # of them looked at in one read
_EDGES_MAX = 64  # and kept
_CC, _VTIME, _VMIN = 6, 5, 6


class ConfigError(Exception):
    """The configuration asks for something that is not there."""


def open_board(path):
    """The Board of a configuration file. ConfigError, or OSError when a file is missing."""
    with open(path) as file:
        return Board(json.load(file))


class Board:
    """See boards/contract.md."""

    name = "unix"
    in_place = False
    images = None

    def __init__(self, config):
        for name in ("reader", "panel", "flash"):
            if not config.get(name):
                raise ConfigError("the configuration names no " + name)
        self._pipes = {name: Pipe(config[name]) for name in ("reader", "panel")}
        for name in ("scanner", "psam", "local"):
            self._pipes[name] = Pipe(config[name]) if config.get(name) else None
        self._pins = open(config["pins"], "wb", buffering=0) if config.get("pins") else None
        self._inputs = Inputs(config["inputs"]) if config.get("inputs") else None
        told = config.get("display")
        self.display = Spi(told["kind"], told["pipe"]) if told else None
        self._rtc = open(config["rtc"], "rb", buffering=0) if config.get("rtc") else None
        self._offset_s = 0
        self._ticks_ms = 0
        self._raw_ms = time.ticks_ms()
        self._ticks_follow = bool(self._rtc and config.get("ticks_follow"))
        self._passed_s, self._began_utc_s = 0, self.utc_s()
        self.flash = FileFlash(config["flash"])
        self.switch = sys.stdin.buffer
        self.backoff_ms = tuple(config.get("backoff_ms") or (100, 1000))
        self.retry_ms = config.get("retry_ms")
        self.answer_ms = config.get("answer_ms")
        self.server = None
        self.half_duplex = bool(config.get("serial"))
        if self.half_duplex:
            self.server = config["serial"]
        elif config.get("server"):
            host, port = config["server"].rsplit(":", 1)
            try:
                self.server = (host, int(port))
            except ValueError:
                raise ConfigError("the server is HOST:PORT, not " + config["server"])

    def pipe(self, name):
        """The UART of "reader" or "panel"; of "scanner", "psam", "local", or None without one."""
        if name not in self._pipes:
            raise ConfigError("this board has no pipe " + name)
        return self._pipes[name]

    def pin(self, name, on):
        """A line "barrier 1" or "barrier 0" for the world."""
        if self._pins:
            self._pins.write(("%s %d\n" % (name, on)).encode())

    def inputs(self):
        """([(name, value, microseconds)], microseconds now) of what has changed since the last."""
        return (self._inputs.read() if self._inputs else []), time.ticks_us() & _WRAP

    def dial(self):
        """A socket on its way to the server, not blocking, or the serial line; OSError, and nothing
        is left open."""
        if self.half_duplex:
            return _raw(self.server, _FLUSH)
        family, kind, protocol, _, address = socket.getaddrinfo(
            self.server[0], self.server[1], 0, socket.SOCK_STREAM
        )[0]
        line = socket.socket(family, kind, protocol)
        try:
            line.setblocking(False)
            line.connect(address)
        except OSError as fault:
            if fault.errno != errno.EINPROGRESS:
                line.close()
                raise
        return line

    def alive(self):
        """There is no watchdog on a PC."""

    def ticks_ms(self):
        """Milliseconds that only grow; the interpreter's own wrap after 12 days."""
        raw_ms = time.ticks_ms()
        self._ticks_ms += time.ticks_diff(raw_ms, self._raw_ms)
        self._raw_ms = raw_ms
        if self._ticks_follow:  # hours that the world lets pass at once
            self._passed_s = max(self._passed_s, self.utc_s() - self._began_utc_s)
        return self._ticks_ms + 1000 * self._passed_s

    def utc_s(self):
        """The world's clock, or the PC's."""
        if self._rtc:
            self._rtc.seek(0)
            return int.from_bytes(self._rtc.read(8), "big")
        return int(time.time()) + self._offset_s

    def set_utc_s(self, utc_s):
        """Set the clock; a clock that the world owns stays as it is."""
        if not self._rtc:
            self._offset_s = utc_s - int(time.time())

    def random(self, length):
        """From the PC's generator."""
        return os.urandom(length)

    def restart(self, why):
        """End with RESTART."""
        print("restart: " + why)
        sys.exit(RESTART)


class Inputs:
    """A named pipe of changes, 6 bytes each: a letter of _INPUTS; value; microseconds of the PC's
    monotonic clock, 4 bytes."""

    def __init__(self, path):
        self._pipe = open(path, "r+b", buffering=0)  # also to write: never an end
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    def read(self):
        """What has come; never waits: what is there is whole, for it was written whole. As a chip's
        memory has an end, a babbling line is heard in part."""
        found = []
        for _ in range(_PIPE_MAX):
            if not self._poll.poll(0):
                break
            raw = self._pipe.read(_INPUT)
            name = _INPUTS[raw[0]]
            if len(found) < _EDGES_MAX or name != "meter":
                found.append((name, raw[1], int.from_bytes(raw[2:], "big") & _WRAP))
        return found


class Spi:
    """A display's wires, as a pipe: each transfer is 1 byte (0 commands, 1 data), its length in 2,
    its bytes."""

    def __init__(self, kind, path):
        self.kind = kind
        self._pipe = open(path, "r+b", buffering=0)  # also to read: never an end
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLOUT)

    def send(self, is_data, piece):
        """True, or False if the world does not listen; it never waits for it."""
        if not self._poll.poll(0):
            return False
        head = bytes((is_data, len(piece) >> 8, len(piece) & 255))
        # no copy of the piece: 5 KB in a row may not be had from a busy heap
        return self._pipe.write(head) == len(head) and self._pipe.write(piece) == len(piece)


def _raw(path, when):
    """A pty, raw; what was heard before is kept (TCSANOW) or passed over (_FLUSH)."""
    stream = open(path, "r+b", buffering=0)
    descriptor = stream.fileno()
    termios.setraw(descriptor)
    settings = termios.tcgetattr(descriptor)
    settings[_CC][_VMIN] = 0  # with setraw's 1 a read of many bytes would wait for all of them
    settings[_CC][_VTIME] = 0
    termios.tcsetattr(descriptor, when, settings)
    return stream


class Pipe:
    """A pty as a UART: raw, and neither a read nor a write ever waits."""

    def __init__(self, path):
        self.stream = _raw(path, termios.TCSANOW)
        self._poll = select.poll()
        self._poll.register(self.stream, select.POLLIN)
        self._room = select.poll()
        self._room.register(self.stream, select.POLLOUT)

    def write(self, data):
        """All of it; or nothing when nobody listens and the line is full, as bytes on a wire with
        no one at its end. At most 256 bytes: so many fit as soon as the line is not full."""
        if self._room.poll(0):
            self.stream.write(data)

    def read(self):
        """What is there, at most 512 bytes; b"" for nothing."""
        return self.stream.read(512) or b""

    def wait(self, ms):
        """True as soon as there is something to read, False after `ms`."""
        return bool(self._poll.poll(ms))


class FileFlash:
    """NOR flash in a file: programming clears bits, erasing sets a sector to FF."""

    sector = SECTOR
    unit = 1
    reprogram = True

    def __init__(self, path):
        self._file = open(path, "r+b", buffering=0)
        self.size = self._file.seek(0, 2)

    def read(self, at, length):
        """`length` bytes from `at`."""
        self._file.seek(at)
        return self._file.read(length)

    def program(self, at, data):
        """Clear the bits that are 0 in `data`."""
        length = len(data)
        old = int.from_bytes(self.read(at, length), "big")
        new = old & int.from_bytes(data, "big")
        self._file.seek(at)
        self._file.write(new.to_bytes(length, "big"))

    def erase(self, sector):
        """A sector of FF again."""
        self._file.seek(sector * SECTOR)
        for _ in range(SECTOR // 256):  # 4 KiB at once may not be had from a busy heap
            self._file.write(b"\xff" * 256)
