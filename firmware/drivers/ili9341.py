"""A colour display of 320 by 240 pixels with an ILI9341 (an ST7789 takes the same commands).

Commands and data as they go over its 4-wire SPI. A strip of a picture, one bit a pixel, becomes 8
rows of 320 pixels of 16 bits: the first row of the screen white on the lamp's colour, the rest
black on white. Limit: it is never read.
Source: Ilitek ILI9341 V1.11, sections 7.1, 8.2.
"""

import framebuf

# pixels: width, height, those for one of the font, first row, left edge, between two rows
SHAPE = WIDTH, _, _, BAND_PX, _, _ = 320, 240, 2, 48, 8, 10
VERTICAL = False  # 8 pixels of a row in a byte
_STRIP = 8
_COLUMNS, _ROWS, _WRITE = b"\x2a", b"\x2b", b"\x2c"
# (command, its parameters, milliseconds to wait then)
SET_UP = (
    (b"\x01", b"", 120),  # reset
    (b"\x11", b"", 120),  # out of sleep
    (b"\x3a", b"\x55", 0),  # 16 bits a pixel
    (b"\x36", b"\x28", 0),  # on its side, blue first
    (b"\x29", b"", 0),  # on
)
_WHITE, _BLACK = 0xFFFF, 0x0000
_BANDS = {"green": 0x0567, "amber": 0xFC60, "red": 0xD8A3, "off": 0x3A6F}
# kept from the start: 5 KB in a row may not be had from a busy heap
_pixels = bytearray(WIDTH * _STRIP * 2)
_colours = framebuf.FrameBuffer(_pixels, WIDTH, _STRIP, framebuf.RGB565)
_palette = framebuf.FrameBuffer(bytearray(4), 2, 1, framebuf.RGB565)


def inverse(led):
    """The band has its own colours."""
    return False


def pieces(strips, led):
    """Yield (is data, bytes) for the strips of a picture that changed."""
    for number, bits in strips:
        top = number * _STRIP
        in_band = top < BAND_PX
        _palette.pixel(0, 0, _swapped(_BANDS[led] if in_band else _WHITE))
        _palette.pixel(1, 0, _swapped(_WHITE if in_band else _BLACK))
        strip = framebuf.FrameBuffer(bits, WIDTH, _STRIP, framebuf.MONO_HLSB)
        _colours.blit(strip, 0, 0, -1, _palette)
        yield False, _COLUMNS
        yield True, bytes((0, 0, WIDTH - 1 >> 8, WIDTH - 1 & 255))
        yield False, _ROWS
        yield True, bytes((top >> 8, top & 255, top + _STRIP - 1 >> 8, top + _STRIP - 1 & 255))
        yield False, _WRITE
        yield True, _pixels


def _swapped(colour):
    """Its high byte first, as the display wants it; framebuf's words have the low one first."""
    return (colour & 255) << 8 | colour >> 8
