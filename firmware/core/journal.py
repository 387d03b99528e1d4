"""The terminal's journal: records numbered and chained in a ring of raw flash.

It does not know what a tap is, nor the wire. Rules:
 1. A record is programmed once, whole; then its outcome; then, on the last of a batch, the
    acknowledgement. Nothing else is ever programmed.
 2. A sector is erased only when all its records are acknowledged (I5). When the next one is not,
    the journal is full: it refuses, and says so. So it does when its flash takes nothing more.
 3. A serial is used when its record is in flash. A torn record is none: its serial is used again,
    and the card had not been touched.
 4. A record without an outcome is grey. Its card may settle it later (`confirm`, `void`), or the
    server does from the card's chain; nobody guesses.
 5. A batch goes oldest first, and ends before the record of a tap that is not over. It begins
    with the record after the last acknowledged one, or that one is nowhere in the ring: an
    acknowledgement speaks for all before it, so a batch that left one out would lose it.
Limits: 64 grey records are remembered (the oldest are left to the server). Format:
docs/journal-format.md, story: docs/journal.md. After littlefs in spirit (every state that a cut
leaves is a state to start from), not in design.
"""

import struct
from collections import namedtuple

from firmware.core import marks
from firmware.core.ring import SLOTS, Ring
from protocol import record

GREYS = 64

Grey = namedtuple("Grey", "serial slot type card counter amount_fen balance_fen utc_s detail")


class JournalFull(Exception):
    """The next sector has records that the server has not acknowledged, or the flash is dead."""


