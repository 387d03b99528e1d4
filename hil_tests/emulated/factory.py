"""A flash chip as it leaves provisioning: base firmware, our slot, key page, configuration."""

from __future__ import annotations

import json

from littlefs import LittleFS

from firmware.core.layout import LAYOUTS, SECTOR
from image import base, slot, uf2

FLASH_BYTES = 2 * 1024 * 1024
STORAGE_AT = base.CODE_BYTES
SLOTS = 2
DATA_AT = STORAGE_AT + SLOTS * slot.SLOT_BYTES
DATA_BYTES = LAYOUTS["rp2"].sectors * SECTOR
FILES_AT = DATA_AT + DATA_BYTES


def make(page: bytes, config: dict | None) -> bytes:
    """2 MiB; `page` is the key page of an enrolment, `config` what boards/rp2.py reads. Without a
    configuration the board starts no terminal and has a console only."""
    flash = bytearray(b"\xff" * FLASH_BYTES)
    _, code = uf2.unpack((base.folder() / base.UF2).read_bytes())
    flash[: len(code)] = code
    firmware = slot.pack()
    flash[STORAGE_AT : STORAGE_AT + len(firmware)] = firmware
    keys = DATA_AT + LAYOUTS["rp2"].keys.first * SECTOR
    flash[keys : keys + len(page)] = page
    files = LittleFS(
        block_size=SECTOR, block_count=(FLASH_BYTES - FILES_AT) // SECTOR,
        prog_size=256, read_size=32, cache_size=256, lookahead_size=32, disk_version=0x00020000,
    )  # fmt: skip
    if config is not None:
        with files.open("config.json", "w") as file:
            file.write(json.dumps(config))
    flash[FILES_AT:] = files.context.buffer
    return bytes(flash)
