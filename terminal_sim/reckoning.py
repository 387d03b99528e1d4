"""The oracle's last word: what must be true of a campus that has settled (I2, I3).

Part of `oracle.Oracle`, whose truths it reads: what was made, what the ledger has of it, and of
what is missing there whether anybody can tell of it any more.
"""

from terminal_sim.truths import Violation


class Reckoning:
    """See above; the truths are the oracle's."""

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

    def proven(self, received, bad_proofs):
        """I7: the server names each proof that a counterfeit made, and none of a true card; where
        it has lost the purchase, it cannot tell, and names none.

        received: terminal -> serials at the server; bad_proofs: (terminal, serial).
        """
        for number, place in self.terminals.items():
            if place.is_copy:
                continue
            here = {serial for serial in place.proofs if serial in received[number]}
            forged = {
                (number, serial)
                for serial in here
                if place.proofs[serial][0] and place.proofs[serial][1] in received[number]
            }
            named = {(number, serial) for serial in here if (number, serial) in bad_proofs}
            if forged != named:
                raise Violation("I7", f"proofs {forged ^ named} of terminal {number} misjudged")

    def _unnamed_is_right(self):
        """I3: what the ledger holds as unnamed is what no card can tell, to the fen."""
        expected = {}
        for key, (truth, write) in self.burnt_writes.items():
            dies = truth.is_copied or truth.dies_with_record
            if key not in self.posted and not dies:
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
            expected += self._died_fen(truth)
        if fen != expected:
            raise Violation("I2", f"card {number}: {fen} in the ledger, {expected} on the card")

    def _died_fen(self, truth):
        """What a phone paid that nobody can tell: its record burnt before anybody had it."""
        died = [
            write.amount_fen
            for key, (by, write) in self.burnt_writes.items()
            if by is truth and truth.dies_with_record and key not in self.posted
        ]
        return sum(died)

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
