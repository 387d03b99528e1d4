"""What is flashed: checked whole before any board is touched.

An image (.img, docs/image.md): kind, version, digest, and the signature of a key that is trusted
here. A base file: UF2 for an RP2040, or the one-file firmware for an ESP32-S3. Everything here is a
Fault that names the file. What it is not: reading from a board.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from esptool.bin_image import ESP32S3FirmwareImage, LoadFirmwareImage

from card_layout import p256
from image import uf2
from protocol import manifest, messages
from protocol.errors import ProtocolError
from tools.flashing.faults import Fault

KINDS = {messages.POS: "pos", messages.GATE: "gate", messages.WATER: "water"}
CODE_BYTES = 640 * 1024  # of the RP2040's base firmware: image/base.py
APP_AT = 0x10000
TABLE_AT, TABLE_BYTES = 0x8000, 0x1000


class Image(NamedTuple):
    """A signed image. raw: the whole file."""

    path: Path
    kind: str
    version: tuple[int, int, int]
    raw: bytes


def read(path: Path) -> bytes:
    """A file of this computer."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Fault("bad_image", file=path, why=error.strerror) from None


def image(path: Path, trusted: Mapping[int, bytes], wanted: str | None) -> Image:
    """Fault if it is damaged, signed by a stranger, forged, or for another kind than wanted."""
    raw = read(path)
    try:
        head = manifest.parse(raw[: manifest.SIZE])
    except ProtocolError as error:
        raise Fault("bad_image", file=path, why=error) from None
    if head.key not in trusted:
        raise Fault("strange_key", file=path, key=head.key)
    signature = raw[manifest.SIGNED : manifest.SIZE]
    if not p256.verify(trusted[head.key], raw[: manifest.SIGNED], signature):
        raise Fault("forged", file=path)
    romfs = raw[manifest.SIZE :]
    if len(romfs) != head.size:
        raise Fault("bad_image", file=path, why=f"{len(romfs)} of {head.size} bytes")
    if hashlib.sha256(romfs).digest() != head.digest:
        raise Fault("bad_image", file=path, why="its digest is another")
    kind = KINDS.get(head.kind, str(head.kind))
    if wanted not in (None, kind):
        raise Fault("other_kind", kind=kind, wanted=wanted)
    return Image(path, kind, tuple(head.version), raw)


def version_of(head: bytes) -> tuple[int, int, int] | None:
    """Of the first 160 bytes of a slot's header, as the board has it; None: there is no image."""
    try:
        return tuple(manifest.parse(head).version)
    except ProtocolError:
        return None


def refuse_older(made: Image, heads: list[bytes]) -> None:
    """Fault if a slot of the board has a newer one."""
    for found in filter(None, map(version_of, heads)):
        if found > made.version:
            told = [".".join(map(str, version)) for version in (found, made.version)]
            raise Fault("older", board=told[0], image=told[1])


def rp2_base(path: Path) -> bytes:
    """A UF2 file whose every block is for an RP2040, in order, all there, below our storage."""
    raw = read(path)
    try:
        at, content = uf2.unpack(raw)
    except ValueError as error:
        raise Fault("bad_uf2", file=path, why=error) from None
    if at != uf2.FLASH_AT or len(content) > CODE_BYTES:
        why = f"0x{at:08x} + {len(content)} bytes, our base lies at 0x{uf2.FLASH_AT:08x}"
        raise Fault("bad_uf2", file=path, why=f"{why}, at most {CODE_BYTES}")
    return raw


def esp_base(path: Path) -> bytes:
    """A file with boot loader and app, each whole by its own SHA-256, for an ESP32-S3."""
    raw = read(path)
    for name, start, end in (("boot loader", 0, TABLE_AT), ("app", APP_AT, len(raw))):
        try:
            found = LoadFirmwareImage("esp32s3", raw[start:end])
        except Exception as error:  # struct.error and whatever else a cut file does to it
            raise Fault("bad_base", file=path, why=f"{name}: {_line(error)}") from None
        is_ours = isinstance(found, ESP32S3FirmwareImage)
        if not is_ours or found.chip_id != ESP32S3FirmwareImage.ROM_LOADER.IMAGE_CHIP_ID:
            raise Fault("bad_base", file=path, why=f"{name}: for another chip")
        if found.checksum != found.calculate_checksum():
            raise Fault("bad_base", file=path, why=f"{name}: its checksum is another")
        if not found.append_digest or found.stored_digest != found.calc_digest:
            raise Fault("bad_base", file=path, why=f"{name}: its SHA-256 is another")
    return raw


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
