"""The key page: what enrolment gives a terminal, 128 bytes, written once into its flash.

Magic 8 | number u16 | kind u8 | FF | enrolment 16 | sector A 16 | sector B 16 | purse 16 | centre
33 | FF to 124 | CRC-32 u32. It is secret: whoever has it is this terminal. A kind that never writes
cards gets FF for sector B; no other key may be one that everybody tries first. `centre` is the
public key of who orders emergencies (docs/emergency.md), FF if nobody may. What may be done with
the keys is firmware.core.keystore's. Limits: number 1..65534, AES-128 keys.
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
_CENTRE_AT = _KEYS_AT + 4 * _KEY
_CENTRE = 33  # a point of P-256, compressed
_MAX_NUMBER = 65534
_NONE = b"\xff" * _KEY

KeyPage = namedtuple("KeyPage", "number kind enrolment sector_a sector_b purse centre")


def pack(number, kind, enrolment, sector_a, sector_b, purse, centre=b""):
    """-> 128 bytes to program at the start of the region `keys`. LocalError for a bad field."""
    if not 1 <= number <= _MAX_NUMBER:
        raise LocalError(f"no such terminal number: {number}")
    keys = (enrolment, sector_a, sector_b, purse)
    if [len(key) for key in keys] != [_KEY] * len(keys):
        raise LocalError("a key has 16 bytes")
    if _is_open_to_all(keys):
        raise LocalError("a key that everybody tries first")
    if len(centre) not in (0, _CENTRE):
        raise LocalError("the centre's public key has 33 bytes")
    page = struct.pack(_HEAD, _MAGIC, number, kind, 0xFF) + b"".join(keys) + centre
    page += b"\xff" * (SIZE - 4 - len(page))
    return page + struct.pack(">I", binascii.crc32(page))


def unpack(page):
    """-> KeyPage, or None if the bytes are none, or its keys could be anybody's."""
    if len(page) != SIZE:
        return None
    (crc,) = struct.unpack_from(">I", page, SIZE - 4)
    magic, number, kind, _ = struct.unpack_from(_HEAD, page)
    if magic != _MAGIC or binascii.crc32(page[: SIZE - 4]) != crc:
        return None
    keys = [bytes(page[at : at + _KEY]) for at in range(_KEYS_AT, _KEYS_AT + 4 * _KEY, _KEY)]
    if not 1 <= number <= _MAX_NUMBER or _is_open_to_all(keys):
        return None
    centre = bytes(page[_CENTRE_AT : _CENTRE_AT + _CENTRE])
    if centre == b"\xff" * _CENTRE:
        centre = b""
    return KeyPage(number, kind, keys[0], keys[1], keys[2], keys[3], centre)


def is_guessable(key):
    """True for what is no secret: all 00, all FF (erased flash), counting up (OSDP's SCBK-D)."""
    counting = bytes([(key[0] + at) & 0xFF for at in range(_KEY)])
    return key in (bytes(_KEY), _NONE, counting)


def _is_open_to_all(keys):
    return any(is_guessable(keys[at]) for at in range(4) if at != 2 or keys[at] != _NONE)
