"""A card and a terminal as physics has them: raw bytes, read without the code under test.

Its own reading of purse blocks, records and lists (docs/mifare.md, docs/record.md,
docs/blacklist.md) and its own MAC (package cryptography). `oracle` has the checks.
"""

import binascii
import struct
from collections import namedtuple

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

SECTOR_SIZE = 4096
RECORD_SIZE = 64
_RECORDS_A_SECTOR = SECTOR_SIZE // RECORD_SIZE
_CONFIRMED, _VOIDED = 0xF1, 0xF2
_BLANK = b"\xff" * RECORD_SIZE

# One true write of a purse: a debit, or a mark of a lost card, which takes nothing.
Write = namedtuple("Write", "counter amount_fen terminal serial")


class Violation(AssertionError):
    """An invariant does not hold. `invariant` is its name, I1 to I9."""

    def __init__(self, invariant, what):
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant


class CardTruth:
    """A card as physics has it: `memory()` gives its two purse blocks as they are now."""

    caps = None  # of its own
    dies_with_record = False  # a debit whose record burnt is witnessed by the card

    def __init__(self, number, uid, purse_key, memory):
        self.number = number
        self.is_copied = False  # there is another with this number
        self.uid = uid
        self._key = purse_key
        self._memory = memory
        self._seen = {}
        self.counter, self.balance_fen, _, _ = self._holding()
        self.issued_fen = self.balance_fen
        self.writes = []

    @property
    def shown_fen(self):
        """What a screen may say of the balance."""
        return self.balance_fen

    def copied(self, memory):
        """-> the truth of a copy of it, as it is now."""
        self.is_copied = True
        made = CardTruth(self.number, self.uid, self._key, memory)
        made.is_copied = True
        return made

    def look(self):
        """The write made since the last look, or None. I2 if what happened is not one write."""
        counter, balance_fen, terminal, serial = self._holding()
        if counter == self.counter:
            if balance_fen != self.balance_fen:
                raise Violation("I2", f"card {self.number} changed without a count")
            return None
        if counter != self.counter + 1:
            raise Violation("I2", f"card {self.number} went {self.counter} -> {counter}")
        write = Write(counter, self.balance_fen - balance_fen, terminal, serial)
        self.counter, self.balance_fen = counter, balance_fen
        self.writes.append(write)
        return write

    def rolled_back(self):
        """Somebody wrote an older image over it."""
        self.counter, self.balance_fen, _, _ = self._holding()

    def _holding(self):
        purses = [self._read(index, block) for index, block in zip((5, 6), self._memory())]
        valid = [purse for purse in purses if purse]
        if not valid:
            raise Violation("I2", f"card {self.number} has no purse left")
        return max(valid)

    def _read(self, index, block):
        """(counter, balance, terminal, serial) or None; the MAC is made only for new bytes."""
        known = self._seen.get(index)
        if known is None or known[0] != block:
            mac = CMAC(AES(self._key))
            mac.update(b"P" + self.uid + bytes((index,)) + block[:12])
            fits = mac.finalize()[:4] == block[12:]
            purse = None
            if fits:
                terminal, serial = struct.unpack_from(">HI", block, 6)
                purse = (u24(block, 0) & 0x7FFFFF, u24(block, 3), terminal, serial)
            known = self._seen[index] = (bytes(block), purse)
        return known[1]


