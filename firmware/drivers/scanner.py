"""A code scanner module on its UART (GM65, GM861 and their like): text in, one command out.

It owns no port: `feed` takes what arrived and gives the codes that are whole. A code is printable
ASCII and ends with a carriage return, as SET_UP tells the module; what it confirms of commands is
taken out, and a byte that no code has makes what came before it no code. It does not know what a
code means. Limit: 400 characters; what is longer is dropped to its end. Source: the modules' user
manuals (Hangzhou Grow), chapters on the serial interface: 7E 00, write 08, bytes, address, value,
AB CD for "no check".
"""

SET_UP = (
    b"\x7e\x00\x08\x01\x00\x00\xd6\xab\xcd",  # look for codes all the time
    b"\x7e\x00\x08\x01\x00\x60\x00\xab\xcd",  # a carriage return after each
)
CONFIRMED = b"\x02\x00\x00\x01\x00\x33\x31"
_END = b"\r"
_MAX = 400


class Scanner:
    """The line to one module. noise: bytes that were of no code."""

    def __init__(self):
        self.noise = 0
        self._heard = b""
        self._is_spoilt = False  # what is heard up to the next end is no code

    def feed(self, data):
        """-> list of texts, each a whole code."""
        texts = []
        parts = (self._heard + data).replace(CONFIRMED, b"").split(_END)
        for part in parts[:-1]:
            text = self._text(part)
            if text:
                texts.append(text)
        self._heard = parts[-1]
        if len(self._heard) > _MAX:
            self._lose(self._heard)
            self._heard = b""
        return texts

    def gap(self):
        """Silence after half a code: its end will not come."""
        if self._heard:
            self._lose(self._heard)
        self._heard = b""
        self._is_spoilt = False

    def _text(self, part):
        """-> the code of what stood between two ends, "" if it is none."""
        part = part.strip(b"\n")
        is_spoilt, self._is_spoilt = self._is_spoilt, False
        if is_spoilt or len(part) > _MAX or not all(0x20 <= byte < 0x7F for byte in part):
            self.noise += len(part)
            return ""
        return part.decode()

    def _lose(self, data):
        self.noise += len(data)
        self._is_spoilt = True
