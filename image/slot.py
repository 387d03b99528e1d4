"""Our firmware as it lies in a slot of a board: a ROMFS of compiled modules.

Imported from there, code stays in flash and takes no heap. The same sources give the same bytes.
The last sector of a slot is its header's (docs/image.md); `image.build` signs what is made here.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mpremote import romfs  # type: ignore[import-untyped]

from terminal_sim.image import RP2040, compiled

SLOT_BYTES = 256 * 1024
ROOM_BYTES = SLOT_BYTES - 4096  # the last sector is the header's
_MAGIC_BYTES = 3
_VERBATIM, _POINTER, _FOLDER, _FILE = 2, 3, 4, 5  # kinds of records in a ROMFS
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
        content = romfs_of(stage)
    if len(content) > ROOM_BYTES:
        raise ValueError(f"the firmware has {len(content)} bytes, a slot room for {ROOM_BYTES}")
    return content


def romfs_of(folder: Path) -> bytes:
    """A ROMFS of what is in a folder."""
    with contextlib.redirect_stdout(io.StringIO()):  # it tells of each file
        return bytes(romfs.make_romfs(str(folder), mpy_cross=None))


def sizes(content: bytes) -> dict[str, int]:
    """Bytes of each file in the content of a slot, by its path. It reads what `pack` makes.
    Source: MicroPython, docs/reference/romfs.rst: records of kind, length, payload."""
    length, at = _number(content, _MAGIC_BYTES)
    return dict(_files(content, at, at + length, ""))


def _files(raw: bytes, at: int, end: int, folder: str) -> Iterator[tuple[str, int]]:
    while at < end:
        kind, at = _number(raw, at)
        length, at = _number(raw, at)
        if kind in (_FOLDER, _FILE):
            name_length, name_at = _number(raw, at)
            inner = name_at + name_length
            path = f"{folder}{raw[name_at:inner].decode()}"
            if kind == _FOLDER:
                yield from _files(raw, inner, at + length, f"{path}/")
            else:
                yield path, _data_length(raw, inner, at + length)
        at += length


def _data_length(raw: bytes, at: int, end: int) -> int:
    """Of a file's records: the data itself, or where in the image it lies."""
    total = 0
    while at < end:
        kind, at = _number(raw, at)
        length, at = _number(raw, at)
        if kind == _VERBATIM:
            total += length
        elif kind == _POINTER:
            total += _number(raw, at)[0]
        at += length
    return total


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """-> (number, where the next one is): 7 bits a byte, the highest first."""
    value = 0
    while raw[at] & 0x80:
        value = value << 7 | raw[at] & 0x7F
        at += 1
    return value << 7 | raw[at], at + 1
