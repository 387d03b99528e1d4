"""Card keys of versions that the key page has not: as the server tells them, as flash keeps them.

A row is (version, sector A, sector B, purse): three AES-128 masters; a kind that never writes cards
has FF for sector B. In the message KEYS a row has 49 bytes: version, then the keys. In flash it has
a page of 64: magic 8 | version u8 | FF 3 | sector A 16 | sector B 16 | purse 16 | CRC-32 u32.
Limits: versions 1..15 (a record has a nibble for it). Story: docs/mifare.md.
"""

import binascii
import struct

from protocol.errors import LocalError
from protocol.keypage import is_guessable

PAGE_SIZE = 64
ROW_SIZE = 49
VERSION_MAX = 15
_MAGIC = b"CAMPUSV1"
_KEY = 16
_KEYS_AT = 12
_NONE = b"\xff" * _KEY


def pack(row):
    """-> the page of a row, 64 bytes. LocalError if it is none."""
    if not _is_row(row):
        raise LocalError(f"no card keys of version {row[0]}")
    page = _MAGIC + bytes((row[0], 0xFF, 0xFF, 0xFF)) + b"".join(row[1:])
    return page + struct.pack(">I", binascii.crc32(page))


def unpack(page):
    """-> the row of a page, or None if the bytes are none."""
    if len(page) != PAGE_SIZE or page[:8] != _MAGIC:
        return None
    if struct.unpack_from(">I", page, PAGE_SIZE - 4)[0] != binascii.crc32(page[: PAGE_SIZE - 4]):
        return None
    return _row(page[8], page[_KEYS_AT:])


def tell(rows):
    """-> the tail of KEYS."""
    return b"".join([bytes((row[0],)) + b"".join(row[1:]) for row in rows])


def told(tail):
    """-> [row, ...], or None if one is none."""
    rows = [_row(tail[at], tail[at + 1 :]) for at in range(0, len(tail), ROW_SIZE)]
    return None if len(tail) % ROW_SIZE or None in rows else rows


def _row(version, data):
    row = (version,) + tuple([bytes(data[at : at + _KEY]) for at in (0, _KEY, 2 * _KEY)])
    return row if _is_row(row) else None


def _is_row(row):
    if not 1 <= row[0] <= VERSION_MAX or [len(key) for key in row[1:]] != [_KEY] * 3:
        return False
    return (
        not is_guessable(row[1])
        and not is_guessable(row[3])
        and (row[2] == _NONE or not is_guessable(row[2]))
    )
