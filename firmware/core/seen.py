"""Cards that tapped here lately: their purse counter, and what they took in this offline spell.

In RAM only; after a boot it is filled again from the records that are not acknowledged. A table of
sets: a card's number chooses the set, which keeps its 8 latest cards, the last one first; eight
neighbours share a set, and sets are made when they are needed, so a terminal that sees few cards
needs little RAM. Entry, 8 bytes: tag 2, 0 nobody | counter, low half 2 | taps 1 | fen 3.
Limits: 4,096 cards (32 KiB); who sees more of them in one offline spell forgets the oldest, and
with them what they took. A counter is older if it is 1 to 32,767 behind.
"""

import struct

SETS = 512
_WAYS = 8
_ENTRY = 8
_PAGE = 8 * _WAYS * _ENTRY  # bytes of 8 sets
_TOP_TAPS = 255
_TOP_FEN = 0xFFFFFF


class Seen:
    """512 sets of 8 cards; card numbers have 24 bits."""

    def __init__(self):
        self._pages = [None] * (SETS // 8)
        self._spent = False  # something was taken in this spell

    def is_older(self, card, counter):
        """True if this card was seen with a higher counter."""
        page, at = self._find(card)
        if at is None:
            return False
        return 0 < (struct.unpack_from(">H", page, at + 2)[0] - counter) & 0xFFFF < 0x8000

    def has_reached(self, card, counter):
        """True if this card was seen with this counter, or a higher one."""
        return self.is_older(card, counter - 1)

    def spent(self, card):
        """(taps, fen) of this card in the present offline spell."""
        page, at = self._find(card)
        if at is None:
            return 0, 0
        return page[at + 4], int.from_bytes(page[at + 5 : at + 8], "big")

    def note(self, card, counter, offline_fen=0):
        """The card was seen with this counter; `offline_fen` above 0 was taken while offline."""
        page, at = self._find(card)
        taps, fen = self.spent(card)
        if offline_fen:
            self._spent = True
            taps, fen = min(taps + 1, _TOP_TAPS), min(fen + offline_fen, _TOP_FEN)
        if self.is_older(card, counter):
            (counter,) = struct.unpack_from(">H", page, at + 2)
        if page is None:
            page = self._pages[_set(card) >> 3] = bytearray(_PAGE)
        start = _start(card)
        if at is None:
            at = start + (_WAYS - 1) * _ENTRY
        page[start + _ENTRY : at + _ENTRY] = page[start:at]
        struct.pack_into(">HHI", page, start, _tag(card), counter & 0xFFFF, taps << 24 | fen)

    def new_spell(self):
        """The terminal was online: what cards took before counts no more."""
        if not self._spent:
            return
        self._spent = False
        for page in self._pages:
            if page is not None:
                for at in range(4, _PAGE, _ENTRY):
                    struct.pack_into(">I", page, at, 0)

    def _find(self, card):
        """(page of the card's set or None, position of its entry or None)."""
        page = self._pages[_set(card) >> 3]
        if page is None:
            return None, None
        wanted = _tag(card).to_bytes(2, "big")
        start = _start(card)
        for at in range(start, start + _WAYS * _ENTRY, _ENTRY):
            if page[at : at + 2] == wanted:
                return page, at
        return page, None


def _set(card):
    return card // _WAYS % SETS


def _start(card):
    """Position of the card's set in its page."""
    return (_set(card) & 7) * _WAYS * _ENTRY


def _tag(card):
    """What tells the cards of one set apart: 1..32768, for a blank entry is nobody's."""
    return card // (_WAYS * SETS) * _WAYS + card % _WAYS + 1
