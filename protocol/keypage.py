"""The key page: what enrolment gives a terminal, 128 bytes, written once into its flash.

Magic 8 | number u16 | kind u8 | FF | enrolment 16 | sector A 16 | sector B 16 | purse 16 | FF to
124 | CRC-32 u32. It is secret: whoever has it is this terminal. A kind that never writes cards gets
FF for sector B. What may be done with the keys is firmware.core.keystore's. Limits: number
1..65534, AES-128 keys.
"""

import binascii
import struct
from collections import namedtuple

from protocol.errors import LocalError

SIZE = 128
_MAGIC = b"CAMPUSK1"
_HEAD = ">8sHBB"
_KEYS_AT = 12
_KEY = 16

KeyPage = namedtuple("KeyPage", "number kind enrolment sector_a sector_b purse")


def pack(number, kind, enrolment, sector_a, sector_b, purse):
    """-> 128 bytes to program at the start of the region `keys`. LocalError for a bad field."""
    if not 1 <= number <= 65534:
        raise LocalError(f"no such terminal number: {number}")
    keys = (enrolment, sector_a, sector_b, purse)
    if [len(key) for key in keys] != [_KEY] * len(keys):
        raise LocalError("a key has 16 bytes")
    page = struct.pack(_HEAD, _MAGIC, number, kind, 0xFF) + b"".join(keys)
    page += b"\xff" * (SIZE - 4 - len(page))
    return page + struct.pack(">I", binascii.crc32(page))


def unpack(page):
    """-> KeyPage, or None if the bytes are none."""
    (crc,) = struct.unpack_from(">I", page, SIZE - 4)
    magic, number, kind, _ = struct.unpack_from(_HEAD, page)
    if magic != _MAGIC or binascii.crc32(page[: SIZE - 4]) != crc:
        return None
    keys = [bytes(page[at : at + _KEY]) for at in range(_KEYS_AT, _KEYS_AT + 4 * _KEY, _KEY)]
    return KeyPage(number, kind, keys[0], keys[1], keys[2], keys[3])
