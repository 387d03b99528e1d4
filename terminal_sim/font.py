"""The font of the screens, as the firmware is compiled with it.

`firmware/screens/unifont.hex` (made by `image.font`) has a line CODE:BITS for each character, 32
hexadecimal digits of one 8 pixels wide, 64 of one 16 wide, row by row from the top. A terminal
imports it as constants: on a board they stay in flash. Source of the format: `unifont_format(5)`.
"""

from __future__ import annotations

from pathlib import Path

KEPT = Path(__file__).parents[1] / "firmware" / "screens" / "unifont.hex"
FIRST, LAST = 0x20, 0x7E  # of ASCII, all of them
_HALF_DIGITS, _WIDE_DIGITS = 32, 64


class NoGlyph(RuntimeError):
    """A character that the font does not have, or not in a size that is drawn."""


def read(path: Path) -> dict[str, str]:
    """character -> hexadecimal digits, 32 of a half one and 64 of a wide one."""
    lines = (line.split(":") for line in path.read_text("ascii").splitlines())
    return {chr(int(code, 16)): digits for code, digits in lines}


def module(font: dict[str, str]) -> str:
    """Source of firmware.screens.glyphs. NoGlyph."""
    half = "".join(font.get(chr(code), "") for code in range(FIRST, LAST + 1))
    wide = sorted(char for char in font if len(font[char]) == _WIDE_DIGITS)
    odd = [char for char in font if char not in wide and not FIRST <= ord(char) <= LAST]
    if odd or len(half) != _HALF_DIGITS * (LAST - FIRST + 1):
        raise NoGlyph(f"no terminal draws {' '.join(odd)}: use other words")
    bits = "".join(font[char] for char in wide)
    return (
        f"FIRST = {FIRST}\nHALF = {bytes.fromhex(half)!r}\n"
        f"WIDE = {''.join(wide)!r}\nBITS = {bytes.fromhex(bits)!r}\n"
    )
