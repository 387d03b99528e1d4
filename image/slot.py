"""Our firmware as it lies in a slot of a board: a ROMFS of compiled modules.

Imported from there, code stays in flash and takes no heap. The same sources give the same bytes.
The last sector of a slot is its header's (docs/image.md); `image.build` signs what is made here.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from mpremote import romfs  # type: ignore[import-untyped]

from terminal_sim.image import RP2040, compiled

SLOT_BYTES = 256 * 1024
ROOM_BYTES = SLOT_BYTES - 4096  # the last sector is the header's
_NOT_THERE = ("firmware/boards/unix.mpy",)


def pack(
    without: tuple[str, ...] = (), prepare: Callable[[Path], None] = lambda stage: None
) -> bytes:
    """The content of a slot, unfilled: all but the files `without`; `prepare` may put others into
    the folder that it is made of. ValueError if it is too long."""
    with tempfile.TemporaryDirectory() as name:
        stage = Path(name) / "slot"
        shutil.copytree(compiled(RP2040), stage)
        for path in _NOT_THERE + without:
            (stage / path).unlink()
        prepare(stage)
        with contextlib.redirect_stdout(io.StringIO()):  # it tells of each file
            content = bytes(romfs.make_romfs(str(stage), mpy_cross=None))
    if len(content) > ROOM_BYTES:
        raise ValueError(f"the firmware has {len(content)} bytes, a slot room for {ROOM_BYTES}")
    return content
