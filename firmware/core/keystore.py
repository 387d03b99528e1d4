"""The terminal's keys: a page in flash, and what may be done with them.

Nothing here gives a key away: the core asks for a derivation or for a block to be encrypted, as it
would ask a secure element, which can take this file's place. It does not protect flash from
someone who opens the case; that is the board's (flash encryption), and key generations at the
server. The page's bytes: protocol.keypage.
"""

from protocol import keypage
from protocol.aes import Aes
from protocol.hkdf import derive

SECTOR_A = 0
SECTOR_B = 1
PURSE = 2


class NotProvisioned(Exception):
    """There is no key page in flash: enrol the terminal and write its page."""


class Keys:
    """What the page of this terminal allows. NotProvisioned if there is none."""

    def __init__(self, flash, region):
        page = keypage.unpack(flash.read(region.first * flash.sector, keypage.SIZE))
        if page is None:
            raise NotProvisioned("no key page in flash: this terminal is not enrolled")
        self.number = page.number
        self.kind = page.kind
        self._enrolment = page.enrolment
        self._ciphers = [Aes(key).ecb for key in (page.sector_a, page.sector_b, page.purse)]

    def session(self, salt, info, length):
        """-> `length` bytes for the session, from the enrolment key (HKDF-SHA256)."""
        return derive(self._enrolment, salt, info, length)

    def encrypt(self, slot, block):
        """-> the block of 16 bytes under key SECTOR_A, SECTOR_B or PURSE."""
        return self._ciphers[slot](block)

    def encryptor(self, slot):
        """-> the same as a callable of the block alone, as `card_layout.keys` takes it."""
        return self._ciphers[slot]
