"""Images for a board: newer ones, ones that fail, and slots in which an update stands still."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from firmware.core import slots
from firmware.core.layout import Region
from hil_tests.emulated import factory
from hil_tests.emulated.canteen import Canteen
from image import build, slot
from protocol import manifest, messages
from terminal_sim.flash import Flash
from terminal_sim.image import compile_file

NEW = (9, 0, 0)
SECTOR = 4096
_CRASH = "raise ValueError('this image is broken')\n"
BOOT, RUN = Path("firmware/boot.py"), Path("firmware/run.py")


@functools.cache
def newer() -> bytes:
    """An image like the one that runs, of another version."""
    keys = {factory.KEY_NUMBER: build.public(factory.KEY.public_key())}
    return sign(build.content("pos", NEW, keys), NEW)


@functools.cache
def broken(release: tuple[int, int, int]) -> bytes:
    """An image that fails as soon as anything of it is imported; there is nothing more in it, so
    that a chip is through with its digest at once."""
    with tempfile.TemporaryDirectory() as name:
        _compile(BOOT, Path(name))
        return sign(slot.romfs_of(Path(name)), release)


@functools.cache
def serves_nobody(release: tuple[int, int, int]) -> bytes:
    """An image that fails where people are served, and works in safe mode."""
    return sign(slot.pack((), lambda stage: _compile(RUN, stage)), release)


def _compile(path: Path, stage: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / path.name
        file.write_text(_CRASH)
        compile_file(file, path, stage / path.with_suffix(".mpy"))


def sign(romfs: bytes, release: tuple[int, int, int], kind: str = "pos") -> bytes:
    """-> an image that boards of `factory` take."""
    return build.sign(kind, factory.KEY, factory.KEY_NUMBER, romfs, release)


def in_slot(image: bytes, missing: int = 0, marks: tuple[str, ...] = ()) -> bytes:
    """A slot with this image but its last `missing` sectors, and these marks."""
    flash = Flash(slot.SLOT_BYTES)
    made = slots.Slot(flash, Region(0, slot.SLOT_BYTES // SECTOR))
    made.begin(image[: manifest.SIZE])
    romfs = image[manifest.SIZE :]
    end = (made.sectors_of(len(romfs)) - missing) * SECTOR
    for at in range(0, min(end, len(romfs)), 256):
        made.put(at, romfs[at : at + 256])
    for mark in marks:
        made.mark(mark)
    return flash.read(0, slot.SLOT_BYTES)


def with_slot(flash: bytes, number: int, content: bytes) -> bytes:
    """The chip's flash with this in a slot."""
    at = factory.STORAGE_AT + number * slot.SLOT_BYTES
    return flash[:at] + content + flash[at + slot.SLOT_BYTES :]


def look(flash: bytes, number: int) -> slots.Slot:
    """What a slot of a chip's flash says."""
    held = Flash(slot.SLOT_BYTES)
    at = factory.STORAGE_AT + number * slot.SLOT_BYTES
    for start in range(0, slot.SLOT_BYTES, SECTOR):
        held.program(start, flash[at + start : at + start + SECTOR])
    return slots.Slot(held, Region(0, slot.SLOT_BYTES // SECTOR))


class Window(Canteen):
    """A till with something in a slot from its first power-on."""

    def __init__(self, number: int, content: bytes):
        self._put = (number, content)
        super().__init__()

    def _first_flash(self, page: bytes, config: dict | None) -> bytes:
        return with_slot(super()._first_flash(page, config), *self._put)


class Offer:
    """The server of a canteen has this image for its terminal. said: the terminal's answers."""

    def __init__(self, canteen: Canteen, image: bytes):
        self.said: list[int] = []
        self._image = image
        self._is_due = True
        memory = canteen.memory
        self._push, self._pushed, self._serve = memory.push, memory.pushed, memory.serve
        memory.push, memory.pushed, memory.serve = (  # type: ignore[method-assign]
            self._next, self._answered, self._asked,
        )  # fmt: skip

    def _next(self, number: int, whole: bool = False) -> bytes | None:
        body = self._push(number, whole)
        if body is None and self._is_due:
            return messages.encode(messages.IMAGE, (), self._image[: manifest.SIZE])
        return body

    def _answered(self, number: int, reply: bytes) -> None:
        kind, values, _ = messages.decode(reply, messages.TERMINAL)
        if kind != messages.IMAGE_STATE:
            self._pushed(number, reply)
            return
        self._is_due = False
        self.said.append(values.status)

    def _asked(self, number: int, body: bytes) -> tuple:
        kind, values, _ = messages.decode(body, messages.TERMINAL)
        if kind != messages.PIECE:
            return self._serve(number, body)
        at = manifest.SIZE + values.offset
        return messages.encode(messages.BYTES, (values.offset,), self._image[at : at + 1024]), []
