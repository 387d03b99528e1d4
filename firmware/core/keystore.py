"""The terminal's keys: a page in flash, and what may be done with them.

Nothing here gives a key away: the core asks for a derivation or for a block to be encrypted, as it
would ask a secure element, which can take this file's place. It does not protect flash from
someone who opens the case; that is the board's (flash encryption), and key generations at the
server. Page: magic 8 | number u16 | kind u8 | FF | enrolment 16 | sector A 16 | sector B 16 |
purse 16 | FF to 124 | CRC-32 u32. Limits: number 1..65534, one page, AES-128 keys.
"""

import binascii
import struct

from protocol.aes import Aes
from protocol.hkdf import derive

PAGE_SIZE = 128
MAGIC = b"CAMPUSK1"
SECTOR_A = 0
SECTOR_B = 1
PURSE = 2

_HEAD = ">8sHBB"
_KEY = 16
_KEYS_AT = 12


class NotProvisioned(Exception):
    """There is no key page in flash: enrol the terminal and write its page."""


def pack(number, kind, enrolment, sector_a, sector_b, purse):
    """-> 128 bytes to program at the start of the region `keys`. ValueError for a bad field."""
    if not 1 <= number <= 65534:
        raise ValueError(f"no such terminal number: {number}")
    keys = (enrolment, sector_a, sector_b, purse)
    if [len(key) for key in keys] != [_KEY] * len(keys):
        raise ValueError("a key has 16 bytes")
    page = struct.pack(_HEAD, MAGIC, number, kind, 0xFF) + b"".join(keys)
    page += b"\xff" * (PAGE_SIZE - 4 - len(page))
    return page + struct.pack(">I", binascii.crc32(page))


class Keys:
    """What the page of this terminal allows. NotProvisioned if there is none."""

    def __init__(self, flash, region):
        page = flash.read(region.first * flash.sector, PAGE_SIZE)
        (crc,) = struct.unpack_from(">I", page, PAGE_SIZE - 4)
        magic, self.number, self.kind, _ = struct.unpack_from(_HEAD, page)
        if magic != MAGIC or binascii.crc32(page[:-4]) != crc:
            raise NotProvisioned("no key page in flash: this terminal is not enrolled")
        keys = [bytes(page[at : at + _KEY]) for at in range(_KEYS_AT, _KEYS_AT + 4 * _KEY, _KEY)]
        self._enrolment = keys[0]
        self._ciphers = [Aes(key).ecb for key in keys[1:]]

    def session(self, salt, info, length):
        """-> `length` bytes for the session, from the enrolment key (HKDF-SHA256)."""
        return derive(self._enrolment, salt, info, length)

    def encrypt(self, slot, block):
        """-> the block of 16 bytes under key SECTOR_A, SECTOR_B or PURSE."""
        return self._ciphers[slot](block)

    def encryptor(self, slot):
        """-> the same as a callable of the block alone, as `card_layout.keys` takes it."""
        return self._ciphers[slot]
