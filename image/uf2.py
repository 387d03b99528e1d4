"""UF2, the file that the boot drive of an RP2040 takes: blocks of 512 bytes with 256 of content.

Source: Microsoft, "USB Flashing Format (UF2)"; the family's number is the RP2040's of its list.
"""

from __future__ import annotations

import struct

FLASH_AT = 0x10000000
CONTENT = 256
_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_HAS_FAMILY = 0x2000
_RP2040 = 0xE48BFF56
_ROOM = 476


def pack(binary: bytes, at: int = FLASH_AT) -> bytes:
    """The file that puts `binary` at an address of the memory map."""
    count = -(-len(binary) // CONTENT)
    blocks = []
    for number in range(count):
        content = binary[number * CONTENT : (number + 1) * CONTENT].ljust(CONTENT, b"\0")
        head = (*_MAGIC, _HAS_FAMILY, at + number * CONTENT, CONTENT, number, count, _RP2040)
        blocks.append(
            struct.pack("<8I", *head) + content.ljust(_ROOM, b"\0") + struct.pack("<I", _MAGIC_END)
        )
    return b"".join(blocks)


def unpack(file: bytes) -> tuple[int, bytes]:
    """-> (address, content) of a file whose blocks follow each other. ValueError if it is none."""
    content = bytearray()
    first = None
    for start in range(0, len(file), 512):
        block = file[start : start + 512]
        if len(block) < 512 or struct.unpack_from("<2I", block) != _MAGIC:
            raise ValueError(f"no UF2 block at byte {start}")
        flags, at, size, number, count, family = struct.unpack_from("<6I", block, 8)
        if first is None:
            first = at
        if at != first + len(content) or number * 512 != start or count * 512 != len(file):
            raise ValueError(f"block {number} is out of its place")
        if size != CONTENT or family != _RP2040 or flags != _HAS_FAMILY:
            raise ValueError(f"block {number} is not for an RP2040")
        if struct.unpack_from("<I", block, 508)[0] != _MAGIC_END:
            raise ValueError(f"block {number} has no end")
        content += block[32 : 32 + size]
    if first is None:
        raise ValueError("an empty file")
    return first, bytes(content)
