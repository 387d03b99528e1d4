"""What an ACR122U makes of a PN532: PC/SC's pseudo-APDUs for cards that know none.

A host sends whole APDUs. Those of class FF are for the reader: UID, load key, authenticate, read,
update, and the chip's own commands passed through; all others go to an ISO-DEP card. After a
refusal of the card the reader selects it again, as this one does. Sans-I/O; the socket is vpcd.py.
Limits: the two volatile key places, no value blocks, no LED. Source: ACS, ACR122U API 2.04; PC/SC
part 3, 3.1.3 (ATR) and 3.2.2.1 (commands).
"""

from terminal_sim.hsu import CHIP_TO_HOST, HOST_TO_CHIP
from terminal_sim.pn532 import Pn532
from terminal_sim.pn532_tables import SAK_ISO_DEP, SyntaxFault

OK, FAILED, NO_SUCH_COMMAND = b"\x90\x00", b"\x63\x00", b"\x6d\x00"
NO_CARD_COMMAND, WRONG_LENGTH, NO_FUNCTION = b"\x6e\x00", b"\x67\x00", b"\x6a\x81"
_LIST_ONE = b"\x01\x00"
_KEYS = (0x60, 0x61)
_BLOCK = 16
# PC/SC part 3, 3.1.3.2.3: RID, standard ISO 14443-3 A, the card's name, no more
_STORAGE = bytes.fromhex("80 01 80 4f 0c a0 00 00 03 06 03 00 01 00 00 00 00")
_INITIAL = 0x3B
_NO_ANSWER_LIMIT = bytes((0x05, 0xFF, 0x01, 0x00))  # RFConfiguration: look for a card once


class Acr122u:
    """field: where cards are held. chip: its PN532."""

    def __init__(self, field):
        self.chip = Pn532(field)
        self._keys = {}
        self._card = None
        self._ats = b""

    def power(self, on):
        """The host switches the card on, anew if it was."""
        self._card = None
        self.chip.field.switch(False)
        if on:
            self.chip.execute(0x32, _NO_ANSWER_LIMIT)
            self._select()

    def atr(self):
        """-> the ATR that stands for the card, b"" when there is none."""
        if not self._is_there():
            self.power(True)
        if not self._is_there():
            return b""
        if self._card.sak & SAK_ISO_DEP:
            body = bytes((0x81, 0x80, 0x01, 0x80))  # the ATS has no historical bytes
        else:
            body = bytes((0x8F,)) + _STORAGE
        check = 0
        for octet in body:
            check ^= octet
        return bytes((_INITIAL,)) + body + bytes((check,))

    def apdu(self, command):
        """-> data and status word; any bytes may come."""
        if len(command) < 4:
            return WRONG_LENGTH
        if command[0] != 0xFF:
            return self._to_card(command)
        handler = _COMMANDS.get(command[1])
        if handler is None:
            return NO_SUCH_COMMAND
        length = command[4] if len(command) > 4 else 0
        return handler(self, command[2:4], length, bytes(command[5 : 5 + length]))

    def _select(self):
        found = self.chip.execute(0x4A, _LIST_ONE)
        targets = self.chip.initiator.targets
        self._card = targets[0] if found and found[0] else None
        self._ats = bytes(found[6 + len(self._card.uid) :]) if self._card else b""

    def _is_there(self):
        return (
            self._card is not None and not self._card.gone and self._card in self.chip.field.cards
        )

    def _to_card(self, command):
        if not self._is_there():
            return FAILED
        if not self._card.sak & SAK_ISO_DEP:
            return NO_CARD_COMMAND
        answer = self.chip.execute(0x40, b"\x01" + command)
        return answer[1:] if answer[0] == 0 else FAILED

    def _exchange(self, data):
        """-> what a storage card answers, None if it refuses or is gone."""
        if not self._is_there():
            return None
        answer = self.chip.execute(0x40, b"\x01" + data)
        if answer[0] == 0:
            return answer[1:]
        self._select()
        return None

    def _get_data(self, place, length, _data):
        if not self._is_there():
            return FAILED
        told = self._card.uid if place[0] == 0 else self._ats
        if not told:
            return NO_FUNCTION
        return bytes((0x6C, len(told))) if 0 < length < len(told) else told + OK

    def _load_key(self, place, _length, data):
        if len(data) != 6 or place[1] > 1:
            return FAILED
        self._keys[place[1]] = data
        return OK

    def _authenticate(self, _place, _length, data):
        if len(data) != 5 or data[0] != 1 or data[3] not in _KEYS or data[4] not in self._keys:
            return FAILED
        if not self._is_there():
            return FAILED
        key, uid = self._keys[data[4]], self._card.uid[-4:]
        told = self._exchange(bytes((data[3], data[2])) + key + uid)
        return FAILED if told is None else OK

    def _read(self, place, length, _data):
        told = self._exchange(bytes((0x30, place[1])))
        return FAILED if told is None else told[: length or _BLOCK] + OK

    def _update(self, place, _length, data):
        if len(data) != _BLOCK:
            return FAILED
        told = self._exchange(bytes((0xA0, place[1])) + data)
        return FAILED if told is None else OK

    def _direct(self, place, _length, data):
        """A command of the PN532 itself."""
        if place != b"\x00\x00" or len(data) < 2 or data[0] != HOST_TO_CHIP:
            return FAILED
        try:
            answer = self.chip.execute(data[1], data[2:])
        except SyntaxFault:
            return FAILED
        return bytes((CHIP_TO_HOST, data[1] + 1)) + (answer or b"\x00") + OK


_COMMANDS = {
    0x00: Acr122u._direct,
    0x82: Acr122u._load_key,
    0x86: Acr122u._authenticate,
    0xB0: Acr122u._read,
    0xCA: Acr122u._get_data,
    0xD6: Acr122u._update,
}
