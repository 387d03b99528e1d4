"""First-in anti-passback: the card that let somebody in lets nobody else in for a while.

It forgives: after the window; when the door was released and not used; what was before a boot, for
it is in RAM alone; and more than CARDS cards, the oldest first. It asks nobody, so it is the same
online and offline, and it never says that somebody who was not seen going out is still in: of real
passes more than a third go the same way as the one before (docs/gate.md).
"""

CARDS = 256


class Passback:
    """card -> ticks of its pass."""

    def __init__(self):
        self._passed = {}

    def is_back(self, card, now_ms, window_ms):
        """True if this card let somebody in less than `window_ms` ago."""
        passed_ms = self._passed.get(card)
        return passed_ms is not None and now_ms - passed_ms < window_ms

    def passed(self, card, now_ms):
        """This card lets somebody in now."""
        if len(self._passed) >= CARDS and card not in self._passed:
            del self._passed[min(self._passed, key=lambda old: self._passed[old])]
        self._passed[card] = now_ms

    def forget(self, card):
        """Nobody went in with it."""
        self._passed.pop(card, None)
