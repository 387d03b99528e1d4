"""A mend of the emulated UART: bytes take their time, and interrupts come when the data sheet says.

The emulator hands a byte over in the instant it is written, says for ever that the transmitter is
empty, which interrupts a board without end, and knows no time-out of the receiver. Here a byte is
on the wire for its ten bits; the transmitter interrupts when its FIFO falls to its mark; the
receiver interrupts at its mark, or when bytes have waited for 32 bits; its FIFO can overflow.
Source: RP2040 data sheet, 4.2 (PL011): FIFOs of 32 bytes, marks by UARTIFLS.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

FIFO = 32
BITS_A_BYTE = 10
TIMEOUT_BITS = 32
_DR, _FR, _IFLS, _ICR = 0x00, 0x18, 0x34, 0x44
_TXFE, _RXFF, _TXFF, _RXFE, _BUSY = 0x80, 0x40, 0x20, 0x10, 0x08
_RX, _TX, _RT = 0x10, 0x20, 0x40
_MARKS = (4, 8, 16, 24, 28)


class Uart:
    """Takes the place of an emulated one. on_byte(value): a byte of the board is over the wire.

    lost: bytes for which the board's FIFO had no room.
    """

    def __init__(self, chip, number: int, on_byte: Callable[[int], None] = lambda value: None):
        self._uart = chip.uart[number]
        self._chip = chip
        self.on_byte = on_byte
        self.lost = 0
        self._marks = 0x12  # both at a half, as after a reset
        self._out: deque[int] = deque()
        self._in: deque[int] = deque()  # on their way to the board
        self._is_busy = False
        self._is_coming = False
        clock = chip.clock
        self._shift = clock.create_alarm(self._shifted)
        self._come = clock.create_alarm(self._came)
        self._waited = clock.create_alarm(self._timed_out)
        self._read, self._write = self._uart.read_uint32, self._uart.write_uint32
        self._reset = self._uart.reset
        self._uart.check_interrupts = self._interrupt
        self._uart.read_uint32 = self._on_read
        self._uart.write_uint32 = self._on_write
        self._uart.reset = self._on_reset
        self._uart._interrupt_status &= ~_TX

    def send(self, data: bytes) -> None:
        """To the board, one byte after the other, as fast as the line goes."""
        self._in.extend(data)
        if self._in and not self._is_coming:
            self._is_coming = True
            self._come.schedule(self._bits_ns(BITS_A_BYTE))

    def _bits_ns(self, bits: int) -> int:
        if not self._uart.baud_divider:  # a board that has not set its UART up
            return bits * 8681
        return round(bits * 1e9 / self._uart.baud_rate)

    def _interrupt(self) -> None:
        status, mask = self._uart._interrupt_status, self._uart._interrupt_mask
        self._chip.set_interrupt(self._uart.irq, bool(status & mask))

    # what the board does

    def _on_write(self, offset: int, value: int) -> None:
        if offset == _DR:
            if len(self._out) < FIFO:
                self._out.append(value & 0xFF)
            if len(self._out) > _MARKS[min(self._marks & 7, 4)]:
                self._uart._interrupt_status &= ~_TX
                self._interrupt()
            if not self._is_busy:
                self._is_busy = True
                self._shift.schedule(self._bits_ns(BITS_A_BYTE))
        elif offset == _IFLS:
            self._marks = value
        else:
            self._write(offset, value)

    def _on_read(self, offset: int) -> int:
        if offset == _IFLS:
            return self._marks
        if offset == _FR:
            fifo = self._uart.rx_fifo
            flags = (_RXFE if fifo.empty else 0) | (_RXFF if fifo.full else 0)
            flags |= (_TXFF if len(self._out) >= FIFO else 0) | (0 if self._out else _TXFE)
            return flags | (_BUSY if self._is_busy else 0)
        if offset != _DR:
            return self._read(offset)
        value = self._uart.rx_fifo.pull() if not self._uart.rx_fifo.empty else 0
        if self._uart.rx_fifo.item_count < self._rx_mark():
            self._uart._interrupt_status &= ~_RX
        if self._uart.rx_fifo.empty:
            self._uart._interrupt_status &= ~_RT
            self._waited.cancel()
        self._interrupt()
        return value

    def _on_reset(self) -> None:
        self._reset()
        self._marks = 0x12
        self._out.clear()

    # what the wire does

    def _shifted(self) -> None:
        """The byte that was first in the FIFO is over."""
        self._is_busy = False
        if not self._out:
            return
        value = self._out.popleft()
        if len(self._out) == _MARKS[min(self._marks & 7, 4)]:
            self._uart._interrupt_status |= _TX
            self._interrupt()
        if self._out:
            self._is_busy = True
            self._shift.schedule(self._bits_ns(BITS_A_BYTE))
        self.on_byte(value)

    def _rx_mark(self) -> int:
        return _MARKS[min(self._marks >> 3 & 7, 4)]

    def _came(self) -> None:
        """A byte has arrived at the board."""
        value = self._in.popleft()
        self._is_coming = bool(self._in)
        if self._in:
            self._come.schedule(self._bits_ns(BITS_A_BYTE))
        if not self._uart.enabled:
            return
        if self._uart.rx_fifo.full:
            self.lost += 1
            return
        self._uart.rx_fifo.push(value)
        if self._uart.rx_fifo.item_count >= self._rx_mark():
            self._uart._interrupt_status |= _RX
            self._interrupt()
        self._waited.schedule(self._bits_ns(TIMEOUT_BITS))

    def _timed_out(self) -> None:
        if not self._uart.rx_fifo.empty:
            self._uart._interrupt_status |= _RT
            self._interrupt()
