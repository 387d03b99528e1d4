"""What a meter, the supply's monitor, a case and a door say to an RP2040.

wiring: {name: pin or null}. A meter's edges are stamped by interrupt, `direction` beside it; the
other lines are looked at when they are asked for. All are pulled up: a meter's contact to ground is
a rise when it opens; `power` is high while the supply is well; `case`, `door` and the fire loop are
low while they are shut, so that a wire that is cut is told; the exit button, and the wire of the
lane, pull theirs to ground. Limits: 256 edges of a meter between two reads, what
is more is dropped; interrupts wait while the flash is written (an erase: up to 0.4 s).
"""

import time
from array import array

import machine
from machine import Pin

_MOST = 256
_WRAP = 0x3FFFFFFF
_FLIPS = (("power", 0), ("case", 0), ("door", 0), ("fire", 0), ("exit", 1), ("lane", 1))


class Inputs:
    """`read()` as the contract says of `inputs()`."""

    def __init__(self, wiring):
        self._meter = _pin(wiring.get("meter"))
        self._direction = _pin(wiring.get("direction"))
        self._lines = []
        for name, flip in _FLIPS:
            if wiring.get(name) is not None:
                self._lines.append((name, _pin(wiring[name]), flip))
        self._levels = {"power": 1}  # as the terminal believes when it starts; others 0
        self._stamps = array("I", [0] * _MOST)
        self._edges = bytearray(_MOST)
        self._count = 0
        if self._meter:
            self._changed(self._meter)  # the level that the line has
            self._meter.irq(self._changed, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)

    def read(self):
        """([(name, value, microseconds)], microseconds now)."""
        found = []
        if self._count:
            state = machine.disable_irq()
            for n in range(self._count):
                found.append(("meter", self._edges[n], self._stamps[n]))
            self._count = 0
            machine.enable_irq(state)
        now_us = time.ticks_us() & _WRAP
        for name, pin, flip in self._lines:
            value = pin() ^ flip
            if value != self._levels.get(name, 0):
                self._levels[name] = value
                found.append((name, value, now_us))
        return found, now_us

    def _changed(self, pin):
        """An interrupt: nothing may be allocated."""
        count = self._count
        if count < _MOST:
            self._stamps[count] = time.ticks_us()
            self._edges[count] = pin() | (self._direction() << 1 if self._direction else 0)
            self._count = count + 1


def _pin(number):
    return None if number is None else Pin(number, Pin.IN, Pin.PULL_UP)
