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

from terminal_sim.holder_truths import WalletTruth
from terminal_sim.reckoning import Reckoning
from terminal_sim.truths import CardTruth, TerminalTruth, Violation, type_of, u24

PAID, PASSED, REFUSED, TORN = "paid", "passed", "refused", "torn"

Posting = namedtuple("Posting", "card terminal serial amount_fen")  # one debit in the ledger;
# card 0: from suspense, as the server can tell no purse for it


class Oracle(Reckoning):
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
        self.add_holder(CardTruth(number, uid, purse_key, memory))

    def add_holder(self, truth):
        """A credential of any kind: CardTruth, or one of holder_truths."""
        self.cards[truth.number] = truth

    def add_copy(self, key, of, held):
        """A copy of card `of`, as that is now; `held` is what that one's truth reads."""
        self.cards[key] = self.cards[of].copied(held)

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
        fen, counter = u24(block, 3), u24(block, 0) & 0x7FFFFF
        by, serial = struct.unpack_from(">HI", block, 6)
        truth = self._before_write(terminal, card)
        self._intended(terminal, truth, by, serial, (truth.balance_fen - fen, counter))

    def paying(self, terminal, card, by, serial, amount_fen):
        """Before a CPU card hears that it shall pay: the same."""
        truth = self._before_write(terminal, card)
        self._intended(terminal, truth, by, serial, (amount_fen, truth.counter + 1))

    def _before_write(self, terminal, card):
        self.checks += 1
        truth = self.cards[card]
        before = truth.look()
        if before:  # a mark was taken off, and now the card pays
            self._written(self.terminals[terminal], card, before, None)
        return truth

    def _intended(self, terminal, truth, by, serial, change):
        amount_fen, counter = change
        place = self.terminals[terminal]
        record = place.record(serial) if by == place.number else None
        wanted = (type_of(amount_fen), truth.number, counter - 1, amount_fen, True)
        if record is None or record[:5] != wanted:
            what = f"card {truth.number} is written for {by}/{serial}, which is {record}"
            raise Violation("I4", what)

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
            shown = (last.writes[-1].amount_fen, last.shown_fen)[: 1 + (last.shown_fen is not None)]
            if tuple(values) != shown:
                raise Violation("I4", f"card {card}: the screen said {values}, {last.writes[-1]}")
            if isinstance(last, WalletTruth):
                self._proven(place, last)
            self.told_paid.add((terminal, last.writes[-1].serial))
            if write and place.is_offline:
                self._capped(place, last, write.amount_fen)
        is_listed = last.number in place.refused and last.number in place.refused_before
        if is_listed and (said == PASSED or said == PAID and write):
            raise Violation("I6", f"terminal {terminal} accepted listed card {card}")

    def _proven(self, place, truth):
        """I4: what a CPU card said of its payment is in the journal as it said it; and the oracle
        remembers what a counterfeit said, for the server has to notice."""
        proof = place.proof(truth.number)
        if proof is None or proof[0] in place.proofs:
            return  # the journal had no room for it
        if proof[1] != truth.tac:
            raise Violation("I4", f"card {truth.number}: proof {proof} is not {truth.tac.hex()}")
        place.proofs[proof[0]] = truth.is_counterfeit, proof[2]

    def opened(self, terminal):
        """The terminal is online: what cards took before counts no more, nor does the tap that
        began before."""
        self.terminals[terminal].offline.clear()
        self.terminals[terminal].is_offline = False

    def _capped(self, place, truth, amount_fen):
        """I7: what a card takes from one terminal while that is offline, copied or not."""
        spent = place.offline.setdefault(truth.number, [0, 0])
        spent[0] += 1
        spent[1] += amount_fen
        for caps in (self.caps, truth.caps):
            if caps and (spent[0] > caps[0] or spent[1] > caps[1]):
                raise Violation("I7", f"card {truth.number} took {spent} offline of {place.number}")

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
