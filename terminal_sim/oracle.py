"""The oracle: what must be true of a campus after every event.

It knows the truth and never asks the code under test. The truth is physical: the bytes in the
cards, the bytes in the terminals' flash, what the screens said, the postings that the ledger
holds. It has its own reading of purse blocks and records (docs/mifare.md, docs/record.md) and its
own MAC (package cryptography), so that a mistake in card_layout or protocol cannot hide itself.

It does not make anything happen and repairs nothing: the first thing that is wrong is a
`Violation` that names the invariant (docs/README.md).
"""

import binascii
import struct
from collections import namedtuple

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

SECTOR_SIZE = 4096
RECORD_SIZE = 64
_RECORDS_A_SECTOR = SECTOR_SIZE // RECORD_SIZE

PAID, PASSED, REFUSED, TORN = "paid", "passed", "refused", "torn"

Write = namedtuple("Write", "counter amount_fen terminal serial")  # one true debit of a card
Posting = namedtuple("Posting", "card terminal serial amount_fen")  # one debit in the ledger


class Violation(AssertionError):
    """An invariant does not hold. `invariant` is its name, I1 to I9."""

    def __init__(self, invariant, what):
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant


class CardTruth:
    """A card as physics has it: `memory()` gives its two purse blocks as they are now."""

    def __init__(self, number, uid, purse_key, memory):
        self.number = number
        self.uid = uid
        self._key = purse_key
        self._memory = memory
        self._seen = {}
        self.counter, self.balance_fen, _, _ = self._holding()
        self.issued_fen = self.balance_fen
        self.writes = []

    def look(self):
        """The debit made since the last look, or None. I2 if what happened is not one debit."""
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
                purse = (_u24(block, 0), _u24(block, 3), terminal, serial)
            known = self._seen[index] = (bytes(block), purse)
        return known[1]


class TerminalTruth:
    """A terminal as physics has it: `flash(at, n)` reads raw bytes; its journal's sectors."""

    def __init__(self, number, flash, first_sector, sectors):
        self.number = number
        self._flash = flash
        self._start = first_sector * SECTOR_SIZE
        self._slots = sectors * _RECORDS_A_SECTOR
        self._at = 0
        self.acked_to = 0
        self.refused = frozenset()  # the card numbers of the list version it confirmed

    def record(self, serial):
        """(type, card, counter, amount_fen, outcome byte) of a record in flash, or None."""
        slot = self._find(serial)
        if slot is None:
            return None
        raw = self._flash(self._start + slot * RECORD_SIZE, RECORD_SIZE)
        return (raw[4], _u24(raw, 12), _u24(raw, 20), struct.unpack_from(">I", raw, 16)[0], raw[60])

    def check_erase(self, sector):
        """I5: nothing that the server has not answered may be erased."""
        for slot in range(_RECORDS_A_SECTOR):
            raw = self._flash(sector * SECTOR_SIZE + slot * RECORD_SIZE, RECORD_SIZE)
            (serial,) = struct.unpack_from(">I", raw)
            if serial != 0xFFFFFFFF and serial > self.acked_to and _is_whole(raw):
                raise Violation("I5", f"terminal {self.number} erases unsent record {serial}")

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


