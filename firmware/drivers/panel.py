"""The panel on its UART: four rows of text, one lamp, one beeper out; keys in.

It owns no port: `show` gives the bytes that change what is on the panel to what should be, `keys`
takes what arrived. Lines are UTF-8 and end in a line feed:
    T<row> text      a row, 0 to 3          L green|amber|red|off      the lamp
    B ok|warn|error  a beep                 C                          all rows empty
Keys are single bytes: 0-9 . * # + and A-D. What was lost on the line, or by a panel that was
plugged in again, is there again after `forget`. Limit: a change is at most 256 bytes with the words
of screens/.
"""

ROWS = 4
_KEYS = b"0123456789.*#+ABCD"


class Panel:
    """Remembers what is on the panel, so that only what changes is sent. noise: bytes that were
    no keys."""

    def __init__(self):
        self.noise = 0
        self._is_new = True
        self.forget()

    def forget(self):
        """The next screen is sent whole."""
        self._rows = ["\0"] * ROWS  # what no screen says
        self._led = None

    def show(self, led, beep, rows):
        """Bytes for a screen as firmware.screens.render gives it."""
        lines = []
        if self._is_new:
            self._is_new = False
            self._rows = [""] * ROWS
            lines.append("C")
        for row in range(ROWS):
            text = rows[row] if row < len(rows) else ""
            if text != self._rows[row]:
                self._rows[row] = text
                lines.append("T%d %s" % (row, text))
        if led != self._led:
            self._led = led
            lines.append("L " + led)
        if beep:
            lines.append("B " + beep)
        return ("\n".join(lines) + "\n").encode() if lines else b""

    def keys(self, data):
        """The keys among the bytes that arrived, as a string; noise is counted and left out."""
        keys = "".join([chr(byte) for byte in data if byte in _KEYS])
        self.noise += len(data) - len(keys)
        return keys
