"""A display of pixels: set up, drawn on, drawn on again when it may have been unplugged.

screens.picture has the pixels, drivers.ssd1306 and drivers.ili9341 the bytes; the port of a board
sends them. Nothing is ever read from a display, so whether one is there is not known: every minute
it is set up and drawn anew. Only the files of the display that is there are loaded.
"""

import asyncio

import framebuf

from firmware.screens.picture import Picture

AGAIN = 12  # idle screens


LEDS = ("off", "green", "amber", "red")


class Display:
    """port: `kind`, and send(is_data, bytes) -> False if they were not taken."""

    def __init__(self, port):
        self._chip = chip = _chip(port.kind)
        form = framebuf.MONO_VLSB if chip.VERTICAL else framebuf.MONO_HLSB
        self._picture = Picture(chip.SHAPE, form)
        self._port = port
        self._idles = 0

    async def set_up(self):
        """From whatever state, with the waits that the chip asks for."""
        for command, data, wait_ms in self._chip.SET_UP:
            self._command(command, data)
            await asyncio.sleep_ms(wait_ms)
        self._picture.forget()

    def idled(self):
        """The idle screen comes next."""
        self._idles += 1
        if self._idles % AGAIN == 0:
            for command, data, wait_ms in self._chip.SET_UP:
                if not wait_ms:
                    self._command(command, data)
            self._picture.forget()

    def show(self, led, rows, big):
        """A screen as `render` gives it; `big`: the row with the amount."""
        self._picture.draw(rows, big, self._chip.inverse(led))
        for is_data, piece in self._chip.pieces(self._picture.strips(LEDS.index(led)), led):
            if not self._port.send(is_data, piece):
                self._picture.forget()
                return

    def _command(self, command, data):
        self._port.send(False, command)
        if data:
            self._port.send(True, data)


def _chip(kind):
    """The module of a display's chip; only the one in use is in RAM."""
    if kind == "ili9341":
        from firmware.drivers import ili9341

        return ili9341
    from firmware.drivers import ssd1306

    return ssd1306
