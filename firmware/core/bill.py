"""What a meal costs, as it is keyed in: dish after dish, and their sum.

It knows no card and no screen. Digits are fen (1250 is 12.50 yuan), or yuan as soon as '.' is
pressed; '+' lays the dish to those before, 'A' to 'D' one of a fixed price. Limits: 7 digits a
dish, 99 dishes, 99,999.99 yuan in all; a key that would go beyond counts for nothing.
"""

_DIGITS = 7
_DISHES = 99
_MOST_FEN = 9_999_999
PRICES = "ABCD"  # the price keys


class Bill:
    """dishes: how many were laid together. typed: of the one that is keyed in now."""

    def __init__(self):
        self.clear()

    def clear(self):
        """Nothing is keyed in."""
        self.dishes = 0
        self.typed = ""
        self._sum_fen = 0

    @property
    def fen(self):
        """All of it."""
        return self._sum_fen + self.dish_fen

    @property
    def dish_fen(self):
        """The dish that is keyed in."""
        return _fen(self.typed)

    @property
    def is_empty(self):
        """Nothing is keyed in."""
        return not self.dishes and not self.typed

    def key(self, char, prices):
        """A digit, '.', '+' or a price key. prices: fen of A to D, 0 none. True if it counts."""
        if char == "+":
            return self._lay(self.dish_fen)
        if char in PRICES:
            price_fen = prices[PRICES.index(char)]
            if not price_fen or self.fen + price_fen > _MOST_FEN:
                return False
            if self.dish_fen and not self._lay(self.dish_fen):
                return False
            return self._lay(price_fen)
        typed = self.typed + char
        if len(typed) > _DIGITS or not _is_amount(typed) or self._sum_fen + _fen(typed) > _MOST_FEN:
            return False
        self.typed = typed
        return True

    def back(self):
        """'*': the dish that is keyed in, or all of it."""
        if self.typed and self.dishes:
            self.typed = ""
        else:
            self.clear()

    def _lay(self, fen):
        if not fen or self.dishes == _DISHES:
            return False
        self._sum_fen += fen
        self.dishes += 1
        self.typed = ""
        return True


def _is_amount(typed):
    """At most one point, and two digits after it."""
    parts = typed.split(".")
    return len(parts) == 1 or (len(parts) == 2 and len(parts[1]) <= 2)


def _fen(typed):
    """Amount of what was typed: fen, or yuan and fen around a point."""
    if "." not in typed:
        return int(typed or "0")
    yuan, fen = typed.split(".")
    return int(yuan or "0") * 100 + int((fen + "00")[:2])
