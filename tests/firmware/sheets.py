"""Every screen of a terminal on one sheet: `python -m tests.firmware.sheets` writes docs/images.

The screens are drawn by MicroPython with the compiled firmware and seen on the models of both
displays; the sheets in docs/ are what the test compares with, and what a person looks at.
"""

import json
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from firmware.screens import table
from protocol import reasons
from terminal_sim.display import KINDS
from terminal_sim.image import ROOT, compiled
from terminal_sim.terminal import HEAP_WITH_MORE, micropython_command
from tests.firmware import gate_day, pos_day, water_day

IMAGES = ROOT / "docs" / "images"
LANGUAGES = {"zh": 0, "en": 1}
COLUMNS, FRAME = 4, 4
ENLARGED = {"ssd1306": 2, "ili9341": 1}
# what the longest values look like, for each way to write one
VALUES = {
    "number": 16384, "fen": 1250, "clock": 43500, "tail": 1777, "span": 130, "ago": 12,
    "day": 9740, "kwh": 236, "stars": 6, "reason": reasons.LISTED, "holder": 2,
}  # fmt: skip
# screens whose values belong together
TOGETHER = {
    "dishes": (3, 1250), "dish": (3, 350, 1600), "meal": (800, 450, 4550),
    "meal_account": (800, 450), "next": (4200, 800), "paid": (1250, 3750),
    "paid_account": (1250,), "too_low": (1250, 360),
    "cancelled": (1250, 5000), "shift_ended": (214, 268150, 1250), "loaded": (10000, 11250),
    "used": (120, 4880), "ended": (120, 380), "free": [reasons.FIRE],
}  # fmt: skip


def name(kind, language):
    """-> path of a sheet."""
    return IMAGES / f"screens-{language}-{KINDS[kind].WIDTH}x{KINDS[kind].HEIGHT}.png"


def usual(language):
    """-> [[language, screen, values]] of every screen, and of some more refusals."""
    made = [
        [LANGUAGES[language], screen, TOGETHER.get(screen) or _usual(screen)]
        for screen in table.names()
    ]
    made += [[LANGUAGES[language], screen + "_offline", TOGETHER[screen]] for screen in table.PAID]
    more = (
        reasons.JOURNAL_FULL, reasons.TAP_LIMIT, reasons.CODE_LATE, reasons.PASSBACK,
        reasons.DOOR_FORCED, reasons.DOOR_HELD, reasons.PIN_OFFLINE, reasons.PIN_LOCKED,
        reasons.PIN_UNSET,
    )  # fmt: skip
    return made + [[LANGUAGES[language], "refused", [reason]] for reason in more]


def _usual(screen):
    return [VALUES[kind] for kind in table.find(screen)[1]]


def drawn(kind, asked):
    """-> [(picture, row below which it is empty)] of each screen that is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        spi, wish = Path(folder) / "spi", Path(folder) / "wish"
        wish.write_text(json.dumps(asked))
        done = subprocess.run(
            [
                micropython_command(), "-X", f"heapsize={HEAP_WITH_MORE}",
                str(Path(__file__).with_name("_draw.py")),
                str(compiled()), kind, str(spi), str(wish),
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return list(zip(_pictures(kind, spi.read_bytes()), json.loads(done.stdout), strict=True))


def _pictures(kind, said):
    at = 0
    glass = KINDS[kind]()
    while at < len(said):
        what, length = said[at], int.from_bytes(said[at + 1 : at + 3], "big")
        piece = said[at + 3 : at + 3 + length]
        at += 3 + length
        if what == 2:
            assert glass.noise == 0
            yield Image.frombytes("RGB", (glass.WIDTH, glass.HEIGHT), glass.rgb())
            glass = KINDS[kind]()
        elif what == 1:
            glass.data(piece)
        else:
            glass.command(piece)


def day(kind, script=pos_day):
    """-> the pictures of a cashier's day, or of another script's, in its order."""
    return _laid(kind, [picture for picture, _ in drawn(kind, script.screens())])


def sheet(kind, language):
    """-> the pictures of all screens on one."""
    return _laid(kind, [picture for picture, _ in drawn(kind, usual(language))])


def _laid(kind, pictures):
    scale = ENLARGED[kind]
    wide = KINDS[kind].WIDTH * scale + FRAME
    tall = KINDS[kind].HEIGHT * scale + FRAME
    rows = -(-len(pictures) // COLUMNS)
    made = Image.new("RGB", (COLUMNS * wide + FRAME, rows * tall + FRAME), (120, 124, 130))
    for at, picture in enumerate(pictures):
        row, column = divmod(at, COLUMNS)
        large = picture.resize((wide - FRAME, tall - FRAME), Image.Resampling.NEAREST)
        made.paste(large, (column * wide + FRAME, row * tall + FRAME))
    return made


if __name__ == "__main__":
    for kind in KINDS:
        day(kind).save(name(kind, "day"), optimize=True)
        day(kind, gate_day).save(name(kind, "day-gate"), optimize=True)
        day(kind, water_day).save(name(kind, "day-water"), optimize=True)
        for language in LANGUAGES:
            sheet(kind, language).save(name(kind, language), optimize=True)
