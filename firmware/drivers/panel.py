"""The panel on its UART: four rows of text, one lamp, one beeper out; keys in.

It owns no port: `show` gives the bytes that change what is on the panel to what should be, `keys`
takes what arrived. Lines are UTF-8 and end in a line feed:
    T<row> text      a row, 0 to 3          L green|amber|red|off      the lamp
    B ok|warn|error  a beep                 C                          all rows empty
Keys are single bytes: 0-9 . * # and 04 (end of service: the simulator's way to stop a terminal).
"""

ROWS = 4
STOP = "\x04"
_KEYS = b"0123456789.*#\x04"


class Panel:
    """Remembers what is on the panel, so that only what changes is sent."""

    def __init__(self):
        self._rows = None
        self._led = None

    def show(self, led, beep, rows):
        """Bytes for a screen as firmware.screens.render gives it."""
        lines = []
        if self._rows is None:
            lines.append("C")
            self._rows = [""] * ROWS
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
        """The keys among the bytes that arrived, as a string; noise is left out."""
        return "".join([chr(byte) for byte in data if byte in _KEYS])
