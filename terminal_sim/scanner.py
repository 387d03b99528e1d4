"""A code scanner module: a phone is held to it, the text comes out of its UART.

Modes as the modules have them: it looks all the time, or only for some seconds after a trigger
command; the same code is not told again within a while. Commands are frames `7E 00 08 n address
value... check`, confirmed by `02 00 00 01 00 33 31`; a damaged frame is answered by nothing. What
it is not: optics. Time is told by who calls, in milliseconds. Source: the modules' user manuals
(Hangzhou Grow GM65, GM861), chapters 2 to 4.
"""

from __future__ import annotations

CONFIRMED = bytes.fromhex("02000001003331")
_HEAD = b"\x7e\x00"
_WRITE, _READ = 0x08, 0x07
_UNCHECKED = b"\xab\xcd"
_MODE, _TRIGGER, _TAIL = 0x0000, 0x0002, 0x0060  # addresses of settings
_COMMANDED, _CONTINUOUS = 1, 2  # low bits of the mode
LOOKS_MS = 5000  # after a trigger
SAME_CODE_MS = 1000
_FRAME_MAX = 64


class ScannerModule:
    """settings: address -> byte. As delivered it waits for triggers and ends codes with CR."""

    def __init__(self) -> None:
        self.settings = {_MODE: 0xD4 | _COMMANDED, _TAIL: 0x00}
        self._heard = b""
        self._looks_to_ms = 0
        self._last = (b"", -SAME_CODE_MS)

    def feed(self, data: bytes, now_ms: int) -> bytes:
        """What the host wrote -> what the module answers at once. Any bytes may come."""
        self._heard += data
        answer = b""
        while len(self._heard) >= 4:  # ends when no whole frame is left
            at = self._heard.find(_HEAD)
            if at < 0:
                self._heard = self._heard[-1:]
                break
            frame = self._heard[at:]
            length = 6 + (frame[3] if len(frame) > 3 and frame[2] == _WRITE else 1) + 2
            if len(frame) < min(length, _FRAME_MAX):
                self._heard = frame
                break
            answer += self._command(frame[:length], now_ms)
            self._heard = frame[length:]
        return answer

    def show(self, text: str, now_ms: int) -> bytes:
        """A code is held to the glass -> what comes out; nothing if it does not look."""
        looks = self.settings[_MODE] & 3 == _CONTINUOUS or now_ms < self._looks_to_ms
        said = text.encode("ascii", "replace")
        if not looks or (said == self._last[0] and now_ms - self._last[1] < SAME_CODE_MS):
            return b""
        self._last = (said, now_ms)
        self._looks_to_ms = 0
        return said + (b"\r" if self.settings[_TAIL] == 0 else b"\r\n")

    def _command(self, frame: bytes, now_ms: int) -> bytes:
        kind, count = frame[2], frame[3]
        address = frame[4] << 8 | frame[5]
        body, check = frame[:-2], frame[-2:]
        if check not in (_UNCHECKED, crc_ccitt(body[2:])):
            return b""
        if kind == _READ:
            value = self.settings.get(address, 0)
            return b"\x02\x00\x00\x01" + bytes((value,)) + crc_ccitt(b"\x00\x01" + bytes((value,)))
        if kind != _WRITE:
            return b""
        for offset, value in enumerate(body[6 : 6 + count]):
            if address + offset == _TRIGGER and value & 1:
                self._looks_to_ms = now_ms + LOOKS_MS
            else:
                self.settings[address + offset] = value
        return CONFIRMED


def crc_ccitt(data: bytes) -> bytes:
    """-> 2 bytes: CRC-CCITT from 0, as the modules have it over type to value."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc.to_bytes(2, "big")
