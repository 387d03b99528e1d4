"""Our firmware as it lies in a slot of a board: a ROMFS of compiled modules.

Imported from there, code stays in flash and takes no heap. The same sources give the same bytes.
What it is not yet: signed, and with a manifest; both come with updates.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from pathlib import Path

from mpremote import romfs  # type: ignore[import-untyped]

from terminal_sim.image import compiled

SLOT_BYTES = 256 * 1024
_NOT_THERE = ("firmware/boards/unix.mpy",)


def pack() -> bytes:
    """The content of a slot, unfilled. ValueError if it is too long."""
    with tempfile.TemporaryDirectory() as name:
        stage = Path(name) / "slot"
        shutil.copytree(compiled(), stage)
        for path in _NOT_THERE:
            (stage / path).unlink()
        with contextlib.redirect_stdout(io.StringIO()):  # it tells of each file
            content = bytes(romfs.make_romfs(str(stage), mpy_cross=None))
    if len(content) > SLOT_BYTES:
        raise ValueError(f"the firmware has {len(content)} bytes, a slot {SLOT_BYTES}")
    return content