class Oracle:
    """All the truths, and the checks; told of every event by the world, in order."""

    def __init__(self):
        self.cards = {}
        self.terminals = {}
        self.posted = {}
        self.doubled = 0
        self.checks = 0

    def add_card(self, number, uid, purse_key, memory):
        """A card issued with what its purse holds now; `memory()` -> (block 5, block 6)."""
        self.cards[number] = CardTruth(number, uid, purse_key, memory)

    def add_terminal(self, number, flash, first_sector, sectors):
        """A terminal whose journal lies in these sectors; `flash(at, n)` -> raw bytes."""
        self.terminals[number] = TerminalTruth(number, flash, first_sector, sectors)

    def tapped(self, terminal, card, said):
        """After a tap: card number (None: not ours) and what the screen said."""
        self.checks += 1
        place = self.terminals[terminal]
        write = self.cards[card].look() if card in self.cards else None
        if write:
            self._written(place, card, write, said)
        elif said == PAID:
            self._paid_by_resolution(place, card)
        if said in (PAID, PASSED) and card in place.refused:
            raise Violation("I6", f"terminal {terminal} accepted listed card {card}")

    def answered(self, terminal, serial):
        """The server's answer to `serial` and all before it has reached the terminal."""
        place = self.terminals[terminal]
        place.acked_to = max(place.acked_to, serial)

    def confirmed_list(self, terminal, refused, claimed):
        """I6: the set a terminal holds is the server's set of that version, exactly."""
        self.checks += 1
        if refused != claimed:
            odd = sorted(refused ^ claimed)[:5]
            raise Violation("I6", f"terminal {terminal} holds another list, e.g. {odd}")
        self.terminals[terminal].refused = frozenset(refused)

    def booked(self, posting, ledger_sum_fen):
        """A debit that the ledger has posted: it must be a true one, and new (I1, I3)."""
        self.checks += 1
        if ledger_sum_fen != 0:
            raise Violation("I1", f"the ledger's sum is {ledger_sum_fen} fen")
        key = (posting.terminal, posting.serial)
        if key in self.posted:
            self.doubled += 1
            raise Violation("I3", f"record {key} was posted twice")
        true = [w for w in self.cards[posting.card].writes if (w.terminal, w.serial) == key]
        if [w.amount_fen for w in true] != [posting.amount_fen]:
            raise Violation("I3", f"record {key} was posted as {posting}, the card says {true}")
        self.posted[key] = posting

    def settled(self, purse_fen):
        """At the end: every true debit is posted, every purse account is its card's (I2)."""
        self.checks += 1
        missing = self.unposted()
        if missing:
            raise Violation("I3", f"not in the ledger: {missing[:5]}")
        for card in self.cards.values():
            if purse_fen(card.number) != card.balance_fen:
                raise Violation("I2", f"card {card.number}: {purse_fen(card.number)} in the ledger,"
                                      f" {card.balance_fen} on the card")  # fmt: skip

    def unposted(self):
        """True debits that the ledger does not have."""
        return [
            write
            for card in self.cards.values()
            for write in card.writes
            if (write.terminal, write.serial) not in self.posted
        ]

    def _written(self, place, card, write, said):
        """I4: the debit names a record of this terminal, written before, and not paid too early."""
        if write.terminal != place.number:
            raise Violation("I4", f"card {card} was written by {write.terminal} at {place.number}")
        record = place.record(write.serial)
        if record is None or record[1:4] != (card, write.counter - 1, write.amount_fen):
            raise Violation("I4", f"card {card}: debit {write} has the record {record}")
        if said == PAID and record[4] & 0xF0 == 0xF0:
            raise Violation("I4", f"card {card}: paid was shown before the confirm of {write}")
        if said == REFUSED:
            raise Violation("I4", f"card {card}: refused, and yet {write}")

    def _paid_by_resolution(self, place, card):
        """Paid without a new debit is right only where a torn one was found to be done."""
        last = self.cards[card].writes[-1:] if card in self.cards else []
        if not last or last[0].terminal != place.number:
            raise Violation("I4", f"card {card} was told paid and not debited")
        record = place.record(last[0].serial)
        if record is None or record[4] & 0xF0 == 0xF0:
            raise Violation(
                "I4", f"card {card}: paid, but record {last[0].serial} is not confirmed"
            )


def _u24(raw, at):
    return raw[at] << 16 | raw[at + 1] << 8 | raw[at + 2]


def _is_whole(raw):
    """A record whose CRC is right; a mark of flash that takes no second program has no type."""
    return 1 <= raw[4] <= 8 and binascii.crc32(raw[:56]) == struct.unpack_from(">I", raw, 56)[0]
