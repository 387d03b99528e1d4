"""The oracle: what must be true of a campus after every event.

It knows the truth and never asks the code under test. The truth is physical: the bytes in the
cards, the bytes in the terminals' flash, what the screens said, the postings that the ledger
holds. It has its own reading of purse blocks and records (docs/mifare.md, docs/record.md) and its
own MAC (package cryptography), so that a mistake in card_layout or protocol cannot hide itself.

It does not make anything happen and repairs nothing: the first thing that is wrong is a
`Violation` that names the invariant (docs/README.md).
"""

import struct
from collections import namedtuple

from terminal_sim.truths import CardTruth, TerminalTruth, Violation, type_of, u24

PAID, PASSED, REFUSED, TORN = "paid", "passed", "refused", "torn"

Posting = namedtuple("Posting", "card terminal serial amount_fen")  # one debit in the ledger;
# card 0: from suspense, as the server can tell no purse for it


class Oracle:
    """All the truths, and the checks; told of every event by the world, in order."""

    def __init__(self):
        self.cards = {}  # key -> CardTruth; the key of a card that is no copy is its number
        self.terminals = {}
        self.posted = {}
        self.greys = set()  # (terminal, serial) that the server has as grey at the end
        self.burnt_at = {}  # terminal -> [(first serial that burnt, first of the next flash)]
        self.burnt_writes = {}  # the same of debits whose record burnt
        self._beyond_fen = {}  # card -> what of the next is of records that are not burnt
        self.unnamed_fen = {}  # card -> what it paid, and nobody told where
        self.cloned = {}  # the same of copies of terminals
        self.made = {}  # (terminal, serial) -> (CardTruth, Write) of every true debit
        self.caps = None  # (taps, fen) of a card at a terminal that is offline
        self.told_paid = set()  # (terminal, serial) of debits that a screen said are paid
        self.steps = set()  # (card number, counter) of the debits that a purse was booked for
        self.doubled = 0
        self.resolved = 0  # torn debits that were told paid when their card came back
        self.checks = 0

    def add_card(self, number, uid, purse_key, memory):
        """A card issued with what its purse holds now; `memory()` -> (block 5, block 6)."""
        self.cards[number] = CardTruth(number, uid, purse_key, memory)

    def add_copy(self, key, of, memory):
        """A copy of card `of`, as that is now."""
        truth = self.cards[of]
        truth.is_copied = True
        self.cards[key] = CardTruth(truth.number, truth.uid, truth._key, memory)
        self.cards[key].is_copied = True

    def add_terminal(self, key, flash, journal, lists, number=0):
        """A terminal; journal, lists: (first sector, sectors); `flash(at, n)` -> raw bytes.

        Its number is its key, unless it is a copy of terminal `number`.
        """
        place = TerminalTruth(number or key, flash, journal, lists)
        if place.number != key:
            place.is_copy = True
            place.acked_to = place.answered_to = self.terminals[number].answered_to
        elif key in self.terminals:  # with another flash
            place.gone = self.terminals[key].gone
        self.terminals[key] = place

    def began(self, terminal, online=True):
        """A tap begins: a list that comes while it runs may count for it or not."""
        place = self.terminals[terminal]
        place.is_offline = not online
        place.refused_before = place.refused

    def writing(self, terminal, card, block):
        """Before a purse block reaches the card: its intent is in flash (I4)."""
        self.checks += 1
        place, truth = self.terminals[terminal], self.cards[card]
        before = truth.look()
        if before:  # a mark was taken off, and now the card pays
            self._written(place, card, before, None)
        by, serial = struct.unpack_from(">HI", block, 6)
        record = place.record(serial) if by == place.number else None
        amount_fen = truth.balance_fen - u24(block, 3)
        counter = u24(block, 0) & 0x7FFFFF
        wanted = (type_of(amount_fen), truth.number, counter - 1, amount_fen, True)
        if record is None or record[:5] != wanted:
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
        if said == PAID:
            if tuple(values) != (last.writes[-1].amount_fen, last.balance_fen):
                raise Violation("I4", f"card {card}: the screen said {values}, {last.writes[-1]}")
            self.told_paid.add((terminal, last.writes[-1].serial))
            if write and place.is_offline:
                self._capped(place, last.number, write.amount_fen)
        is_listed = last.number in place.refused and last.number in place.refused_before
        if is_listed and (said == PASSED or said == PAID and write):
            raise Violation("I6", f"terminal {terminal} accepted listed card {card}")

    def opened(self, terminal):
        """The terminal is online: what cards took before counts no more, nor does the tap that
        began before."""
        self.terminals[terminal].offline.clear()
        self.terminals[terminal].is_offline = False

    def _capped(self, place, number, amount_fen):
        """I7: what a card takes from one terminal while that is offline, copied or not."""
        spent = place.offline.setdefault(number, [0, 0])
        spent[0] += 1
        spent[1] += amount_fen
        if self.caps and (spent[0] > self.caps[0] or spent[1] > self.caps[1]):
            raise Violation("I7", f"card {number} took {spent} offline of {place.number}")

    def tapped(self, terminal, card):
        """After a tap, whatever ended it: a debit that nothing was said of is an honest one."""
        self.checks += 1
        write = self.cards[card].look()
        if write:
            self._written(self.terminals[terminal], card, write, None)

    def sold(self, card, writes_before):
        """A sale is over: however often its card was put back, it was debited once (I4)."""
        if sum(write.amount_fen > 0 for write in self.cards[card].writes[writes_before:]) > 1:
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
        place.answered_to = max(place.answered_to, serial)

    def booted(self, terminal):
        """What a terminal had in RAM is gone: also that a restored server has less than it said,
        until they speak again (docs/journal.md)."""
        place = self.terminals[terminal]
        place.at_counter.clear()
        place.acked_to = place.answered_to

    def has_up_to(self, terminal, serial):
        """The server says how far it has records: less than it answered if it was restored."""
        place = self.terminals[terminal]
        if serial < place.acked_to:
            again = range(serial + 1, place.acked_to + 1)
            place.gone.update(one for one in again if place.record(one) is None)
            place.acked_to = serial

    def still_has(self, highest):
        """True if every terminal has all records after `highest` (terminal -> serial)."""
        return all(
            place.record(serial) is not None
            for number, place in self.terminals.items()
            if not place.is_copy
            for serial in range(highest[number] + 1, place.acked_to + 1)
        )

    def restored(self, rows, unnamed=()):
        """The ledger is an old one: `rows` are the (terminal, serial) that it has, `unnamed` its
        postings to and from what nobody has named."""
        self.unnamed_fen = {}
        for posting in unnamed:
            self._unnamed(posting)
        self.posted = {key: posting for key, posting in self.posted.items() if key in rows}
        self.steps = {
            (posting.card, self.made[key][1].counter)
            for key, posting in self.posted.items()
            if posting.card
        }

    def look_at_list(self, terminal, ever):
        """I6: the set in a terminal's flash is the server's set of that version, exactly.

        ever: version -> all sets that it ever was; more than one if a backup was put back.
        """
        self.checks += 1
        version, cards = self.terminals[terminal].listed()
        if cards not in ever.get(version, ()):
            raise Violation("I6", f"terminal {terminal} holds another list {version}")
        self.terminals[terminal].refused = cards
        return version

    def booked(self, posting, ledger_sum_fen, is_unnamed=False):
        """A debit that the ledger has posted: it must be a true one, and new (I1, I3).

        is_unnamed: steps that nobody has named of a card which paid at a burnt terminal, taken
        together (serial 0); or one of these that was named since.
        """
        self.checks += 1
        if ledger_sum_fen != 0:
            raise Violation("I1", f"the ledger's sum is {ledger_sum_fen} fen")
        if is_unnamed:
            posting = self._unnamed(posting)
            if not posting.serial:
                return
        key = (posting.terminal, posting.serial)
        if key in self.posted:
            self.doubled += 1
            raise Violation("I3", f"record {key} was posted twice")
        truth, write = self.made.get(key) or self.cloned.get(key, (None, None))
        named = truth is not None and posting.card in (truth.number, truth.is_copied and 0)
        if not named or write.amount_fen != posting.amount_fen:
            raise Violation("I3", f"record {key} was posted as {posting}, the card says {write}")
        self.posted[key] = posting
        step = (posting.card, write.counter)
        if posting.card and step in self.steps:
            raise Violation("I3", f"two debits of step {step} are one purse's, and none is flagged")
        if posting.card:
            self.steps.add(step)

    def _unnamed(self, posting):
        """Money goes to what nobody has named, or is named and leaves it. -> the posting, with the
        card that it really is of."""
        card, fen = posting.card, posting.amount_fen
        if posting.serial:
            truth, _ = self.made.get((posting.terminal, posting.serial), (None, None))
            if truth is None:
                raise Violation("I3", f"nobody made the debit of {posting}")
            card, fen = truth.number, -fen
        self.unnamed_fen[card] = self.unnamed_fen.get(card, 0) + fen
        return posting._replace(card=card)

    def burnt(self, terminal, highest, begins):
        """A terminal's flash is gone; the server has its records up to `highest`, and the next
        flash's `begins` with that number."""
        self.burnt_at.setdefault(terminal, []).append((highest + 1, begins))
        for key, (truth, write) in self.made.items():
            if key[0] == terminal and key[1] > highest:
                self.burnt_writes[key] = truth, write

    def settled(self, purse_fen, received, greys=(), flagged=frozenset()):
        """At the end: every record and every true debit is there (I3), every purse fits (I2).

        purse_fen(card) -> fen in the ledger; received: terminal -> serials at the server; greys:
        (card, counter, terminal, serial) of those whose outcome it does not know; flagged: cards
        that it says are forked or contradict a record.
        """
        self.checks += 1
        self.greys = {grey[2:] for grey in greys}
        open_greys = [grey for grey in greys if not self.is_untellable(*grey[:2])]
        if open_greys:
            raise Violation("I2", f"grey records stay open: {open_greys}")
        for number, place in self.terminals.items():
            if place.is_copy:
                continue
            serials = received.get(number, set())
            last = max(serials, default=0)
            gaps = set(range(1, last + 1)) - serials - place.gone
            for first, after in self.burnt_at.get(number, ()):
                gaps -= set(range(first, after))
            if gaps or place.record(last + 1):
                lacks = sorted(gaps)[:5] or [last + 1]
                raise Violation("I3", f"terminal {number}: the server lacks records {lacks}")
        missing = self.unposted()
        if missing:
            raise Violation("I3", f"not in the ledger: {missing[:5]}")
        forks = {key for key, posting in self.posted.items() if not posting.card}
        silent = {self.made[key][0].number for key in forks | self.disputed()} - flagged
        if silent:
            raise Violation("I3", f"cards {silent} have debits in dispute, and nobody is told")
        self._unnamed_is_right()
        for number in {card.number for card in self.cards.values()}:
            self._balanced(number, purse_fen(number))

    def _unnamed_is_right(self):
        """I3: what the ledger holds as unnamed is what no card can tell, to the fen."""
        expected = {}
        for key, (truth, write) in self.burnt_writes.items():
            if key not in self.posted and not truth.is_copied:
                expected[truth.number] = expected.get(truth.number, 0) + write.amount_fen
        for number, truth in self.cards.items():
            fens = self.unnamed_fen.get(number, 0), expected.get(number, 0)
            besides = sum(write.amount_fen for write in self._untold(truth))  # may lie in between
            if not truth.is_copied and not 0 <= fens[0] - fens[1] <= besides:
                raise Violation("I3", f"card {number}: {fens[0]} fen unnamed, and not {fens[1]}")
            self._beyond_fen[number] = fens[0] - fens[1]

    def _balanced(self, number, fen):
        """I2: a purse in the ledger is its card, but for what nobody can tell any more; that of a
        card which was copied is what was booked of it, each step once.
        """
        truth = self.cards[number]
        if truth.is_copied:
            booked = [posting for posting in self.posted.values() if posting.card == number]
            expected = truth.issued_fen - sum(posting.amount_fen for posting in booked)
            expected -= self.unnamed_fen.get(number, 0)
        else:
            expected = truth.balance_fen - self._beyond_fen.get(number, 0)
            expected += sum(write.amount_fen for write in self._untold(truth))
        if fen != expected:
            raise Violation("I2", f"card {number}: {fen} in the ledger, {expected} on the card")

    def unposted(self):
        """True debits that the ledger does not have and should."""
        disputed = self.disputed()
        return [
            write
            for key, (truth, write) in self.made.items()
            if key not in self.posted and key not in disputed
            if not self._is_untold(key, write, truth) and not self._is_unnamed(key)
        ]

    def disputed(self):
        """(terminal, serial) of debits that are not in the ledger because another card with the
        same number bears witness that they were not made: torn ones, never told paid."""
        return {
            key
            for key, (truth, _) in self.made.items()
            if truth.is_copied and key not in self.posted and not self._is_unnamed(key)
            if key not in self.greys and key not in self.told_paid
            if key[1] not in self.terminals[key[0]].gone  # that its record is missing is named
        }

    def is_untellable(self, number, counter):
        """Of a grey record at this counter: who took the step after it has burnt or is gone, or
        the next one, which had told. Or the image that told was written over by a forger."""
        keys = {w.counter: (w.terminal, w.serial) for w in self.cards[number].writes}
        made = keys.get(counter + 1), keys.get(counter + 2)
        return self.cards[number].is_copied or any(key and self._is_lost(key) for key in made)

    def _is_lost(self, key):
        """Neither its terminal nor the server has this record: it burnt, or the server that had it
        was restored from an old backup."""
        return key in self.burnt_writes or key[1] in self.terminals[key[0]].gone

    def _untold(self, truth):
        keys = (((write.terminal, write.serial), write) for write in truth.writes)
        return [w for key, w in keys if key not in self.posted and self._is_untold(key, w, truth)]

    def _is_untold(self, key, write, truth):
        """A debit whose record is gone, or of which a lost record had told that it was made."""
        if key[1] in self.terminals[key[0]].gone:
            return True
        return key in self.greys and self.is_untellable(truth.number, write.counter - 1)

    def _is_unnamed(self, key):
        """Its record burnt, and the ledger has it among what nobody named: which of these steps it
        is, the record that tells of the next one told too late, or burnt too. (Of a copied card
        that may be a step of its copy.)"""
        return key in self.burnt_writes

    def _written(self, place, card, write, said):
        """I4: the debit names a record of this terminal, written before, and not paid too early."""
        truth = self.cards[card]
        made = self.cloned if place.is_copy else self.made
        if write.amount_fen:
            made[write.terminal, write.serial] = truth, write
        if write.terminal != place.number:
            raise Violation("I4", f"card {card} was written by {write.terminal} at {place.number}")
        record = place.record(write.serial)
        if record is None or record[:4] != (
            type_of(write.amount_fen), truth.number, write.counter - 1, write.amount_fen
        ):  # fmt: skip
            raise Violation("I4", f"card {card}: debit {write} has the record {record}")
        if said == PAID and not record[5]:
            raise Violation("I4", f"card {card}: paid was shown before the confirm of {write}")
        if said == REFUSED and write.amount_fen:
            raise Violation("I4", f"card {card}: refused, and yet {write}")
        if not record[4] and not record[5]:
            raise Violation("I4", f"card {card}: {write} is void in the journal")
        if record[5]:
            if write.counter <= place.at_counter.get(truth.number, -1):
                raise Violation("I7", f"terminal {place.number} took an older image of card {card}")
            place.at_counter[truth.number] = write.counter

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
