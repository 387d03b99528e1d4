"""A screen as pixels, for displays without letters of their own: docs/display.md.

The rows of `render` are drawn from the top: the row with the amount twice as large, if it fits;
others in the font's size; words that are too long wrapped, those of ASCII in small letters where
room is short. One bit a pixel, in the form that the display's memory has; what changed since it was
last asked for comes out in strips of 8 rows. It knows neither the words nor the display. Limit:
what does not fit below is cut off; a test shows that no screen is.
"""

import binascii

import framebuf

from firmware.screens import glyphs

HALF, TALL, SMALL = 8, 16, 8  # pixels: a letter's width, a row's height, a small letter's both
STRIP = 8  # rows of pixels
# four bits, each of them twice
_TWICE = bytes((0, 3, 12, 15, 48, 51, 60, 63, 192, 195, 204, 207, 240, 243, 252, 255))


class Picture:
    """shape: pixels of the display (width, height), those for one of the font (1 or 2), of the
    first row, which `inverse` shows white on black, of the left edge, between rows. form: of
    framebuf."""

    def __init__(self, shape, form):
        width, height, self._scale, self._band_px, self._left_px, self._gap_px = shape
        self.width = width
        self.bits = bytearray(width * height // 8)
        self._frame = framebuf.FrameBuffer(self.bits, width, height, form)
        self.end_px = 0  # below the last row that was drawn
        self._sums = [0] * (height // STRIP)  # of each strip and its tint; 0: to be sent
        self._ink = framebuf.FrameBuffer(bytearray(1), 2, 1, framebuf.MONO_HLSB)

    def draw(self, rows, big, inverse):
        """Rows of text; `big`: the number of the large one, or None."""
        self._frame.fill(0)
        self._paper(0)
        if inverse:
            self._frame.fill_rect(0, 0, self.width, self._band_px, 1)
            self._paper(1)
        margin_px = (self._band_px - TALL * self._scale) // 2
        y = margin_px
        for number, row in enumerate(rows):
            if not row:
                continue
            below = self._large(row, y) if number == big else None
            y = self._row(row, y, number == 0) if below is None else below
            if number == 0:
                y = max(y, self._band_px)
                self._paper(0)
            y += self._gap_px
        self.end_px = y - self._gap_px

    def strips(self, tint):
        """Yield (number, bytes) of the strips that are not as before; `tint` counts too."""
        bits = memoryview(self.bits)
        for number in range(len(self._sums)):
            strip = bits[number * self.width : (number + 1) * self.width]
            told = binascii.crc32(strip, tint) or 1
            if self._sums[number] != told:
                self._sums[number] = told
                yield number, strip

    def forget(self):
        """All strips come again."""
        self._sums = [0] * len(self._sums)

    def _paper(self, colour):
        """What letters are drawn on: 0 or 1."""
        self._ink.pixel(0, 0, colour)
        self._ink.pixel(1, 0, 1 - colour)

    def _row(self, row, y, is_first):
        """One row of the font's size, or more of them; small letters where room is short. -> where
        the next begins."""
        scale = self._scale
        left = self._left_px
        cells = (self.width - 2 * left) // (HALF * scale)
        is_short = is_first or scale == 1
        if is_short and width(row) > cells and not any(ord(char) > 127 for char in row):
            for line in wrap(row, cells):
                for at, char in enumerate(line):
                    self._letter(_small(char), SMALL, SMALL, left + at * SMALL * scale, y, scale)
                y += SMALL * scale
            return y
        for line in wrap(row, cells):
            self._line(line, left, y, scale)
            y += TALL * scale
        return y

    def _large(self, row, y):
        """The amount twice as large, its words beside it. -> where the next begins, or None."""
        begin, end = number_in(row)
        before, amount, after = row[:begin].strip(), row[begin:end], row[end:].strip()
        scale = self._scale
        for words in (before, ""):
            wide = width(words) + 2 * width(amount) + width(after)
            if amount and wide * HALF * scale <= self.width - 2 * self._left_px:
                x = self._line(words, self._left_px, y + TALL * scale, scale)
                x = self._line(amount, x, y, 2 * scale)
                self._line(after, x, y + TALL * scale, scale)
                return y + 2 * TALL * scale
        return None

    def _line(self, text, x, y, scale):
        """-> where it ends."""
        for char in text:
            bits, wide = _glyph(char)
            self._letter(bits, wide, TALL, x, y, scale)
            x += wide * scale
        return x

    def _letter(self, bits, wide, tall, x, y, scale):
        while scale > 1:  # 4, 2, 1
            bits, wide, tall, scale = _doubled(bits, wide), 2 * wide, 2 * tall, scale // 2
        letter = framebuf.FrameBuffer(bytearray(bits), wide, tall, framebuf.MONO_HLSB)
        self._frame.blit(letter, x, y, -1, self._ink)


def width(text):
    """In halves: of ASCII one each, of all others two."""
    return len(text) + sum([ord(char) > 127 for char in text])


def wrap(text, cells):
    """-> lines of at most `cells` halves; between words, or anywhere in Chinese."""
    lines, line = [], ""
    for word in _words(text):
        if line and width(line) + width(word.rstrip()) > cells:
            lines.append(line.rstrip())
            line = ""
        line += word
    lines.append(line.rstrip())
    return lines


def _words(text):
    """What is not torn apart: words with their blanks, single characters that are wide."""
    words = [""]
    for char in text:
        if words[-1] and (ord(char) > 127 or words[-1][-1] == " " or ord(words[-1][-1]) > 127):
            words.append("")
        words[-1] += char
    return words


def number_in(row):
    """(begin, end) of the first run of digits and points."""
    begin = 0
    while begin < len(row) and not row[begin].isdigit():  # to the first digit, or the end
        begin += 1
    end = begin
    while end < len(row) and (row[end].isdigit() or row[end] == "."):  # to what is no number
        end += 1
    return begin, end


def _glyph(char):
    """(bits row by row, width). A character that the font has not is a box."""
    at = ord(char) - glyphs.FIRST
    if 0 <= at < len(glyphs.HALF) // TALL:
        return glyphs.HALF[at * TALL : (at + 1) * TALL], HALF
    at = glyphs.WIDE.find(char)
    if at < 0:
        return b"\0\0" + b"\x3f\xfc" + b"\x20\x04" * 12 + b"\x3f\xfc" + b"\0\0", 2 * HALF
    return glyphs.BITS[at * 2 * TALL : (at + 1) * 2 * TALL], 2 * HALF


def _small(char):
    """The interpreter's own letter, 8 by 8."""
    bits = bytearray(SMALL)
    framebuf.FrameBuffer(bits, SMALL, SMALL, framebuf.MONO_HLSB).text(char, 0, 0, 1)
    return bits


def _doubled(bits, wide):
    """Each pixel as four of them."""
    doubled = bytearray(4 * len(bits))
    row_bytes = wide // 8
    to = 0
    for at in range(0, len(bits), row_bytes):
        for byte in bits[at : at + row_bytes]:
            doubled[to], doubled[to + 1] = _TWICE[byte >> 4], _TWICE[byte & 15]
            to += 2
        doubled[to : to + 2 * row_bytes] = doubled[to - 2 * row_bytes : to]
        to += 2 * row_bytes
    return doubled
