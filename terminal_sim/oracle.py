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
_CONFIRMED, _VOIDED = 0xF1, 0xF2
_BLANK = b"\xff" * RECORD_SIZE

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
    """A terminal as physics has it: `flash(at, n)` reads raw bytes; where journal and list lie.

    journal, lists: (first sector, sectors).
    """

    def __init__(self, number, flash, journal, lists):
        self.number = number
        self._flash = flash
        self._start = journal[0] * SECTOR_SIZE
        self._slots = journal[1] * _RECORDS_A_SECTOR
        self._lists = lists
        self._at = 0
        self.acked_to = 0
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
        return raw[4], _u24(raw, 12), _u24(raw, 20), _u32(raw, 16), grey, done

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


class Oracle:
    """All the truths, and the checks; told of every event by the world, in order."""

    def __init__(self):
        self.cards = {}
        self.terminals = {}
        self.posted = {}
        self.doubled = 0
        self.resolved = 0  # torn debits that were told paid when their card came back
        self.checks = 0

    def add_card(self, number, uid, purse_key, memory):
        """A card issued with what its purse holds now; `memory()` -> (block 5, block 6)."""
        self.cards[number] = CardTruth(number, uid, purse_key, memory)

    def add_terminal(self, number, flash, journal, lists):
        """A terminal; journal, lists: (first sector, sectors); `flash(at, n)` -> raw bytes."""
        self.terminals[number] = TerminalTruth(number, flash, journal, lists)

    def began(self, terminal):
        """A tap begins: a list that comes while it runs may count for it or not."""
        place = self.terminals[terminal]
        place.refused_before = place.refused

    def writing(self, terminal, card, block):
        """Before a purse block reaches the card: its intent is in flash (I4)."""
        self.checks += 1
        place, truth = self.terminals[terminal], self.cards[card]
        by, serial = struct.unpack_from(">HI", block, 6)
        record = place.record(serial) if by == place.number else None
        amount_fen = truth.balance_fen - _u24(block, 3)
        if record is None or record[:5] != (1, card, _u24(block, 0) - 1, amount_fen, True):
            raise Violation("I4", f"card {card} is written for {by}/{serial}, which is {record}")

    def said(self, terminal, card, said, values=()):
        """At the moment a screen says this: the flash must bear it out (I4, I6)."""
        self.checks += 1
        place = self.terminals[terminal]
        write = self.cards[card].look()
        if write:
            self._written(place, card, write, said)
        elif said == PAID:
            self._paid_by_resolution(place, card)
        last = self.cards[card]
        if said == PAID and tuple(values) != (last.writes[-1].amount_fen, last.balance_fen):
            raise Violation("I4", f"card {card}: the screen said {values}, not {last.writes[-1]}")
        is_listed = card in place.refused and card in place.refused_before
        if is_listed and (said == PASSED or said == PAID and write):
            raise Violation("I6", f"terminal {terminal} accepted listed card {card}")

    def tapped(self, terminal, card):
        """After a tap, whatever ended it: a debit that nothing was said of is an honest one."""
        self.checks += 1
        write = self.cards[card].look()
        if write:
            self._written(self.terminals[terminal], card, write, None)

    def sold(self, card, writes_before):
        """A sale is over: however often its card was put back, it was debited once (I4)."""
        if len(self.cards[card].writes) > writes_before + 1:
            raise Violation("I4", f"card {card} was debited twice in one sale")

    def is_confirmed(self, terminal, card, writes_before):
        """True if the debit of a sale that was cut off is confirmed in flash, seen or not."""
        writes = self.cards[card].writes[writes_before:]
        record = self.terminals[terminal].record(writes[-1].serial) if writes else None
        return record is not None and record[5]

    def answered(self, terminal, serial):
        """The server's answer to `serial` and all before it has reached the terminal."""
        place = self.terminals[terminal]
        place.acked_to = max(place.acked_to, serial)

    def look_at_list(self, terminal, versions):
        """I6: the set in a terminal's flash is the server's set of that version, exactly."""
        self.checks += 1
        version, cards = self.terminals[terminal].listed()
        if version >= len(versions) or cards != versions[version]:
            odd = sorted(cards ^ versions[min(version, len(versions) - 1)])[:5]
            raise Violation("I6", f"terminal {terminal} holds another list {version}: {odd}")
        self.terminals[terminal].refused = cards
        return version

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

    def settled(self, purse_fen, received):
        """At the end: every record and every true debit is there (I3), every purse fits (I2).

        purse_fen(card) -> fen in the ledger; received: terminal -> set of serials at the server.
        """
        self.checks += 1
        for number, place in self.terminals.items():
            serials = received.get(number, set())
            last = max(serials, default=0)
            if len(serials) != last or place.record(last + 1):
                gaps = sorted(set(range(1, last + 2)) - serials)[:5]
                raise Violation("I3", f"terminal {number}: the server lacks records {gaps}")
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
        if record is None or record[:4] != (1, card, write.counter - 1, write.amount_fen):
            raise Violation("I4", f"card {card}: debit {write} has the record {record}")
        if said == PAID and not record[5]:
            raise Violation("I4", f"card {card}: paid was shown before the confirm of {write}")
        if said == REFUSED:
            raise Violation("I4", f"card {card}: refused, and yet {write}")
        if not record[4] and not record[5]:
            raise Violation("I4", f"card {card}: {write} is void in the journal")

    def _paid_by_resolution(self, place, card):
        """Paid without a new debit is right only where a torn one was found to be done."""
        last = self.cards[card].writes[-1:]
        if not last or last[0].terminal != place.number:
            raise Violation("I4", f"card {card} was told paid and not debited")
        record = place.record(last[0].serial)
        was_erased = record is None and last[0].serial <= place.acked_to
        if not was_erased and (record is None or not record[5]):
            raise Violation(
                "I4", f"card {card}: paid, but record {last[0].serial} is not confirmed"
            )
        self.resolved += 1


def _u24(raw, at):
    return raw[at] << 16 | raw[at + 1] << 8 | raw[at + 2]


def _u32(raw, at):
    return struct.unpack_from(">I", raw, at)[0]


def _is_whole(raw):
    """A record whose CRC is right; a mark of flash that takes no second program has no type."""
    return 1 <= raw[4] <= 8 and binascii.crc32(raw[:56]) == struct.unpack_from(">I", raw, 56)[0]
