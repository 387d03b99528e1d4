"""The PN532 on its high-speed UART: what to write to it, what its answers mean.

It never waits and owns no port: `begin` gives the bytes of a command, `feed` takes what arrived
and gives the answer's data once it is whole. One command at a time, as the chip has it. A chip
that answers wrongly, or with its error frame, is a `ReaderFault`; silence is for who waits.
Source: NXP PN532 user manual UM0701-02, sections 6.2.1 (frames), 7.1 (errors), 7.2 and 7.3.
"""

from firmware.credential import air

GET_FIRMWARE_VERSION = 0x02
SAM_CONFIGURATION = 0x14
RF_CONFIGURATION = 0x32
IN_DATA_EXCHANGE = 0x40
IN_LIST_PASSIVE_TARGET = 0x4A
IN_RELEASE = 0x52

ACK = b"\x00\x00\xff\x00\xff\x00"  # from the host: give up what you are doing
WAKE_UP = b"\x55\x55" + bytes(14)

# What a chip is told after power-on: (command, data). Its RF retries stay at FF: a list of
# targets is answered when a card comes, and until then the line is silent.
SET_UP = ((SAM_CONFIGURATION, b"\x01\x14\x00"), (GET_FIRMWARE_VERSION, b""))
FIELD_OFF = (RF_CONFIGURATION, b"\x01\x00")
FIELD_ON = (RF_CONFIGURATION, b"\x01\x01")
FIND_CARDS = (IN_LIST_PASSIVE_TARGET, b"\x02\x00")  # two at most, ISO 14443-3 type A, 106 kbit/s
LET_GO = (IN_RELEASE, b"\x00")

_START = b"\x00\xff"
_ERROR = 0x7F
_GONE = (0x01, 0x02, 0x03, 0x04, 0x05, 0x0B, 0x27, 0x29)  # time-out, CRC, ..., the card is away


class ReaderFault(Exception):
    """The reader's answer cannot be one; it is set up anew."""


def exchange(frame):
    """(command, data) that sends a MIFARE command to the card that was found."""
    return IN_DATA_EXCHANGE, b"\x01" + frame


def found(data):
    """What FIND_CARDS came to: None, ("one", uid, sak) or ("many", count)."""
    if not data or data[0] == 0:
        return None
    if data[0] > 1:
        return "many", data[0]
    if len(data) < 6 or len(data) < 6 + data[5]:
        raise ReaderFault("a target without its UID")
    return "one", bytes(data[6 : 6 + data[5]]), data[4]


def answer(data):
    """What `exchange` came to: (air.OK, data), (air.DENIED, b"") or (air.GONE, b"")."""
    if not data:
        raise ReaderFault("an exchange without a status")
    status = data[0] & 0x3F
    if status == 0:
        return air.OK, bytes(data[1:])
    return (air.GONE if status in _GONE else air.DENIED), b""


class Pn532:
    """The line to one chip: which command is under way, and what of its answer has come."""

    def __init__(self):
        self._code = None
        self._ended = None  # the command that this one put an end to: it may have been answered
        self._acked = False
        self._heard = b""

    def begin(self, code, data):
        """Bytes to write for a command; what was under way is ended."""
        self._ended = self._code if self._code != code else None
        self._code = code
        self._acked = False
        self._heard = b""
        length = len(data) + 2
        body = bytes((0xD4, code)) + data
        head = bytes((0, 0, 0xFF, length, -length & 0xFF))
        return head + body + bytes((-sum(body) & 0xFF, 0))

    def feed(self, data):
        """The answer's data when it is whole, else None. ReaderFault on anything impossible."""
        self._heard += data
        while self._code is not None:
            at = self._heard.find(_START)
            self._heard = self._heard[at if at >= 0 else -1 :]  # noise before a frame is not kept
            if at < 0 or len(self._heard) < 4:
                return None
            length, check = self._heard[2], self._heard[3]
            if (length, check) == (0, 0xFF):
                self._acked = True
                self._heard = self._heard[4:]
                continue
            if (length + check) & 0xFF:
                raise ReaderFault("a frame with a wrong length")
            end = 4 + length
            if len(self._heard) < end + 1:
                return None
            body = self._heard[4:end]
            if (sum(body) + self._heard[end]) & 0xFF:
                raise ReaderFault("a frame with a wrong checksum")
            if self._acked and not self._is_of_ended(body):
                return self._whole(body)
            self._acked = False  # by the one before, as it seems
            self._heard = self._heard[end + 1 :]
        return None

    def _is_of_ended(self, body):
        return self._ended is not None and body[:2] == bytes((0xD5, self._ended + 1))

    def _whole(self, body):
        code, self._code = self._code, None
        self._heard = b""
        if body[:1] == bytes((_ERROR,)):
            raise ReaderFault(f"the reader does not take command {code:02x}")
        if body[:2] != bytes((0xD5, code + 1)):
            raise ReaderFault("an answer to another command")
        return body[2:]
