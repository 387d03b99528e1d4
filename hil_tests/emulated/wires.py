"""What hangs on the board's wires: the reader, the panel, the server.

Each takes the bytes that the board has sent over its wire and answers over it in the board's time.
The models are the simulator's own: PN532, cards, panel. Limit: the reader chip itself takes no
time, as long as its card takes none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hil_tests.emulated.board import Board
from hil_tests.emulated.uart import Uart
from terminal_sim.card_timing import uart_us
from terminal_sim.field import Field
from terminal_sim.hsu import ACK, Hsu
from terminal_sim.panel import Face
from terminal_sim.pn532 import Pn532
from terminal_sim.scanner import ScannerModule

BAUD = 115200
BIT_NS = 1e9 / BAUD
KEY_NS = 50_000_000
TURN_NS = 3_000_000  # what a half-duplex line is left alone before it is answered


class ReaderWire:
    """A PN532 on UART 0. field: where cards are held. log: (nanoseconds, bytes) both ways."""

    def __init__(self, board: Board, field: Field):
        self._board = board
        self.chip = Pn532(field)
        self._hsu = Hsu(self.chip)
        self._uart = board.uarts[0]
        self._uart.on_byte = self._on_byte
        field.watchers.append(self._on_card)

    def _on_byte(self, value: int) -> None:
        self._say(self._hsu.feed(bytes((value,))))

    def _on_card(self) -> None:
        self._say(self._hsu.look_again())

    def _say(self, sends: list) -> None:
        """The model's waits hold the times on the UART too, which the wire here takes itself."""
        delay_us = 0
        for wait_us, data in sends:
            if data != ACK:
                delay_us += max(0, wait_us - uart_us(len(data), self.chip.baud))
            if delay_us:
                self._board.at(delay_us * 1000, partial(self._uart.send, data))
            else:
                self._uart.send(data)


class Ear:
    """Listens to a pin as a UART would. on_byte(value); noise: bytes without a stop bit."""

    def __init__(self, board: Board, pin: int, on_byte: Callable[[int], object]):
        self.noise = 0
        self._beat = board.beat
        self._pin = board.chip.gpio[pin]
        self._on_byte = on_byte
        self._byte = 0
        self._left = 0  # bits of the byte under way
        self._sample = board.chip.clock.create_alarm(self._look)
        self._pin.add_listener(self._on_edge)

    def _on_edge(self, _new: object, _old: object) -> None:
        self._beat.keep()
        if not self._left and self._pin.output_enable and not self._pin.output_value:
            self._left, self._byte = 9, 0
            self._sample.schedule(1.5 * BIT_NS)

    def _look(self) -> None:
        """In the middle of a bit."""
        self._left -= 1
        if self._left:
            self._byte = self._byte >> 1 | (0x80 if self._pin.output_value else 0)
            self._sample.schedule(BIT_NS)
        elif self._pin.output_value:
            self._on_byte(self._byte)
        else:
            self.noise += 1


class Mouth:
    """Speaks into a pin as a UART would. To be called at instants of the board's time, or else the
    state machine that hears it is not in step yet."""

    def __init__(self, board: Board, pin: int):
        self._beat = board.beat
        self._in = board.chip.gpio[pin]
        self._bits: list[bool] = []
        self._shift = board.chip.clock.create_alarm(self._next_bit)
        self._in.set_input_value(True)

    def say(self, data: bytes) -> None:
        """Bytes, one after the other; not while others are under way."""
        for byte in data:
            self._bits += [False, *(bool(byte >> bit & 1) for bit in range(8)), True]
        self._next_bit()

    def _next_bit(self) -> None:
        if self._bits:
            self._beat.keep()
            self._in.set_input_value(self._bits.pop(0))
            self._shift.schedule(BIT_NS)


class ScannerWire:
    """A scanner module on two pins. module: its settings; told_ns: when the last bit of a code had
    been said."""

    def __init__(self, board: Board, tx: int = 10, rx: int = 11):
        self.module = ScannerModule()
        self.ear = Ear(board, tx, self._hear)
        self.told_ns = 0
        self._board = board
        self.mouth = Mouth(board, rx)

    def show(self, text: str) -> None:
        """Hold a phone with this code to the glass."""
        self._board.at(1, partial(self._tell, text))

    def _tell(self, text: str) -> None:
        said = self.module.show(text, self._now_ms())
        self.told_ns = self._board.now_ns + round(len(said) * 10 * BIT_NS)
        self.mouth.say(said)

    def _hear(self, byte: int) -> None:
        said = self.module.feed(bytes((byte,)), self._now_ms())
        if said:
            self.mouth.say(said)

    def _now_ms(self) -> int:
        return self._board.now_ns // 1_000_000


class PanelWire:
    """A keypad and display on two pins. face: what it shows; ear: what hears the board."""

    def __init__(self, board: Board, tx: int = 8, rx: int = 9):
        self.face = Face()
        self.beeps: list[tuple[int, str]] = []  # (nanoseconds, word)
        self.ear = Ear(board, tx, self._hear)
        self._board = board
        self.mouth = Mouth(board, rx)

    def press(self, keys: str) -> None:
        """Press keys, one after the other, as fast as fingers can."""
        for number, key in enumerate(keys.encode()):
            self._board.at(1 + number * KEY_NS, partial(self.mouth.say, bytes((key,))))

    def _hear(self, byte: int) -> None:
        word = self.face.hear(bytes((byte,)))
        if word:
            self.beeps.append((self._board.now_ns, word))
        if byte == ord("\n"):
            self._board.notice()


class LinkWire:
    """The line to the server, half duplex: the board speaks on pin `tx` with its driver on pin
    `enable`, and hears on UART 1.

    on_bytes(data): what the board said. mute: bytes that ended while its driver was off. clashes:
    bytes sent by us while it was on.
    """

    def __init__(self, board: Board, on_bytes: Callable[[bytes], object],
                 tx: int = 4, enable: int = 6):  # fmt: skip
        self.ear = Ear(board, tx, self._on_byte)
        self.mute = 0
        self.clashes = 0
        self._board = board
        self._uart: Uart = board.uarts[1]
        self._on_bytes = on_bytes
        self._driver = board.chip.gpio[enable]

    def send(self, data: bytes) -> None:
        """To the board, after the turn of the line."""
        self._board.at(TURN_NS, partial(self._begin, data))

    def _begin(self, data: bytes) -> None:
        self.clashes += len(data) if self._driver.output_value else 0
        self._uart.send(data)

    def _on_byte(self, value: int) -> None:
        if not self._driver.output_value:
            self.mute += 1
            return
        self._on_bytes(bytes((value,)))
        if not value:  # a frame has ended
            self._board.notice()
