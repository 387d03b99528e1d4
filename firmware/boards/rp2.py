"""The RP2040 board: a PN532, a panel, and the server at the end of a half-duplex line (RS-485).

The configuration is a JSON file; what it leaves out is as in `WIRING`, null is not connected:
    {"reader": {"tx": pin, "rx": pin, "baud": bits a second}, "panel": the same,
     "scanner": the same, "local": the same, "link": the same, "enable": pin of the line driver,
     "half_duplex": true if the server polls (docs/serial.md), "pins": {name: pin},
     "watchdog_ms": at most 8388, "inputs": as rp2_inputs has it,
     "backoff_ms": [first, longest]}
The chip has two UARTs: the reader and what the server says need them, for nothing may be missed
there; the other wires, and what is said to the server, go through state machines. It has no clock
that outlives a power cut: the time is unknown until the server says it. What lies where in flash is
told by the base firmware (`flash_map`). Limit: random bytes are the ring oscillator's.
"""

import io
import json
import os
import select
import time

import flash_map
import machine
from machine import Pin

from firmware.boards import rp2_flash, rp2_pio

WIRING = {
    "reader": {"tx": 0, "rx": 1, "baud": 115200},
    "link": {"tx": 4, "rx": 5, "baud": 115200, "enable": 6},
    "panel": {"tx": 8, "rx": 9, "baud": 115200},
    "scanner": None,  # {"tx": 10, "rx": 11, "baud": 9600}
    "local": None,  # {"tx": 12, "rx": 13, "baud": 9600}: a program that asks who was let in
    "display": None,  # {"kind": "ssd1306", "sck": 18, "mosi": 19, "cs": 17, "dc": 20, ...}
    "pins": {"barrier": 15, "valve": 14},
    "inputs": {
        "meter": 21,
        "direction": None,
        "power": 22,
        "case": None,
        "door": None,
        "exit": None,
        "fire": None,
        "lane": None,  # a gate: 26, 27, 28, 16
    },
    "watchdog_ms": 8000,
    "backoff_ms": (500, 5000),
}
_POLL = 3  # the request of a stream's ioctl
_QUEUE_MAX = 1024
_HEARD_MAX = 2048  # from the server: a whole frame, for the collector takes longer than half of one
_RING_BITS = 9
_ALL = 1 << _RING_BITS


class ConfigError(Exception):
    """The configuration asks for something that is not there."""


def open_board(path):
    """The Board of a configuration file. ConfigError, or OSError when the file is missing."""
    with open(path) as file:
        return Board(json.load(file))


class Board:
    """See boards/contract.md."""

    name = "rp2"
    in_place = True
    images = None
    switch = None

    def __init__(self, config):
        for name in config:
            if name not in WIRING:
                raise ConfigError("this board has no " + name)
        wiring = {}
        for name in WIRING:
            wiring[name] = config.get(name, WIRING[name])
        if not wiring["reader"] or not wiring["panel"]:
            raise ConfigError("a terminal has a reader and a panel")
        self._pipes = {
            "reader": Uart(_uart(0, wiring["reader"])),
            "panel": Wire(wiring["panel"], 0),
            "scanner": Wire(wiring["scanner"], 4) if wiring["scanner"] else None,
            "psam": None,  # no board has a socket for one
            "local": Wire(wiring["local"], 6) if wiring["local"] else None,
        }
        self.display = None
        if wiring["display"]:
            from firmware.boards import rp2_display  # no other board has it in RAM

            self.display = rp2_display.Display(wiring["display"])
        self._pins = {}
        for name, number in (wiring["pins"] or {}).items():
            self._pins[name] = Pin(number, Pin.OUT, value=0)
        self._inputs = wiring["inputs"]
        self.server = wiring["link"]
        self._line = Line(self.server) if self.server else None
        self.half_duplex = bool(self.server and self.server.get("half_duplex"))
        self.backoff_ms = tuple(wiring["backoff_ms"])
        self.flash = rp2_flash.Flash(flash_map.data())
        self._booted_utc_s = 0
        self._ticks_ms = 0
        self._raw_ms = time.ticks_ms()
        self._watchdog = None
        if wiring["watchdog_ms"]:
            self._watchdog = machine.WDT(timeout=wiring["watchdog_ms"])

    def started(self, start, keys):
        """The base firmware has started this (core.slots.Start): `images`, updates by `keys`."""
        from firmware.boards import rp2_restarts
        from firmware.core.slots import Pair

        slots = rp2_flash.pair(flash_map.slots(), flash_map.SLOTS)
        self.images = Pair(slots, start, keys, rp2_restarts.forget)

    def pipe(self, name):
        """The UART of "reader" or "panel"; of "scanner" or "local", or None where there is none."""
        if name not in self._pipes:
            raise ConfigError("this board has no pipe " + name)
        return self._pipes[name]

    def pin(self, name, on):
        """Set an output, if it is connected."""
        if name in self._pins:
            self._pins[name](on)

    def inputs(self):
        """([(name, value, microseconds)], microseconds now) of what has changed since the last."""
        if isinstance(self._inputs, dict):
            from firmware.boards.rp2_inputs import Inputs  # no till has it in RAM

            self._inputs = Inputs(self._inputs)
        return self._inputs.read()

    def dial(self):
        """The line to the server; what was said on it before is passed over."""
        self._line.read(self._line.any())
        return self._line

    def alive(self):
        """All is well: the watchdog waits anew."""
        if self._watchdog:
            self._watchdog.feed()

    def ticks_ms(self):
        """Milliseconds that only grow; the interpreter's own wrap after 12 days."""
        raw_ms = time.ticks_ms()
        self._ticks_ms += time.ticks_diff(raw_ms, self._raw_ms)
        self._raw_ms = raw_ms
        return self._ticks_ms

    def utc_s(self):
        """As the server said it, and what has passed since; 0 before."""
        return self._booted_utc_s and self._booted_utc_s + self.ticks_ms() // 1000

    def set_utc_s(self, utc_s):
        """Set the clock."""
        self._booted_utc_s = utc_s - self.ticks_ms() // 1000

    def random(self, length):
        """From the ring oscillator."""
        return os.urandom(length)

    def restart(self, why):
        """A reset of the whole chip."""
        print("restart: " + why)
        machine.reset()


