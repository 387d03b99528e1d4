"""A PN532 at a serial port, through nfcpy's driver: the same as a PC/SC reader, two cards included.

The chip does ISO-DEP by itself (automatic RATS). nfcpy takes names in /dev only; here the driver is
given the port that the desk names. Source: NXP PN532 UM0701-02, 7.3.5 and 7.3.8.
"""

from __future__ import annotations

import contextlib
import logging
import termios
from pathlib import Path
from typing import Any

from tools.desk.chips import CPU, MIFARE, Chip
from tools.desk.faults import Fault, Gone

_LIST, _TWO_OF_TYPE_A = 0x4A, b"\x02\x00"
_AUTOMATIC_RATS = 0x10
_ISO_DEP, _CLASSIC = 0x20, 0x08  # bits of SAK
_READ, _WRITE = 0x30, 0xA0
_KEYS = {"A": 0x60, "B": 0x61}
_WAIT_S = 1.0
_OF_PORT = (OSError, termios.error)  # a port that goes in the middle says either
_NOBODY = 0x6300  # the status word of readers whose card does not answer


class Pn532:
    """A `Reader`. One that was unplugged is opened anew. Fault no_nfcpy, no_pn532."""

    def __init__(self, path: Path):
        logging.getLogger("nfc").setLevel(logging.CRITICAL)  # its debugging shows keys
        self._path = path
        self._chip: Chip | None = None
        self._device: Any = None
        self._open()

    def _open(self) -> Any:
        """-> nfcpy's driver."""
        try:
            import nfc.clf.pn532
            import nfc.clf.transport
        except ImportError:
            raise Fault("no_nfcpy") from None
        self._error: Any = nfc.clf.pn532.Chipset.Error
        if self._device is None:
            try:
                device = nfc.clf.pn532.init(nfc.clf.transport.TTY(str(self._path)))
                device.chipset.set_parameters(_AUTOMATIC_RATS)
            except (*_OF_PORT, ValueError, self._error) as error:
                raise Fault("no_pn532", path=self._path, why=error) from None
            self._device = device
        return self._device

    def look(self) -> Chip | None:
        """See Reader."""
        self._chip = self._find()
        return self._chip

    def again(self) -> None:
        """See Reader."""
        if self._chip is None:
            raise Gone
        self._chip.still(self._find())

    def _find(self) -> Chip | None:
        try:
            self._ask(lambda chipset: chipset.rf_configuration(0x01, b"\x00"))  # the field off
            listed = self._ask(lambda chipset: chipset.command(_LIST, _TWO_OF_TYPE_A, _WAIT_S))
        except self._error:
            raise Gone from None
        told = bytes(listed)
        if not told or not told[0]:
            return None
        if told[0] > 1:
            raise Fault("two_cards")
        sak, size = told[4], told[5]
        uid = told[6 : 6 + size]
        if not sak & (_ISO_DEP | _CLASSIC) or len(uid) not in (4, 7):
            raise Fault("unknown_kind", atr=f"SAK {sak:02x}")
        return Chip(CPU if sak & _ISO_DEP else MIFARE, uid)

    def authenticate(self, block: int, key_name: str, key: bytes) -> bool:
        """See Reader."""
        if self._chip is None:
            raise Gone
        command = bytes((_KEYS[key_name], block)) + key + self._chip.uid[-4:]
        return self._exchange(command) is not None

    def read(self, block: int) -> bytes | None:
        """See Reader."""
        return self._exchange(bytes((_READ, block)))

    def write(self, block: int, data: bytes) -> bool:
        """See Reader."""
        return self._exchange(bytes((_WRITE, block)) + data) is not None

    def apdu(self, command: bytes) -> tuple[bytes, int]:
        """See Reader."""
        answer = self._exchange(command)
        if answer is None or len(answer) < 2:
            return b"", _NOBODY
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def close(self) -> None:
        """See Reader."""
        device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(*_OF_PORT, self._error):
                device.close()

    def _exchange(self, data: bytes) -> bytes | None:
        """-> the card's answer, None if it refused; then it is selected anew."""
        try:
            told = self._ask(lambda chipset: chipset.in_data_exchange(bytearray(data), _WAIT_S))
            return bytes(told[0])
        except self._error:
            self.again()
            return None

    def _ask(self, question: Any) -> Any:
        device = self._open()
        try:
            return question(device.chipset)
        except _OF_PORT:  # the port is gone, or nobody answers at it
            self.close()
            raise Gone from None
