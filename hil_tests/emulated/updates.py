"""Images for a board: newer ones, ones that fail, and slots in which an update stands still."""

from __future__ import annotations

import functools
from pathlib import Path

from firmware.core import slots
from firmware.core.layout import Region
from hil_tests.emulated import factory
from image import build, slot
from protocol import manifest
from terminal_sim.flash import Flash

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
def broken(path: Path, release: tuple[int, int, int]) -> bytes:
    """An image that fails as soon as this file is imported."""
    return sign(build.packed("pos", {path: _CRASH}), release)


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
