"""A display on the SPI of an RP2040: its wires, and how bytes go over them.

wiring: {"kind": "ssd1306" or "ili9341", "sck": pin, "mosi": pin, "cs": pin, "dc": pin,
"reset": pin or null, "baud": bits a second}. Limit: SPI 0, and pins that it reaches.
"""

import time

from machine import SPI, Pin

_RESET_MS = 10


class Display:
    """See boards/contract.md."""

    def __init__(self, wiring):
        self.kind = wiring["kind"]
        sck, mosi = Pin(wiring["sck"]), Pin(wiring["mosi"])
        self._spi = SPI(0, baudrate=wiring["baud"], sck=sck, mosi=mosi, miso=None)
        self._cs = Pin(wiring["cs"], Pin.OUT, value=1)
        self._dc = Pin(wiring["dc"], Pin.OUT, value=0)
        if wiring.get("reset") is not None:
            reset = Pin(wiring["reset"], Pin.OUT, value=0)
            time.sleep_ms(_RESET_MS)
            reset(1)

    def send(self, is_data, piece):
        """Commands or data; nobody answers, so it is always True."""
        self._dc(is_data)
        self._cs(0)
        self._spi.write(piece)
        self._cs(1)
        return True
