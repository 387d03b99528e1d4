"""Run by MicroPython: draws screens as a terminal does, writes what goes over the display's SPI.

Arguments: folder of the compiled firmware, kind of the display, file to write, file with a JSON
list of [language, screen, values]. Prints a JSON list: below which pixel row each screen ends.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

from firmware.screens.render import render
from firmware.showing import Display


class Port:
    def __init__(self, kind, file):
        self.kind = kind
        self._file = file

    def send(self, is_data, piece):
        self._file.write(bytes((is_data, len(piece) >> 8, len(piece) & 255)))
        self._file.write(piece)
        return True


with open(sys.argv[3], "wb") as out, open(sys.argv[4]) as asked:
    display = Display(Port(sys.argv[2], out))
    ends = []
    for language, screen, values in json.load(asked):
        display._picture.forget()
        for command, data, _ in display._chip.SET_UP:
            display._command(command, data)
        led, _, rows, large = render(language, screen, values)
        display.show(led, rows, large)
        ends.append(display._picture.end_px)
        out.write(b"\2\0\0")  # the end of a picture
print(json.dumps(ends))
