"""The field of one reader: which cards are held into it, and whether it is on.

The reader chip switches it; the world puts cards in and takes them out. It knows no protocol.
"""


class Field:
    """Cards in the order in which they were put. watchers: called without arguments at each put."""

    def __init__(self, *cards):
        self.cards = []
        self.watchers = []
        self.is_on = False
        self.put(*cards)

    def put(self, *cards):
        """Hold cards to the reader, all at once; one that left by itself is held there anew."""
        for card in cards:
            if card not in self.cards:
                self.cards.append(card)
            card.come_back()
            if self.is_on:
                card.power_on()
        for watcher in self.watchers:
            watcher()

    def take(self, card):
        """Take a card away; nothing happens when it is not there."""
        if card in self.cards:
            self.cards.remove(card)
            card.power_off()

    def clear(self):
        """Take all cards away."""
        for card in list(self.cards):
            self.take(card)

    def switch(self, on):
        """The reader chip turns its field on or off; cards forget all but their EEPROM."""
        if on == self.is_on:
            return
        self.is_on = on
        for card in self.cards:
            if on:
                card.power_on()
            else:
                card.power_off()
