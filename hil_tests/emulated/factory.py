"""A flash chip as it leaves provisioning: base firmware, a signed image in slot 0, key page,
configuration."""

from __future__ import annotations

import functools
import json

from cryptography.hazmat.primitives.asymmetric import ec
from littlefs import LittleFS

from firmware.core.layout import LAYOUTS, SECTOR
from image import base, build, slot, uf2
from protocol import keypage, messages

FLASH_BYTES = 2 * 1024 * 1024
STORAGE_AT = base.CODE_BYTES
SLOTS = 2
DATA_AT = STORAGE_AT + SLOTS * slot.SLOT_BYTES
DATA_BYTES = LAYOUTS["rp2"].sectors * SECTOR
FILES_AT = DATA_AT + DATA_BYTES


KIND_AT = DATA_AT + LAYOUTS["rp2"].keys.first * SECTOR + 10  # in the key page
KEY = ec.derive_private_key(20_260_901, ec.SECP256R1())  # signs what is tested here
KEY_NUMBER = 1


def page_of(kind: int) -> bytes:
    """A key page of some terminal of this kind."""
    keys = [bytes(range(first, first + 32, 2)) for first in (1, 2, 3, 4)]
    return keypage.pack(1, kind, *keys)


@functools.cache
def image(kind: str = "pos") -> bytes:
    """The image of this tree."""
    return build.build(kind, KEY, KEY_NUMBER)


@functools.cache
def _slot(kind: str) -> bytes:
    return build.slot_of(image(kind))


def _kind_of(page: bytes) -> str:
    """The kind of terminal of a key page; a till where there is none."""
    number = page[10] if page else messages.POS
    return next(kind for kind, value in build.KINDS.items() if value == number)


def make(page: bytes, config: dict | None, name: str = "config.json") -> bytes:
    """2 MiB; `page` is the key page of an enrolment, `config` what boards/rp2.py reads. Without a
    configuration, or with one of another name, the board starts no terminal and has a console
    only."""
    flash = bytearray(b"\xff" * FLASH_BYTES)
    _, code = uf2.unpack((base.folder() / base.UF2).read_bytes())
    flash[: len(code)] = code
    firmware = _slot(_kind_of(page))
    flash[STORAGE_AT : STORAGE_AT + len(firmware)] = firmware
    keys = DATA_AT + LAYOUTS["rp2"].keys.first * SECTOR
    flash[keys : keys + len(page)] = page
    files = LittleFS(
        block_size=SECTOR, block_count=(FLASH_BYTES - FILES_AT) // SECTOR,
        prog_size=256, read_size=32, cache_size=256, lookahead_size=32, disk_version=0x00020000,
    )  # fmt: skip
    if config is not None:
        with files.open(name, "w") as file:
            file.write(json.dumps(config))
    flash[FILES_AT:] = files.context.buffer
    return bytes(flash)