def _uart(number, wiring, heard_max=512):
    tx, rx = Pin(wiring["tx"]), Pin(wiring["rx"])
    return machine.UART(number, wiring["baud"], tx=tx, rx=rx, rxbuf=heard_max, txbuf=512)


class Uart:
    """One of the chip's own UARTs as a pipe."""

    def __init__(self, uart):
        self.stream = uart
        self._poll = select.poll()
        self._poll.register(uart, select.POLLIN)

    def write(self, data):
        """All of it, or nothing: at most 512 bytes at once."""
        self.stream.write(data)

    def read(self):
        """What is there; b"" for nothing."""
        length = self.stream.any()
        return self.stream.read(length) if length else b""

    def wait(self, ms):
        """True as soon as there is something to read, False after `ms`."""
        return bool(self._poll.poll(ms))


class Wire(io.IOBase):
    """A UART of state machines (`state` and the next) as a pipe; `stream` is itself. Limits: 1 KiB
    that waits to be said, what does not fit is dropped whole; 512 bytes that wait to be read."""

    def __init__(self, wiring, state):
        self._out = rp2_pio.Out(state, wiring["tx"], wiring["baud"])
        self._in = rp2_pio.In(state + 1, wiring["rx"], wiring["baud"], _RING_BITS)
        self._out.on_said(self._go_on)
        self._queue = b""
        self._poll = select.poll()
        self._poll.register(self, select.POLLIN)
        self.stream = self

    def write(self, data):
        """All of it, or nothing. -> length."""
        if len(self._queue) + len(data) <= _QUEUE_MAX:
            self._queue += data
            self._go_on(None)
        return len(data)

    def read(self, length=-1):
        """What was heard; b"" for nothing."""
        return self._in.read(length if length >= 0 else _ALL)

    def wait(self, ms):
        """True as soon as there is something to read, False after `ms`."""
        return bool(self._poll.poll(ms))

    def ioctl(self, request, flags):
        """For asyncio: there is always room, and something to read when something was heard."""
        ready = select.POLLOUT | (select.POLLIN if self._in.any() else 0)
        return flags & ready if request == _POLL else 0

    def _go_on(self, _dma):
        if self._out.is_busy:
            return
        data, self._queue = self._queue, b""  # at once: the DMA's end may come between two lines
        if data:
            self._out.say(data)


class Line(io.IOBase):
    """The wire to the server as a stream of asyncio; the driver is on only while it speaks."""

    def __init__(self, wiring):
        # for its receiver; the transmitter's pin is taken from it
        self._uart = _uart(1, wiring, _HEARD_MAX)
        self._out = rp2_pio.Out(2, wiring["tx"], wiring["baud"], wiring.get("enable"))
        self._out.on_said(_wake)
        self.any = self._uart.any

    def write(self, data):
        """-> the length if it was taken, None if something is still being said."""
        if self._out.is_busy:
            return None
        self._out.say(data)
        return len(data)

    def read(self, length=-1):
        """What is there; None for nothing."""
        return self._uart.read(min(length, self._uart.any())) or None

    def ioctl(self, request, flags):
        """For asyncio: whether there is something to read, or room again."""
        ready = select.POLLIN if self._uart.any() else 0
        if not self._out.is_busy:
            ready |= select.POLLOUT
        return flags & ready if request == _POLL else 0

    def close(self):
        """Nothing: the wire stays."""


def _wake(_dma):
    """The interrupt has ended a wait."""
