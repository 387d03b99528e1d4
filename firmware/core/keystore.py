"""The terminal's keys: pages in flash, and what may be done with them.

Nothing here gives a key away: the core asks for a derivation or for a block to be encrypted, as it
would ask a secure element, which can take this file's place. It does not protect flash from
someone who opens the case; that is the board's (flash encryption), and key generations at the
server. The key page (protocol.keypage) says who this terminal is and has card keys of version 1;
those of other versions follow in pages of their own (protocol.cardkeys), STRIDE bytes apart.
"""

from protocol import keypage, messages
from protocol.aes import Aes
from protocol.hkdf import derive

SECTOR_A = 0
SECTOR_B = 1
PURSE = 2

STRIDE = 256  # at least what any board's flash programs at once
_PAGE_SIZE = 64
_FREE = b"\xff" * _PAGE_SIZE


class NotProvisioned(Exception):
    """There is no key page in flash: enrol the terminal and write its page."""


class Keys:
    """What the pages of this terminal allow. NotProvisioned if there is no key page.

    versions: of the card keys, the newest first. has_psam: what debits CPU cards is in a PSAM.
    """

    has_psam = False

    def __init__(self, flash, region):
        self._flash = flash
        self._at = region.first * flash.sector
        self._end = self._at + region.sectors * flash.sector
        page = keypage.unpack(flash.read(self._at, keypage.SIZE))
        if page is None:
            raise NotProvisioned("no key page in flash: this terminal is not enrolled")
        self.number = page.number
        self.kind = page.kind
        self.centre = page.centre  # public: who may order emergencies
        self._enrolment = page.enrolment
        self._masters = {1: (page.sector_a, page.sector_b, page.purse)}  # by version
        self._ciphers = {}  # by version: AES under each, made at the first use
        self._free = self._at + STRIDE  # where the next page goes
        while self._free < self._end:
            raw = flash.read(self._free, _PAGE_SIZE)
            if raw == _FREE:
                break
            from protocol import cardkeys  # no memory for it where keys have one version

            self._free += STRIDE
            row = cardkeys.unpack(raw)  # None: power failed while it was written
            if row is not None:
                self._masters[row[0]] = row[1:]
        self.versions = sorted(self._masters, reverse=True)

    def session(self, salt, info, length):
        """-> `length` bytes for the session, from the enrolment key (HKDF-SHA256)."""
        return derive(self._enrolment, salt, info, length)

    def encrypt(self, slot, block):
        """-> the block of 16 bytes under the newest key SECTOR_A, SECTOR_B or PURSE."""
        return self.encryptor(slot)(block)

    def encryptor(self, slot, version=None):
        """-> the same as a callable of the block alone, as `card_layout.keys` takes it; of one of
        `versions`, the newest unless told."""
        version = version or self.versions[0]
        if version not in self._ciphers:
            self._ciphers[version] = [Aes(key).ecb for key in self._masters[version]]
        return self._ciphers[version][slot]

    def learn(self, tail):
        """The server's card keys (tail of KEYS) into flash. -> status: APPLIED, SAME, REFUSED."""
        from protocol import cardkeys

        rows = cardkeys.told(tail)
        if rows is None:
            return messages.REFUSED
        status = messages.SAME
        for row in rows:
            if row[0] not in self._masters:
                if not self._write(cardkeys.pack(row)):
                    return messages.REFUSED
                self._masters[row[0]] = row[1:]
                self.versions = sorted(self._masters, reverse=True)
                status = messages.APPLIED
            elif self._masters[row[0]] != row[1:]:
                return messages.REFUSED  # one version has one set of keys
        return status

    def _write(self, page):
        """False if the sector is full, or its flash takes nothing."""
        if self._free + STRIDE > self._end:
            return False
        at, self._free = self._free, self._free + STRIDE
        self._flash.program(at, page + b"\xff" * (-len(page) % self._flash.unit))
        return self._flash.read(at, len(page)) == page
