"""What a terminal draws: screens as on the sheets in docs/, none cut off, all in the font."""

import subprocess
import sys

import pytest
from PIL import Image, ImageChops

from firmware.screens import table
from image import font
from protocol import reasons
from terminal_sim.display import KINDS
from terminal_sim.font import KEPT, NoGlyph, module, read
from tests.firmware import gate_day, pos_day, sheets, water_day

# the longest that each way of writing a value comes to
LONGEST = sheets.VALUES | {
    "fen": 999999,
    "kwh": 200000,
    "number": 65535,
    "span": 9 * 1440 + 1380,
    "ago": 0xFFFF,
}
TERMINALS = [row for row in range(128) if reasons.find(row) and not 64 <= row < 96]


# shows R23
@pytest.mark.parametrize("language", sheets.LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_screens_are_as_on_their_sheet(kind, language):
    kept = Image.open(sheets.name(kind, language)).convert("RGB")
    made = sheets.sheet(kind, language)
    assert made.size == kept.size, "other screens: look at them, python -m tests.firmware.sheets"
    differs = ImageChops.difference(made, kept).getbbox()
    assert differs is None, f"the sheet differs in {differs}: python -m tests.firmware.sheets"


@pytest.mark.parametrize(
    ("name", "script"), [("day", pos_day), ("day-gate", gate_day), ("day-water", water_day)]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_scripted_day_looks_as_it_did(kind, name, script):
    kept = Image.open(sheets.name(kind, name)).convert("RGB")
    made = sheets.day(kind, script)
    assert made.size == kept.size, "another day: look at it, python -m tests.firmware.sheets"
    differs = ImageChops.difference(made, kept).getbbox()
    assert differs is None, f"the day differs in {differs}: python -m tests.firmware.sheets"


@pytest.mark.parametrize("language", sheets.LANGUAGES.values())
@pytest.mark.parametrize("kind", KINDS)
def test_no_screen_is_cut_off(kind, language):
    asked = [
        [language, screen, [LONGEST[kind] for kind in table.find(screen)[1]]]
        for screen in table.names()
    ]
    asked += [[language, "refused", [reason]] for reason in TERMINALS]
    asked += [[language, "turned_away", [reason]] for reason in TERMINALS]
    ends = {str(what): end for what, (_, end) in zip(asked, sheets.drawn(kind, asked), strict=True)}
    assert {what: end for what, end in ends.items() if end > KINDS[kind].HEIGHT} == {}


def test_the_font_has_every_character_of_the_screens():
    missing = set(font.needed()) - read(KEPT).keys()
    assert not missing, f"no {' '.join(sorted(missing))} in the font: run make font"


def test_the_kept_font_is_what_the_packaged_one_has():
    done = subprocess.run(
        [sys.executable, "-m", "image.font", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_character_of_another_size_is_refused():
    with pytest.raises(NoGlyph, match="use other words"):
        module(read(KEPT) | {"é": "0" * 32})
