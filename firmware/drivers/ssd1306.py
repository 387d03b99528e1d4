"""An OLED display of 128 by 64 pixels with an SSD1306.

Commands and data as they go over its 4-wire SPI; who sends them is the board's. Its memory has 8
pages of 128 bytes, 8 pixels below each other in a byte: the strips of a picture. Refused is shown
by its first row inverse, for it has no colours.
Source: Solomon Systech SSD1306 rev 1.1, sections 8.5, 10.
"""

# pixels: width, height, those for one of the font, first row, left edge, between two rows
SHAPE = 128, 64, 1, 16, 0, 0
VERTICAL = True  # 8 pixels of a column in a byte
# (commands, data for them, milliseconds to wait then); its parameters are commands, too
SET_UP = (
    (b"\xae\xd5\x80\xa8\x3f\xd3\x00\x40", b"", 0),  # off; clock, 64 rows, no offset
    (b"\x8d\x14\xa1\xc8\xda\x12\x81\xcf\xd9\xf1\xdb\x40", b"", 0),  # pump; turned; contrast
    (b"\xa4\xa6\xaf", b"", 0),  # from memory, not inverse, on
)


def inverse(led):
    """Is the first row to be shown inverse?"""
    return led == "red"


def pieces(strips, led):
    """Yield (is data, bytes) for the strips of a picture that changed."""
    for page, bits in strips:
        yield False, bytes((0xB0 | page, 0x00, 0x10))  # page, and its first column
        yield True, bits