class Journal:
    """Of terminal number `terminal`, in the sectors of `region`."""

    def __init__(self, flash, region, terminal):
        self.terminal = terminal
        self.capacity = region.sectors * SLOTS
        self.serial_next = 1
        self.acked_to = 0
        self.handed_to = 0  # highest serial that was given to be sent
        self.open = 0  # serial of the tap that is not over, 0 none
        self.watcher = None  # is told `written(entry, outcome)` and `settled(serial, outcome)`
        self._greys = []
        self._chain = record.first_chain(terminal)
        self._cursor = None  # (acked_to, slot to look from), or None: search
        self._batch_end = (0, 0)  # (last serial of the batch given last, its slot)
        self._ring = Ring(flash, region, self._order, self._erasable)
        self._marks = (marks.InPlace if flash.reprogram else marks.Appended)(self._ring)

    def _order(self, raw):
        return self._marks.order(raw)

    def _erasable(self, sector):
        return self._may_erase(sector)

    # mount

    def mount(self, visit=None):
        """Find everything again. `visit(raw, outcome)` sees each record not acknowledged, oldest
        first. -> the newest record's 64 bytes with its outcome in its place, or None in an empty
        journal. Grey are those not acknowledged, and the newest: power may have failed in its
        tap after it was sent.
        """
        newest = self._ring.mount()
        if newest is None:
            return None
        sectors = list(self._ring.backwards(newest))
        self.acked_to = max(0, self._ring.first[sectors[-1]] - 1)
        last = None
        open_sectors = 0
        for sector in sectors:
            acked, newest_slot = self._scan(sector)
            if last is None:
                last = newest_slot
            open_sectors += 1
            if acked:
                self.acked_to = max(self.acked_to, acked)
            if acked and last is not None and self._ring.first[sector] <= self.acked_to + 1:
                break  # what an older one has was sent: a mark of its own may speak of far before
        if last is None:
            self.serial_next = self._ring.first[newest]  # marks alone: they name the next record
        else:
            raw = self._ring.read(last)
            self.serial_next = marks.serial_of(raw) + 1
            self._chain = record.chain_of(raw)
        self.handed_to = self.acked_to
        self._revisit(sectors[:open_sectors], visit)
        return None if last is None else self._as_sent(self.serial_next - 1, last, raw)

    def _scan(self, sector):
        """(highest acknowledged serial that a sector tells, slot of its last record or None)."""
        acked = 0
        last = None
        for slot in range(sector * SLOTS, (sector + 1) * SLOTS):
            raw = self._ring.read(slot)
            acked = max(acked, self._marks.acked(raw))
            if marks.serial_of(raw):
                last = slot
        return acked, last

    def _revisit(self, sectors, visit):
        """Walk the records that are not acknowledged, oldest first: greys, and the visitor."""
        for sector in reversed(sectors):
            for slot in range(sector * SLOTS, (sector + 1) * SLOTS):
                if slot == self._ring.next and sector == sectors[0]:
                    break  # in an older sector it is the first slot of a full ring
                raw = self._ring.read(slot)
                self._marks.note(slot, raw)
                serial = marks.serial_of(raw)
                acked = serial <= self.acked_to
                if acked and (not serial or serial != self.serial_next - 1):
                    continue  # of the newest record the card may be waiting in front of us
                outcome = self._marks.outcome(serial, slot, raw)
                if outcome == record.INTENT:
                    self._remember(serial, slot, record.unpack(raw))
                if visit is not None and not acked:
                    visit(raw, outcome)
        for grey in list(self._greys):  # what a later mark has settled
            raw = self._ring.read(grey.slot)
            if self._marks.outcome(grey.serial, grey.slot, raw) != record.INTENT:
                self.forget(grey.serial)

    def sent(self, slots, kind):
        """Yield what the server has of the last `slots` slots, oldest first: the 64 bytes of each
        record of a credential of this kind."""
        every = self._ring.sectors * SLOTS
        for back in range(min(slots, every), 0, -1):
            raw = self._ring.read((self._ring.next - back) % every)
            if raw[record.CREDENTIAL_AT] & 15 == kind and 0 < marks.serial_of(raw) <= self.acked_to:
                yield raw

    def back_to(self, is_it):
        """How many slots back the newest record lies of whose 64 bytes `is_it` is true; 0: none."""
        every = self._ring.sectors * SLOTS
        back = 1
        while back <= every:
            slot = (self._ring.next - back) % every
            if not self._ring.first[slot // SLOTS]:  # nothing of ours in its sector
                back += slot % SLOTS
            else:
                raw = self._ring.read(slot)
                if is_it(raw) and marks.serial_of(raw):
                    return back
            back += 1
        return 0

    def recent(self, slots):
        """Yield (64 bytes, outcome) of each record in the last `slots` slots, oldest first."""
        every = self._ring.sectors * SLOTS
        for back in range(min(slots, every), 0, -1):
            slot = (self._ring.next - back) % every
            if not self._ring.first[slot // SLOTS]:  # nothing of ours in its sector
                continue
            raw = self._ring.read(slot)
            serial = marks.serial_of(raw)
            if serial:
                yield raw, self._marks.outcome(serial, slot, raw)

    def walk(self, watcher, types):
        """Tell `watcher` of each record of these types that is here, oldest first, as if it was
        there. Those that are grey are remembered, acknowledged or not."""
        greys = {}
        slots = self._ring.sectors * SLOTS
        for step in range(slots):
            slot = (self._ring.next + step) % slots
            raw = self._ring.read(slot)
            serial = marks.serial_of(raw) if raw[4] in types else 0
            told = self._marks.told(raw)
            if serial:
                entry = record.unpack(raw)
                outcome = self._marks.outcome(serial, slot, raw)
                if outcome == record.INTENT:
                    greys[serial] = slot, entry
                watcher.written(entry, outcome)
            elif told and greys.pop(told[0], None):
                watcher.settled(*told)
        for grey in self._greys:
            greys.pop(grey.serial, None)
        for serial in sorted(greys):
            self._remember(serial, *greys[serial])
        self._greys.sort(key=lambda grey: grey.serial)
        self.watcher = watcher

    # write

    def has_room(self, records):
        """True if so many can be written, without an erase in between, unless the flash fails."""
        return self._ring.reserve(records * self._marks.slots)

    @property
    def full(self):
        """True if no further tap can be recorded now."""
        return not self._ring.has_room(self._marks.slots)

    @property
    def queue(self):
        """How many records are not acknowledged."""
        return self.serial_next - 1 - self.acked_to

    @property
    def grey(self):
        """How many records are known to be grey here."""
        return len(self._greys)

    def append(self, entry):
        """-> serial of a Record that is final (its serial must be `serial_next`). JournalFull."""
        self._write(entry, record.DONE)
        return entry.serial

    def intent(self, entry):
        """-> serial of a Record whose outcome is to come; it is the open one until then."""
        slot = self._write(entry, record.INTENT)
        self.open = entry.serial
        self._remember(entry.serial, slot, entry)
        return entry.serial

    def confirm(self, serial):
        """The card holds what record `serial` says. False if it cannot be written."""
        return self._settle(serial, record.DONE)

    def void(self, serial):
        """The card was not changed by record `serial`. False if it cannot be written."""
        return self._settle(serial, record.VOID)

    def leave(self):
        """The tap is over; what has no outcome yet stays grey."""
        self.open = 0

    def forget(self, serial):
        """Leave a grey record to the server: what its card says here settles nothing."""
        self._greys = [grey for grey in self._greys if grey.serial != serial]

    def greys(self, card):
        """List of Grey of this card, oldest first."""
        if not self._greys:
            return self._greys
        return [grey for grey in self._greys if grey.card == card]

    def _write(self, entry, outcome):
        if entry.serial != self.serial_next:
            raise ValueError(f"record {entry.serial} is not the next one, {self.serial_next}")
        slot = None
        raw = record.pack(entry, self._chain, outcome)
        if self._ring.reserve(self._marks.slots):
            slot = self._ring.write(raw)
        if slot is None:
            raise JournalFull("the journal is full, or its flash takes no record")
        self.serial_next += 1
        self._chain = record.chain_of(raw)
        if self.watcher is not None:
            self.watcher.written(entry, outcome)
        return slot

    def _settle(self, serial, outcome):
        slot = None
        for grey in self._greys:
            if grey.serial == serial:
                slot = grey.slot
        if slot is None:
            raise ValueError(f"record {serial} is not grey")
        # else the server has it as grey, its sector was erased, and the slot is another's by now
        is_here = marks.serial_of(self._ring.read(slot)) == serial
        if is_here and not self._marks.settle(serial, slot, outcome, self.serial_next):
            return False
        self.forget(serial)
        if serial == self.open:
            self.open = 0
        if self.watcher is not None:
            self.watcher.settled(serial, outcome)
        return True

    def _remember(self, serial, slot, entry):
        fen = entry.amount_fen, entry.balance_fen
        what = serial, slot, entry.type, entry.card, entry.counter
        self._greys.append(Grey(*what, *fen, entry.utc_s, entry.detail))
        if len(self._greys) > GREYS:
            del self._greys[0]

    def _may_erase(self, sector):
        """Rule 2."""
        if not self._ring.first[sector]:
            return True
        for slot in range((sector + 1) * SLOTS - 1, sector * SLOTS - 1, -1):
            serial = marks.serial_of(self._ring.read(slot))
            if serial:
                return serial <= self.acked_to
        return True

    # upload

    def batch(self, limit):
        """-> (last serial, bytes of 1 to `limit` records), or None when there is nothing to send.

        Oldest first, each as the server wants it: its outcome in its place however it is kept here.
        """
        if not self.queue:
            return None
        slots = self._ring.sectors * SLOTS
        slot = self._slot_from()
        last = 0
        raws = []
        for _ in range((self._ring.next - slot) % slots or slots):
            raw = self._ring.read(slot)
            serial = marks.serial_of(raw)
            if serial and serial == self.open:
                break
            if serial > self.acked_to and serial > last:
                if not raws and serial != self.acked_to + 1 and self._cursor is not None:
                    break  # the remembered place was erased and written anew: rule 5
                raws.append(self._as_sent(serial, slot, raw))
                last = serial
                self._batch_end = (last, slot)
                if len(raws) == limit:
                    break
            slot = (slot + 1) % slots
        if not raws and self._cursor is not None:
            self._cursor = None
            return self.batch(limit)
        if not raws:
            return None
        self.handed_to = max(self.handed_to, last)
        return last, b"".join(raws)

    def ack(self, serial):
        """The server has this record and all before it. Anything but a step forward is nothing."""
        if not self.acked_to < serial < self.serial_next:
            return
        known, slot = self._batch_end
        self.acked_to = serial
        self._cursor = None
        if known != serial:
            slot = None
        else:
            self._cursor = (serial, (slot + 1) % (self._ring.sectors * SLOTS))
        needed = self._marks.slots - 1
        if self._ring.reserve(needed + 1 if self.open else needed):  # never the open one's slot
            self._marks.ack(serial, slot, self.serial_next)
        if self._ring.at_boundary():
            self._ring.reserve(1)

    def unack(self, serial):
        """The server has records up to `serial` only: send the later ones again, if they are here.

        Until the next mount; then the server will say it again.
        """
        if 0 <= serial < self.acked_to:
            self.acked_to = serial
            self._cursor = None

    def raise_serial(self, highest):
        """The server has records of this terminal up to `highest`: never use those numbers again.

        They are more than ours only after the flash was replaced. -> True if our numbers go on
        from there: in RAM only, until a record is written.
        """
        if highest < self.serial_next:
            return False
        if not self.queue:
            self.acked_to = self.handed_to = highest
        self.serial_next = highest + 1
        return True

    def _as_sent(self, serial, slot, raw):
        outcome = self._marks.outcome(serial, slot, raw)
        return raw[: record.OUTCOME_AT] + struct.pack(">BBH", outcome, 0xFF, 0xFFFF)

    def _slot_from(self):
        """A slot at or before the first record that is not acknowledged."""
        if self._cursor is not None and self._cursor[0] == self.acked_to:
            return self._cursor[1]
        newest = (self._ring.next - 1) % (self._ring.sectors * SLOTS) // SLOTS
        found = newest
        for sector in self._ring.backwards(newest):
            found = sector
            if self._ring.first[sector] <= self.acked_to + 1:
                break
        return found * SLOTS
