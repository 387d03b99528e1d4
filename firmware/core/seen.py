"""Cards that tapped here lately: their purse counter, and what they took in this offline spell.

In RAM only; after a boot it is filled again from the records that are not acknowledged. A table of
sets: a card's number chooses the set, which keeps its 8 latest cards, the last one first. Card
numbers are dense, so the sets fill evenly. Entry, 8 bytes: card number // sets + 1 (2), 0 nobody |
counter, low half 2 | taps 1 | fen 3.
Limits: 4,096 cards; who sees more of them in one offline spell forgets the oldest, and with them
what they took. A counter is older if it is 1 to 32,767 behind.
"""

import struct

SETS = 512
_WAYS = 8
_ENTRY = 8
_SET = _WAYS * _ENTRY
_FORMAT = ">HHI"  # taps and fen in one
_TOP_TAPS = 255
_TOP_FEN = 0xFFFFFF


class Seen:
    """`sets` times 8 cards; at least 257 sets, so that a number // sets fits."""

    def __init__(self, sets=SETS):
        self._sets = sets
        self._table = bytearray(sets * _SET)
        self._spent = False  # something was taken in this spell

    def is_older(self, card, counter):
        """True if this card was seen with a higher counter."""
        at = self._find(card)
        if at is None:
            return False
        return 0 < (struct.unpack_from(">H", self._table, at + 2)[0] - counter) & 0xFFFF < 0x8000

    def spent(self, card):
        """(taps, fen) of this card in the present offline spell."""
        at = self._find(card)
        if at is None:
            return 0, 0
        return self._table[at + 4], int.from_bytes(self._table[at + 5 : at + 8], "big")

    def note(self, card, counter, offline_fen=0):
        """The card was seen with this counter; `offline_fen` above 0 was taken while offline."""
        at = self._find(card)
        taps, fen = self.spent(card)
        if offline_fen:
            self._spent = True
            taps, fen = min(taps + 1, _TOP_TAPS), min(fen + offline_fen, _TOP_FEN)
        if self.is_older(card, counter):
            (counter,) = struct.unpack_from(">H", self._table, at + 2)
        start = card % self._sets * _SET
        if at is None:
            at = start + _SET - _ENTRY
        self._table[start + _ENTRY : at + _ENTRY] = self._table[start:at]
        struct.pack_into(
            _FORMAT, self._table, start, self._tag(card), counter & 0xFFFF, taps << 24 | fen
        )

    def new_spell(self):
        """The terminal was online: what cards took before counts no more."""
        if not self._spent:
            return
        self._spent = False
        for at in range(4, len(self._table), _ENTRY):
            struct.pack_into(">I", self._table, at, 0)

    def _tag(self, card):
        """1 and up, so that blank entries are nobody's."""
        return card // self._sets + 1

    def _find(self, card):
        """Position of the card's entry, or None."""
        wanted = self._tag(card).to_bytes(2, "big")
        start = card % self._sets * _SET
        for at in range(start, start + _SET, _ENTRY):
            if self._table[at : at + 2] == wanted:
                return at
        return None
