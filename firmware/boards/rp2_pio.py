"""UARTs for the RP2040 out of its state machines: 8 bits, no parity, one stop bit.

`Out` says, and holds the driver of a half-duplex line on exactly as long; `In` hears. What is said
is fed by DMA and what is heard is kept by DMA, so nobody waits and nothing is lost while the
processor is busy. Limit: what is not read in time is overwritten, a whole ring of it at once.
"""

import rp2
import uctypes
from machine import Pin

CYCLES_A_BIT = 8
_FOR_EVER = 0x3FFFFFFF  # bytes
_RECEIVED = 0x50200020  # FIFO of state machine 0; the next block is 1 MiB on
_TOP_BYTE = 3


# fmt: off
@rp2.asm_pio(sideset_init=rp2.PIO.OUT_HIGH, out_init=rp2.PIO.OUT_HIGH, set_init=rp2.PIO.OUT_LOW,
             out_shiftdir=rp2.PIO.SHIFT_RIGHT, fifo_join=rp2.PIO.JOIN_TX)
def _say():
    pull()         .side(1)      # idle
    set(pins, 1)                 # the driver on
    label("byte")
    set(x, 7)      .side(0) [7]  # start bit
    label("bit")
    out(pins, 1)            [6]
    jmp(x_dec, "bit")
    set(x, 31)     .side(1)      # stop bit; a byte comes four times in its word, so none is 31
    pull(noblock)           [3]  # nothing there: x
    mov(y, osr)
    jmp(x_not_y, "byte")    [1]
    set(pins, 0)                 # the driver off


@rp2.asm_pio(in_shiftdir=rp2.PIO.SHIFT_RIGHT, fifo_join=rp2.PIO.JOIN_RX)
def _hear():
    label("start")
    wait(0, pin, 0)
    set(x, 7)              [10]  # the middle of the first bit
    label("bit")
    in_(pins, 1)
    jmp(x_dec, "bit")       [6]
    jmp(pin, "whole")
    wait(1, pin, 0)              # no stop bit: noise, or a line that is held down
    jmp("start")
    label("whole")
    push(noblock)
    irq(rel(0))
# fmt: on


class Out:
    """The saying half, on state machine `state` (0 to 7); enable: pin of a driver, or None."""

    def __init__(self, state, tx, baud, enable=None):
        out = Pin(tx, Pin.OUT, value=1)
        driver = {} if enable is None else {"set_base": Pin(enable, Pin.OUT, value=0)}
        self._machine = rp2.StateMachine(
            state, _say, freq=CYCLES_A_BIT * baud, sideset_base=out, out_base=out, **driver
        )
        self._dma = rp2.DMA()
        # bytes, one each time the state machine has room: request lines 0 to 3, 8 to 11
        line = state // 4 * 8 + state % 4
        self._control = self._dma.pack_ctrl(size=0, inc_write=False, treq_sel=line, irq_quiet=False)
        self._saying = b""  # what the DMA reads must stay where it is
        self._machine.active(1)

    @property
    def is_busy(self):
        """True while the last of it is not yet on its way."""
        return self._dma.active()

    def say(self, data):
        """Begin to say `data`, whatever its length; not while it is busy. From the heap: `data` may
        lie in flash, which cannot be read while a record is written there."""
        self._saying = bytearray(data)
        self._dma.config(
            read=self._saying,
            write=self._machine,
            count=len(data),
            ctrl=self._control,
            trigger=True,
        )

    def on_said(self, handler):
        """Call handler(_) when the last of it is on its way."""
        self._dma.irq(handler)


class In:
    """The hearing half, on state machine `state` (0 to 7), into a ring of 2 ** bits bytes."""

    def __init__(self, state, rx, baud, bits):
        pin = Pin(rx, Pin.IN, Pin.PULL_UP)
        size = 1 << bits
        self._room = bytearray(2 * size)  # somewhere in it a ring begins where DMA wants it
        at = uctypes.addressof(self._room)
        self._base = (at + size - 1) & ~(size - 1)
        self._ring = memoryview(self._room)[self._base - at :][:size]
        self._done = 0  # place in the ring up to which it was read
        self._dma = rp2.DMA()
        self._dma.config(
            read=_RECEIVED + (state // 4 << 20) + 4 * (state % 4) + _TOP_BYTE,
            write=self._base,
            count=_FOR_EVER,
            ctrl=self._dma.pack_ctrl(
                size=0, inc_read=False, ring_sel=True, ring_size=bits,
                treq_sel=state // 4 * 8 + state % 4 + 4,
            ),
            trigger=True,
        )  # fmt: skip
        self._machine = rp2.StateMachine(
            state, _hear, freq=CYCLES_A_BIT * baud, in_base=pin, jmp_pin=pin
        )
        self._machine.irq(_wake)
        self._machine.active(1)

    def any(self):
        """How many bytes are there."""
        return (self._dma.write - self._base - self._done) % len(self._ring)

    def read(self, length):
        """At most `length` of what is there; b"" for nothing."""
        end = self._done + min(length, self.any())
        size = len(self._ring)
        data = bytes(self._ring[self._done : min(end, size)])
        if end > size:
            data += bytes(self._ring[: end - size])
        self._done = end % size
        return data


def _wake(_machine):
    """The interrupt has ended a wait; whoever waits looks for the byte."""
