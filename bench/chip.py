"""The terminal on the emulated RP2040, in its own virtual time: every figure is the same each run.

Stages of a tap are those of the table in firmware/core/states.py; a clock is put around each from
the console before the terminal starts (on_terminal/chip_stages.py), nothing is left in the
firmware. `detect` is from the card at the reader, or the scanner's last bit, to the first stage,
`show` ends with the beep on the panel's wire, so the stages of a tap add up to the whole of it.
What the emulator does not model is in docs/hil.md: misses of the flash's cache make a chip a little
slower. It needs the base firmware (`make image-base`) and some minutes of a PC.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from firmware.core.layout import LAYOUTS, SECTOR
from firmware.core.lists import CardList
from image import base, slot
from protocol import blacklist, manifest
from terminal_sim.flash import Flash

BARS_MS = {"mifare": 150, "cpu": 300, "code": 400}
BAR_LOOK_US = 300
CAUSE = "a first tap since power-on makes what the later ones have"
LISTED = range(0, 500_000, 997)  # every number that chip_blacklist.py looks at
UNIVERSE = 524_288
ROUNDS = 3
_SCRIPTS = Path(__file__).parent / "on_terminal"
_CONFIG_NAME = "bench.json"  # not the one that the base firmware starts a terminal with
_CLOCK_PIN = 25
_START_S = 20
_OPEN_S = 2  # from ready to the first customer
_REPORT_S = 6  # a report comes within


def measure() -> dict[str, Any]:
    """Stages of the taps, parts, boot, heap, bytes of modules."""
    if not base.is_built():
        return {"not measured": "no base firmware: make image-base"}
    from hil_tests.emulated import factory  # the emulator is there for tests only

    taps, heap = _taps()
    return {
        "taps": taps,
        **{f"bar_{name}_ms": bar_ms for name, bar_ms in BARS_MS.items()},
        "heap_peak_bytes": heap,
        "boot": _boot(),
        **_parts(),
        "bar_blacklist_us": BAR_LOOK_US,
        "modules_bytes": dict(sorted(slot.sizes(factory.image()[manifest.SIZE :]).items())),
        "cause": CAUSE,
    }


def _taps() -> tuple[dict[str, Any], int]:
    """-> ({credential: {"first", "then"}}, bytes of the heap that were in use at most). What is
    `then` is the last of ROUNDS."""
    from hil_tests.emulated import factory, script, three
    from hil_tests.emulated.canteen import CONFIG

    class Timed(three.Three):
        """A window that starts from the console, with a clock around each stage."""

        def _first_flash(self, page: bytes, config: dict | None) -> bytes:
            return factory.make(page, CONFIG | (config or {}), _CONFIG_NAME)

        def start(self) -> int:
            """-> nanoseconds of the board's time when the chip's own began."""
            edges: list[int] = []
            self.board.watch(_CLOCK_PIN, lambda at_ns, level: edges.append(at_ns))
            self.board.run(1)
            script.start(self.board, (_SCRIPTS / "chip_stages.py").read_text())
            self.board.wait(_START_S, lambda: "clock " in self.board.heard, "it does not start")
            self.ready()
            self.board.run(_OPEN_S)
            (told_us,) = re.findall(r"clock (\d+)", self.board.heard)
            return edges[-1] - int(told_us) * 1000

    window = Timed()
    zero_ns = window.start()
    took = three.taps(window, rounds=ROUNDS)
    window.settle()
    window.board.run(_REPORT_S)
    lines = [json.loads(line) for line in re.findall(r"stages (.*)", window.board.heard)]
    names = list(BARS_MS)
    rows: dict[str, list] = {name: [] for name in names}
    for at, (line, (beep_ns, _)) in enumerate(zip(lines, window.panel.beeps, strict=True)):
        name = names[at % len(names)]
        began_ns = beep_ns - took[name][at // len(names)] * 1e6
        rows[name].append(_stages(line, began_ns - zero_ns, beep_ns - zero_ns))
    taps = {name: {"first": rows[name][0], "then": rows[name][-1]} for name in names}
    return taps, window.office.reports[-1].heap_peak


def _stages(line: list, began_ns: float, beep_ns: float) -> dict[str, Any]:
    """Milliseconds of each stage of a tap, and of them what it waited for reader and panel."""
    starts = [row[1] * 1000 for row in line] + [beep_ns]
    stages = {"detect": {"ms": round((starts[0] - began_ns) / 1e6, 2)}}
    for (name, _, asked_us), start, end in zip(line, starts, starts[1:]):
        stages[name.lower()] = {
            "ms": round((end - start) / 1e6, 2), "asked_ms": round(asked_us / 1000, 2),
        }  # fmt: skip
    return {"whole_ms": round((beep_ns - began_ns) / 1e6, 1), "stages": stages}


def _boot() -> dict[str, float]:
    """Milliseconds from power-on."""
    from hil_tests.emulated.canteen import Canteen

    window = Canteen()
    window.board.wait(_START_S, lambda: any(window.panel.face.rows), "no screen")
    screen_ns = window.board.now_ns
    window.board.wait(_START_S, window.is_ready, "the server is not met")
    return {"first_screen_ms": round(screen_ns / 1e6), "ready_ms": round(window.board.now_ns / 1e6)}


def _parts() -> dict[str, Any]:
    """What scripts on the console of a board find."""
    from hil_tests.emulated import factory, script
    from hil_tests.emulated.board import Board

    flash = bytearray(factory.make(b"", None))
    data = _listed().read(0, factory.DATA_BYTES)
    flash[factory.DATA_AT : factory.DATA_AT + factory.DATA_BYTES] = data
    board = Board(bytes(flash))
    board.run(1)

    def told(name: str) -> dict[str, Any]:
        return json.loads(script.told(board, (_SCRIPTS / f"chip_{name}.py").read_text()))

    look = told("blacklist")
    if look["found"] != look["looks"]:
        raise RuntimeError("the chip does not find the cards that were put on its list")
    return {
        "blacklist_us": round(look["us"], 1),
        "session": told("session"),
        "image": told("image"),
    }


def _listed() -> Flash:
    """The data area with a blacklist, written by the firmware's own rules."""
    flash = Flash(LAYOUTS["rp2"].sectors * SECTOR)
    cards = CardList(flash, LAYOUTS["rp2"].blacklist, bytearray(SECTOR))
    cards.mount()
    bits = blacklist.bitmap(LISTED, UNIVERSE)
    cards.apply_full(1, blacklist.digest(bits), blacklist.encode(LISTED, UNIVERSE), 1)
    return flash
