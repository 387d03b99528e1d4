"""The characters of the screens, cut out of GNU Unifont: `make font`.

    python -m image.font [--check]

`firmware/screens/unifont.hex` is kept: a line of the packaged font (Debian: unifont) for
each character that a screen can show, and the printable ones of ASCII. Written anew when a screen
gets new words; a test finds a character that is missing. `terminal_sim.font` makes of it what a
terminal imports. Source: GNU Unifont, font files under the SIL Open Font License 1.1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from firmware.screens import en, zh
from protocol import reasons
from terminal_sim.font import FIRST, KEPT, LAST, NoGlyph, read

PACKAGED = Path("/usr/share/unifont/unifont.hex")
_REASONS = range(128)


def needed() -> list[str]:
    """Every character that a screen can show, in order."""
    texts = [chr(code) for code in range(FIRST, LAST + 1)]
    for language in (reasons.ZH, reasons.EN):
        texts += [part for code in _REASONS for part in reasons.text(code, language)]
    for words in (zh, en):
        for told in vars(words).values():
            texts += _texts(told)
    return sorted({char for text in texts for char in text if char >= " "})


def _texts(told: object) -> list[str]:
    """The strings in a table of words."""
    if isinstance(told, str):
        return [told]
    if isinstance(told, dict):
        return [text for value in told.values() for text in _texts(value)]
    if isinstance(told, tuple):
        return [text for value in told for text in _texts(value)]
    return []


def subset(font: dict[str, str]) -> str:
    """The file that is kept. NoGlyph."""
    missing = [char for char in needed() if char not in font]
    if missing:
        raise NoGlyph(f"the font has no {' '.join(missing)}: use other words")
    return "".join(f"{ord(char):04X}:{font[char]}\n" for char in needed())


def main() -> None:
    """Write the file anew, or check it against the packaged font."""
    parser = argparse.ArgumentParser(description="cut the characters of the screens out of Unifont")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it differs")
    check = parser.parse_args().check
    if not PACKAGED.exists():
        sys.exit(f"no {PACKAGED}: install Debian's package unifont")
    text = subset(read(PACKAGED))
    if not check:
        KEPT.write_text(text, "ascii")
    elif text != KEPT.read_text("ascii"):
        sys.exit(f"{KEPT} is not what the font and the words give: run make font")


if __name__ == "__main__":
    main()
