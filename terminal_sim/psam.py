"""A PSAM: the chip that holds the purchase master, and its T=0 line.

`apdu` is the chip (docs/psam.md); `Line` says what it says on the wire, byte by byte, with the
freedoms that ISO 7816-3 leaves it. Limits: one key, EP purchases only.
"""

from card_layout import purse_cpu
from card_layout.des import Des

OK, WRONG_LENGTH, OUT_OF_TURN, LOCKED = 0x9000, 0x6700, 0x6985, 0x6983
NO_FILE, NO_COMMAND, NO_CLASS = 0x6A82, 0x6D00, 0x6E00
TRIES = 3
ATR = bytes.fromhex("3b6d000000010203040506070809" + "0a0b0c")
ATR_FAST = bytes.fromhex("3b1413") + b"PSAM"  # TA1 13: faster, if PPS asks for it


class Psam:
    """master: 16 bytes (GMPK). number: its 6 bytes."""

    def __init__(self, master, number=b"\x00\x0c\x00\x00\x00\x00"):
        self.number = number
        self.tries = TRIES
        self.transactions = 0
        self._master = Des(master)
        self._expected = None  # MAC2 of the purchase in flight

    def reset(self):
        """Power was gone."""
        self._expected = None

    def apdu(self, command):
        """-> data and status word of a short APDU."""
        data, word = self._act(bytes(command))
        return data + word.to_bytes(2, "big")

    def _act(self, command):
        if command[0] not in (0x00, 0x80):
            return b"", NO_CLASS
        if not self.tries:
            return b"", LOCKED
        body = command[5 : 5 + command[4]] if len(command) > 5 else b""
        if command[:2] == b"\x00\xb0":
            return (self.number, OK) if command[2] == 0x96 else (b"", NO_FILE)
        if command[:2] == b"\x80\x70":
            return self._init(body)
        if command[:2] == b"\x80\x72":
            return self._verify(body)
        return b"", NO_COMMAND

    def _init(self, body):
        self._expected = None
        if len(body) != 28:
            return b"", WRONG_LENGTH
        random, counter, amount, rest = body[:4], body[4:6], body[6:10], body[10:18]
        key = purse_cpu.diversified(self._master.encrypt, body[20:])
        self.transactions += 1
        serial = self.transactions.to_bytes(4, "big")
        session = Des(key).encrypt(random + counter + serial[2:])
        self._expected = purse_cpu.mac(session, amount)
        mac1 = purse_cpu.mac(session, amount + rest[:1] + self.number + rest[1:])
        return serial + mac1, OK

    def _verify(self, body):
        expected, self._expected = self._expected, None
        if len(body) != 4:
            return b"", WRONG_LENGTH
        if expected is None:
            return b"", OUT_OF_TURN
        if body != expected:
            self.tries -= 1
            return b"", purse_cpu.BAD_MAC
        self.tries = TRIES
        return b"", OK


class Line:
    """chip: has `apdu` and `reset`. waits: NULL bytes before each procedure byte; single: data go
    byte by byte."""

    def __init__(self, chip, atr=ATR, waits=0, single=False):
        self._chip = chip
        self._atr = atr
        self._waits = b"\x60" * waits
        self._single = single
        self.reset()

    def reset(self):
        """-> the ATR."""
        self._chip.reset()
        self._heard = b""
        self._kept = b""  # for GET RESPONSE
        self._is_first = True
        return self._atr

    def feed(self, data):
        """-> what the chip says to these bytes."""
        out = b""
        for at in range(len(data)):
            self._heard += data[at : at + 1]
            out += self._say()
        return out

    def _say(self):
        heard = self._heard
        if self._is_first and heard[:1] == b"\xff":
            if len(heard) < 4:
                return b""
            self._heard, self._is_first = b"", False
            return heard
        if len(heard) < 5:
            return b""
        self._is_first = False
        ins, length = heard[1], heard[4]
        wants = {0x70: length, 0x72: length}.get(ins, 0)
        if len(heard) < 5 + wants:
            if len(heard) == 5:
                return self._waits + bytes((ins ^ 0xFF if self._single else ins,))
            return bytes((ins ^ 0xFF,)) if self._single else b""
        self._heard = b""
        if ins == 0xC0:
            kept, self._kept = self._kept, b""
            return self._give(ins, kept[:length], b"\x90\x00")
        answer = self._chip.apdu(heard + b"\0" if wants else heard)
        data, word = answer[:-2], answer[-2:]
        if not data:
            return self._waits + word
        if wants:
            self._kept = data
            return self._waits + bytes((0x61, len(data)))
        if length != len(data):
            return self._waits + bytes((0x6C, len(data)))
        return self._give(ins, data, word)

    def _give(self, ins, data, word):
        if not self._single:
            return self._waits + bytes((ins,)) + data + word
        out = b""
        for at in range(len(data)):
            out += bytes((ins ^ 0xFF,)) + data[at : at + 1]
        return out + word