class TerminalTruth:
    """A terminal as physics has it: `flash(at, n)` reads raw bytes; where journal and list lie.

    journal, lists: (first sector, sectors).
    """

    def __init__(self, number, flash, journal, lists):
        self.number = number
        self.is_copy = False  # of the terminal with this number
        self._flash = flash
        self._start = journal[0] * SECTOR_SIZE
        self._slots = journal[1] * _RECORDS_A_SECTOR
        self._lists = lists
        self._at = 0
        self.acked_to = 0  # it may erase up to here
        self.answered_to = 0  # the server ever answered up to here
        self.proofs = {}  # serial of a CPU card's proof -> (is it a counterfeit's, purchase)
        self.gone = set()  # serials that neither it nor a server restored from a backup has
        self.is_offline = False  # when the tap began
        self.offline = {}  # card number -> [taps, fen] that were told paid since it went offline
        self.at_counter = {}  # card number -> the highest counter that it wrote since its boot
        self.refused = frozenset()  # the card numbers of the list that holds in its flash
        self.refused_before = frozenset()  # the same when the tap began

    def record(self, serial):
        """(type, card, counter, amount_fen, is grey, is done) of a record in flash, or None."""
        slot = self._find(serial)
        if slot is None:
            return None
        raw = self._slot(slot)
        outcome = raw[60]
        done = outcome & 0xF0 != 0xF0
        grey = outcome == 0xFF
        if grey:
            mark = self._mark(serial, slot)
            grey, done = mark is None, mark == _CONFIRMED
        return raw[4], u24(raw, 12), u24(raw, 20), _u32(raw, 16), grey, done

    def newest(self):
        """The highest serial of its records, 0 if there is none."""
        return max((serial for serial, _ in self._records()), default=0)

    def payment_after(self, before, card, counter):
        """(serial, fen) of a payment of this card at this counter that is newer than `before`, and
        done; or None."""
        for serial, raw in self._records():
            if serial > before and raw[4] == 1 and (u24(raw, 12), u24(raw, 20)) == (card, counter):
                return serial, _u32(raw, 16)
        return None

    def proof(self, card):
        """(serial, TAC, serial of the purchase) of the newest proof of a CPU card here, None if
        there is none."""
        found = [
            (serial, raw[44:48], _u32(raw, 37))
            for serial, raw in self._records()
            if raw[4] == 8 and raw[6:8] == b"\0\x17" and u24(raw, 12) == card
        ]
        return max(found, default=None)

    def _records(self):
        """(serial, bytes) of each whole record, in no order."""
        for slot in range(self._slots):
            raw = self._slot(slot)
            serial = _u32(raw, 0)
            if serial != 0xFFFFFFFF and _is_whole(raw):
                yield serial, raw

    def listed(self):
        """(version, card numbers) of the list that holds: whole header, higher sequence."""
        first, sectors = self._lists
        best = (0, 0, 0, 0)
        for copy in (first, first + sectors // 2):
            raw = self._flash(copy * SECTOR_SIZE, RECORD_SIZE)
            magic, sequence, version, universe = struct.unpack_from(">4sIII", raw)
            if magic == b"CLST" and binascii.crc32(raw[:60]) == _u32(raw, 60):
                best = max(best, (sequence, version, universe, copy + 1))
        _, version, universe, sector = best
        bits = self._flash(sector * SECTOR_SIZE, universe // 8).rstrip(b"\0")
        cards = [8 * at + n for at, byte in enumerate(bits) for n in range(8) if byte >> n & 1]
        return version, frozenset(cards)

    def check_erase(self, sector):
        """I5: nothing that the server has not answered may be erased."""
        for slot in range(_RECORDS_A_SECTOR):
            raw = self._flash(sector * SECTOR_SIZE + slot * RECORD_SIZE, RECORD_SIZE)
            (serial,) = struct.unpack_from(">I", raw)
            if serial != 0xFFFFFFFF and serial > self.acked_to and _is_whole(raw):
                raise Violation("I5", f"terminal {self.number} erases unsent record {serial}")

    def _slot(self, slot):
        return self._flash(self._start + slot % self._slots * RECORD_SIZE, RECORD_SIZE)

    def _mark(self, serial, slot):
        """Type of the mark that settles a record, where flash takes no second program, or None."""
        heads = [struct.pack(">IBI", 0xFFFFFFFF, word, serial) for word in (_CONFIRMED, _VOIDED)]
        for step in range(1, self._slots):
            raw = self._slot(slot + step)
            if raw[:9] in heads and binascii.crc32(raw[:56]) == _u32(raw, 56):
                return raw[4]
            if raw == _BLANK:
                break  # later marks stand after earlier ones, without a gap
        return None

    def _find(self, serial):
        """Slot of a whole record (a cut program leaves its serial behind), or None."""
        wanted = struct.pack(">I", serial)
        for step in range(self._slots):
            slot = (self._at + step) % self._slots
            at = self._start + slot * RECORD_SIZE
            if self._flash(at, 4) == wanted and _is_whole(self._flash(at, RECORD_SIZE)):
                self._at = slot  # the next one asked for lies near
                return slot
        return None


def type_of(amount_fen):
    """Type of the record of a write: a load of nothing is a mark, a purchase takes money."""
    return 1 if amount_fen else 5


def u24(raw, at):
    return raw[at] << 16 | raw[at + 1] << 8 | raw[at + 2]


def _u32(raw, at):
    return struct.unpack_from(">I", raw, at)[0]


def _is_whole(raw):
    """A record whose CRC is right; a mark of flash that takes no second program has no type."""
    return 1 <= raw[4] <= 8 and binascii.crc32(raw[:56]) == struct.unpack_from(">I", raw, 56)[0]
