"""A contactless card behind PC/SC: pseudo-APDUs for MIFARE Classic, real ones for CPU cards.

Over any line that carries APDUs: pcscd's, or a model's in tests. A refusal and a card that left
look alike in a status word, so after each the card is asked for anew. Source: PC/SC part 3, 3.1.3
and 3.2.2; ACS, ACR122U API 2.04 (the two cards' check goes to its PN532 directly); ISO 7816-4 for
61xx and 6Cxx.
"""

from __future__ import annotations

from typing import Protocol

from tools.desk.chips import CPU, MIFARE, Chip
from tools.desk.faults import Fault, Gone

OK = 0x9000
_UID = bytes.fromhex("ffca000000")
_STORAGE_RID = bytes.fromhex("a000000306")
_CLASSIC = (b"\x00\x01", b"\x00\x02")  # MIFARE Classic 1K and 4K
_LIST_TWO = bytes.fromhex("ff00000004d44a0200")
_LISTED = b"\xd5\x4b"
_KEYS = {"A": 0x60, "B": 0x61}
_KEY_PLACE = 0
_MORE, _AGAIN = 0x61, 0x6C


class Line(Protocol):
    """What carries APDUs. Gone where the card, or the reader, is not there any more."""

    def connect(self) -> bytes | None:
        """The ATR of the card that lies there, powered anew; None: nobody."""

    def send(self, command: bytes) -> bytes:
        """Answer with its status word."""

    def close(self) -> None:
        """Give the reader back."""


class Contactless:
    """A `Reader`."""

    def __init__(self, line: Line):
        self._line = line
        self._chip: Chip | None = None

    def look(self) -> Chip | None:
        """See Reader."""
        self._chip = None
        if self._find() is None:
            return None
        listed, status = self._ask(_LIST_TWO)
        if status == OK and listed[:2] == _LISTED and listed[2:3] == b"\x02":
            raise Fault("two_cards")
        self._chip = self._find()  # what was listed is selected anew
        return self._chip

    def again(self) -> None:
        """See Reader."""
        if self._chip is None:
            raise Gone
        self._chip.still(self._find())

    def _find(self) -> Chip | None:
        atr = self._line.connect()
        if atr is None:
            return None
        uid, status = self._ask(_UID)
        if status != OK or len(uid) not in (4, 7):
            raise Gone
        at = atr.find(_STORAGE_RID)
        if at < 0:
            return Chip(CPU, uid)
        if atr[at + 6 : at + 8] not in _CLASSIC:
            raise Fault("unknown_kind", atr=atr.hex())
        return Chip(MIFARE, uid)

    def authenticate(self, block: int, key_name: str, key: bytes) -> bool:
        """See Reader."""
        load = bytes((0xFF, 0x82, 0x00, _KEY_PLACE, len(key))) + key
        which = bytes((0x01, 0x00, block, _KEYS[key_name], _KEY_PLACE))
        commands = (load, bytes((0xFF, 0x86, 0x00, 0x00, len(which))) + which)
        if all(self._ask(command)[1] == OK for command in commands):
            return True
        self.again()
        return False

    def read(self, block: int) -> bytes | None:
        """See Reader."""
        data, status = self._ask(bytes((0xFF, 0xB0, 0x00, block, 16)))
        if status == OK and len(data) == 16:
            return data
        self.again()
        return None

    def write(self, block: int, data: bytes) -> bool:
        """See Reader."""
        head = bytes((0xFF, 0xD6, 0x00, block, len(data)))
        if self._ask(head + data)[1] == OK:
            return True
        self.again()
        return False

    def apdu(self, command: bytes) -> tuple[bytes, int]:
        """See Reader."""
        data, status = self._ask(command)
        if status >> 8 == _AGAIN:
            data, status = self._ask(command[:-1] + bytes((status & 0xFF,)))
        while status >> 8 == _MORE:
            more, status = self._ask(b"\x00\xc0\x00\x00" + bytes((status & 0xFF,)))
            data += more
        if status in (0x6300, 0x6F00):  # what readers say when nobody answers them
            self.again()
        return data, status

    def close(self) -> None:
        """See Reader."""
        self._line.close()

    def _ask(self, command: bytes) -> tuple[bytes, int]:
        answer = self._line.send(command)
        if len(answer) < 2:
            raise Gone
        return answer[:-2], int.from_bytes(answer[-2:], "big")
