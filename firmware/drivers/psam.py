"""A PSAM in its socket: ISO 7816-3 with T=0, bytes in and bytes out.

It owns no port and no clock: who has them resets the chip (`reset`), gives what it says to `feed`
and sends what `feed` gives back. Limits: T=0 only, short APDUs, direct and inverse convention; one
command at a time. Bytes and faults: docs/psam.md.
"""

_DIRECT, _INVERSE = 0x3B, 0x3F
_NULL = 0x60
_GET_RESPONSE = b"\x00\xc0\x00\x00"
_ATR_MAX = 33
_PPSS = 0xFF


class PsamFault(Exception):
    """It is not there, or does not speak T=0: reset it once, then do without."""


class Psam:
    """`atr`: its answer to reset, empty until it came; `speed`: its TA1, 0x11 if it has none."""

    def __init__(self):
        self.reset()

    def reset(self):
        """The chip was reset: an ATR comes next."""
        self.atr = b""
        self.speed = 0x11
        self._heard = b""
        self._pps = b""
        self._apdu = b""  # that is being carried out
        self._answer = b""

    def pps(self):
        """-> bytes that ask for the speed of the ATR; b"" if there is none to ask for."""
        if self.speed == 0x11:
            return b""
        head = bytes((_PPSS, 0x10, self.speed))
        self._pps = head + bytes((head[0] ^ head[1] ^ head[2],))
        return self._pps

    def begin(self, apdu):
        """-> bytes that begin this command. PsamFault before the ATR."""
        if not self.atr:
            raise PsamFault("no PSAM answered its reset")
        self._apdu = bytes(apdu)
        self._answer = b""
        self._heard = b""
        return self._header()

    def feed(self, data):
        """-> (bytes to send, answer with status word, or None while there is more to come).

        Of ATR and PPS the answer is themselves. PsamFault on what T=0 does not allow.
        """
        self._heard += bytes(data)
        if not self.atr:
            return b"", self._reset_answered()
        if self._pps:
            return b"", self._agreed()
        out = b""
        while self._heard and self._apdu:  # until a whole answer, or all is heard
            more, answer = self._step()
            out += more
            if answer is not None or more is None:
                return out, answer
            if self._waits:
                break
        return out, None

    # reset

    def _reset_answered(self):
        """-> the ATR when it is whole, else None."""
        heard = self._heard
        if heard[:1] and heard[0] not in (_DIRECT, _INVERSE, 0x03):
            raise PsamFault("what answers the reset is no ATR")
        length = _atr_length(heard)
        if length is None or len(heard) < length:
            if len(heard) > _ATR_MAX:
                raise PsamFault("an ATR that does not end")
            return None
        if heard[1] & 0x10:
            self.speed = heard[2]
        self.atr, self._heard = heard[:length], heard[length:]
        return self.atr

    def _agreed(self):
        if len(self._heard) < len(self._pps):
            return None
        if self._heard != self._pps:
            raise PsamFault("it does not take the speed that it offers")
        said, self._pps, self._heard = self._pps, b"", b""
        return said

    # a command

    def _header(self):
        """The 5 bytes of the command; what goes with it waits for the procedure byte."""
        apdu = self._apdu
        has_data = len(apdu) > 5
        self._data = apdu[5 : 5 + apdu[4]] if has_data else b""
        self._left = 0 if has_data else (apdu[4] if len(apdu) == 5 else 0)
        self._waits = False
        return (apdu + b"\0")[:5]

    def _step(self):
        """One procedure byte. -> (bytes to send, whole answer or None)."""
        self._waits = False
        byte = self._heard[0]
        ins = self._apdu[1]
        if byte == _NULL:
            self._heard = self._heard[1:]
            return b"", None
        if byte in (ins, ins ^ 0xFF):
            return self._transfer(1 if byte != ins else None), None
        if byte & 0xF0 not in (0x60, 0x90):
            raise PsamFault("a byte that is no procedure byte")
        if len(self._heard) < 2:
            self._waits = True
            return b"", None
        word, self._heard = self._heard[:2], self._heard[2:]
        if byte == 0x61:
            self._apdu = _GET_RESPONSE + word[1:]
            return self._header(), None
        if byte == 0x6C and len(self._apdu) == 5:
            self._apdu = self._apdu[:4] + word[1:]
            return self._header(), None
        self._apdu = b""  # that is being carried out
        return b"", self._answer + word

    def _transfer(self, most):
        """The chip wants our data, or gives its own: all, or one byte. -> bytes to send."""
        if self._data:
            count = most or len(self._data)
            out, self._data = self._data[:count], self._data[count:]
            self._heard = self._heard[1:]
            return out
        count = most or self._left
        if not count or count > self._left:
            raise PsamFault("it gives what nobody asked for")
        if len(self._heard) < 1 + count:
            self._waits = True
            return b""
        self._answer += self._heard[1 : 1 + count]
        self._left -= count
        self._heard = self._heard[1 + count :]
        return b""


def _atr_length(heard):
    """-> how long the ATR is of which this is the beginning, None if that is not said yet."""
    if len(heard) < 2:
        return None
    at, has_check = 1, False
    interface = heard[1]
    while True:  # ends with the last interface byte, or with what was heard
        count = 0
        for bit in (0x10, 0x20, 0x40, 0x80):
            count += 1 if interface & bit else 0
        if not interface & 0x80:
            return 2 + (at - 1) + count + (heard[1] & 0x0F) + (1 if has_check else 0)
        at += count
        if len(heard) <= at:
            return None
        interface = heard[at]
        has_check = has_check or bool(interface & 0x0F)
