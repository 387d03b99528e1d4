"""How the outcome of a record, and the server's acknowledgement, get into flash: two ways.

InPlace, where flash may be programmed twice: one byte of the record itself. Appended, where it may
not (ECC, flash encryption): a slot of its own further on in the ring. The journal uses either
through the same seven names and never asks which one it has.
Mark slot: FFFFFFFF | type u8 | serial u32 (of the record meant) | order u32 (serial of the next
record) | FF to 56 | CRC-32 u32 | FF. No record has these types or that serial.
Limits: Appended looks for a record's mark in the 8 slots after it, then among the 64 that came
later; a record whose mark is further away is sent as grey and the server asks the card's chain.
"""

import binascii
import struct

from firmware.core.ring import SLOTS
from protocol import record

CONFIRMED = 0xF1
VOIDED = 0xF2
ACKED = 0xF3

ACKED_EVERY = 32  # records: a slot each time would cost as much as the record

_NEAR = 8
_LATE = 64
_CRC_AT = 56
_FINAL = (record.PASS, record.REFUSAL, record.EVENT)


def serial_of(raw):
    """Serial of a whole record, 0 for anything else."""
    serial = raw[0] << 24 | raw[1] << 16 | raw[2] << 8 | raw[3]
    return serial if serial != 0xFFFFFFFF and _is_whole(raw) else 0


def _is_whole(raw):
    return binascii.crc32(raw[:_CRC_AT]) == struct.unpack_from(">I", raw, _CRC_AT)[0]


class InPlace:
    """Bytes 60 and 61 of the record."""

    slots = 1  # that a record may need in all

    def __init__(self, ring):
        self._ring = ring

    def order(self, raw):
        """For the ring."""
        return serial_of(raw)

    def outcome(self, serial, slot, raw):
        """INTENT, DONE or VOID of a record."""
        return record.DONE if raw[4] in _FINAL else record.outcome_of(raw)

    def settle(self, serial, slot, outcome, serial_next):
        """Make the record DONE or VOID. False if it did not take."""
        for _ in range(2):
            self._ring.touch(slot, record.OUTCOME_AT, outcome)
            if record.outcome_of(self._ring.read(slot)) == outcome:
                return True
        return False

    def ack(self, serial, slot, serial_next):
        """This record and all before it are on the server."""
        if slot is not None:
            self._ring.touch(slot, record.ACKED_AT, record.ACKED)

    def acked(self, raw):
        """Serial up to which this slot says that all are acknowledged, 0 if it says nothing."""
        return serial_of(raw) if raw[record.ACKED_AT] == record.ACKED else 0

    def note(self, slot, raw):
        """At mount, for each slot in order: nothing to remember."""

    def told(self, raw):
        """(serial, outcome) of another record that this slot tells, or None."""
        return None


class Appended:
    """Slots of their own."""

    slots = 2  # the record and its outcome

    def __init__(self, ring):
        self._ring = ring
        self._acked_to = 0  # what the last acknowledgement in flash says
        self._late = {}  # serial -> outcome, for marks that are not near their record
        self._slots = {}  # serial -> slot, of records whose mark has not come (at mount only)

    def order(self, raw):
        """For the ring: a mark stands just before the record it names as next."""
        mark = _mark(raw)
        return mark[2] if mark else serial_of(raw)

    def outcome(self, serial, slot, raw):
        """INTENT, DONE or VOID of a record."""
        if raw[4] in _FINAL:
            return record.DONE
        written = record.outcome_of(raw)
        if written != record.INTENT:  # what pays without a card is final from the beginning
            return written
        if serial in self._late:
            return self._late[serial]
        slots = self._ring.sectors * SLOTS
        for step in range(1, _NEAR + 1):
            at = (slot + step) % slots
            mark = None if at == self._ring.next else _mark(self._ring.read(at))
            if mark and mark[1] == serial and mark[0] != ACKED:
                return record.DONE if mark[0] == CONFIRMED else record.VOID
        return record.INTENT

    def settle(self, serial, slot, outcome, serial_next):
        """Make the record DONE or VOID. False if it did not take."""
        word = CONFIRMED if outcome == record.DONE else VOIDED
        mark_slot = self._ring.write(_pack(word, serial, serial_next))
        if mark_slot is None:
            return False
        self._remember(serial, slot, mark_slot, outcome)
        return True

    def ack(self, serial, slot, serial_next):
        """This record and all before it are on the server. Not told each time: what flash does not
        know is sent again after a boot, and exists."""
        if serial - self._acked_to >= ACKED_EVERY:
            self._ring.write(_pack(ACKED, serial, serial_next))
            self._acked_to = serial
        for late in [known for known in self._late if known <= serial]:
            del self._late[late]

    def acked(self, raw):
        """Serial up to which this slot says that all are acknowledged, 0 if it says nothing."""
        mark = _mark(raw)
        if not mark or mark[0] != ACKED:
            return 0
        self._acked_to = max(self._acked_to, mark[1])
        return mark[1]

    def note(self, slot, raw):
        """At mount, for each slot in order: remember marks that are not near their record."""
        mark = _mark(raw)
        if mark is None:
            serial = serial_of(raw)
            if serial and raw[4] not in _FINAL and len(self._slots) < _LATE:
                self._slots[serial] = slot
        elif mark[0] != ACKED:
            outcome = record.DONE if mark[0] == CONFIRMED else record.VOID
            self._remember(mark[1], self._slots.pop(mark[1], None), slot, outcome)

    def told(self, raw):
        """(serial, outcome) of another record that this slot tells, or None."""
        mark = _mark(raw)
        if mark is None or mark[0] == ACKED:
            return None
        return mark[1], record.DONE if mark[0] == CONFIRMED else record.VOID

    def _remember(self, serial, slot, mark_slot, outcome):
        slots = self._ring.sectors * SLOTS
        if slot is not None and (mark_slot - slot) % slots <= _NEAR:
            return
        if len(self._late) < _LATE:
            self._late[serial] = outcome


def _pack(word, serial, order):
    raw = struct.pack(">IBII", 0xFFFFFFFF, word, serial, order)
    raw += b"\xff" * (_CRC_AT - len(raw))
    return raw + struct.pack(">II", binascii.crc32(raw), 0xFFFFFFFF)


def _mark(raw):
    """(type, serial, order) of a whole mark, None for anything else."""
    if raw[4] not in (CONFIRMED, VOIDED, ACKED) or not _is_whole(raw):
        return None
    head, word, serial, order = struct.unpack_from(">IBII", raw)
    return (word, serial, order) if head == 0xFFFFFFFF else None
