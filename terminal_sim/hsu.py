"""The PN532's high speed UART: a stream of any bytes in, the chip's frames out.

1. A frame is answered by ACK, then by its response or by the error frame. A new command or an
   ACK from the host ends one that still waits for a card; NACK asks for the last response again.
2. A frame whose sums do not hold is not answered at all: the host hears no ACK and repeats.
3. After such a frame the search begins anew one byte after its start code, so whole frames behind
   a damaged head are found. A head may announce bytes that never come: `gap` forgets it.
4. Memory is bounded by the longest frame, whatever is sent.

Sans-I/O; the pty is port.py. Source: PN532 UM0701-02 section 6.2.1 (frames), 6.2.2 (dialogue),
7.2.11 (waking up by the HSU).
"""

from terminal_sim.card_timing import uart_us
from terminal_sim.pn532_tables import SyntaxFault

ACK = b"\x00\x00\xff\x00\xff\x00"
ERROR = b"\x00\x00\xff\x01\xff\x7f\x81\x00"
START = b"\x00\xff"
HOST_TO_CHIP = 0xD4
CHIP_TO_HOST = 0xD5
BODY_MAX = 265  # direction byte and 264 more
_WAKING_EDGES = 5

# Rising edges on the line for each byte: idle 1, start bit 0, bits from the lowest, stop bit 1.
_EDGES = bytes((~(byte << 1) & (byte | 0x100) & 0x1FF).bit_count() for byte in range(256))


def frame(body):
    """-> the frame of 1 to 265 bytes: a normal one, or an extended one above 255."""
    length = len(body)
    if length < 256:
        head = bytes((0x00, 0x00, 0xFF, length, -length & 0xFF))
    else:
        high, low = length >> 8, length & 0xFF
        head = bytes((0x00, 0x00, 0xFF, 0xFF, 0xFF, high, low, -(high + low) & 0xFF))
    return head + body + bytes((-sum(body) & 0xFF, 0x00))


class Hsu:
    """One line to one chip. counts: what came in that was not a good command."""

    def __init__(self, chip):
        self.chip = chip
        self.counts = {"bad": 0, "abort": 0, "repeat": 0}
        self._buffer = bytearray()
        self._last = b""  # the last response, for NACK
        self._waiting = None  # (command, data) of one that waits for a card
        self._edges = 0  # heard while asleep

    def feed(self, data):
        """Bytes from the host -> list of (microseconds to wait before it, bytes to send)."""
        if self.chip.asleep:
            data = self._wake(data)
        buffer = self._buffer
        buffer += data
        sends = []
        at = 0  # searched so far
        while True:  # ends: each round finds a start code further on, or stops
            start = buffer.find(START, at)
            if start < 0:
                at = max(at, len(buffer) - 1)  # the first half of a start code may be there
                break
            end = self._one(buffer, start + 2, sends)
            if end == 0:
                at = start
                break
            at = end
            if self.chip.asleep:  # by this very command: the rest only wakes it
                buffer[:] = self._wake(bytes(buffer[at:]))
                at = 0
        del buffer[:at]
        return sends

    def gap(self):
        """The line was quiet: half a frame will not be completed any more."""
        self._buffer.clear()

    @property
    def is_partial(self):
        """-> True while half a frame, or noise that could begin one, is kept."""
        return bool(self._buffer)

    def look_again(self):
        """A card came: execute what waits -> list as `feed`."""
        if self._waiting is None:
            return []
        sends = []
        self._execute(*self._waiting, sends)
        return sends

    def _one(self, buffer, at, sends):
        """Handle what follows a start code at `at` -> where to search on, 0 for more bytes."""
        if len(buffer) < at + 2:
            return 0
        first, second = buffer[at], buffer[at + 1]
        if first == 0x00 and second == 0xFF:
            self.counts["abort"] += 1
            self._waiting = None
            return at + 2
        if first == 0xFF and second == 0x00:
            self.counts["repeat"] += 1
            if self._last:
                sends.append((0, self._last))
            return at + 2
        body = at + 2
        length, check = first, first + second
        if first == 0xFF and second == 0xFF:
            body = at + 5
            if len(buffer) < body:
                return 0
            length = buffer[at + 2] << 8 | buffer[at + 3]
            check = buffer[at + 2] + buffer[at + 3] + buffer[at + 4]
        if check & 0xFF or not 1 <= length <= BODY_MAX:
            self.counts["bad"] += 1
            return at
        end = body + length
        if len(buffer) <= end:
            return 0
        if sum(buffer[body : end + 1]) & 0xFF:
            self.counts["bad"] += 1
            return at
        self._command(bytes(buffer[body:end]), sends)
        return end + 1

    def _command(self, body, sends):
        self._waiting = None
        sends.append((uart_us(len(body) + 9, self.chip.baud), ACK))
        if body[0] != HOST_TO_CHIP or len(body) < 2:
            sends.append((0, ERROR))
            return
        self._execute(body[1], body[2:], sends)

    def _execute(self, command, data, sends):
        meter = self.chip.meter
        meter.spent_us = 0
        try:
            answer = self.chip.execute(command, data)
        except SyntaxFault:
            sends.append((0, ERROR))
            return
        if answer is None:
            self._waiting = (command, data)
            return
        self._waiting = None
        self._last = frame(bytes((CHIP_TO_HOST, command + 1)) + answer)
        sends.append((meter.spent_us + uart_us(len(self._last), self.chip.baud), self._last))

    def _wake(self, data):
        """-> the bytes that came after the fifth rising edge; those before it are lost."""
        if not self.chip.wakes_by_hsu:
            return b""
        for at, byte in enumerate(data, 1):
            self._edges += _EDGES[byte]
            if self._edges >= _WAKING_EDGES:
                self._edges = 0
                self.chip.asleep = False
                return data[at:]
        return b""
