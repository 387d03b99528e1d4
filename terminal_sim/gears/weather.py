"""What one seed's campus has to live with, drawn once at the start; any of it may be never.

Swarm testing (Groce et al. 2012): a campus with everything at once rarely gets far into anything,
so each seed leaves some out. Chances are 1 in n, 0 never.
"""

from __future__ import annotations

from terminal_sim.prng import Prng

CARD_SHAPES = (*range(17), "none", "half", "all", "random")  # of a block that is torn


class Weather:
    """One draw for each trouble; the names are those of the figures."""

    def __init__(self, draw: Prng):
        self.sync = draw.pick((1, 3, 20, 150))  # events between moments when a line is served
        self.hurry = draw.pick((0, 2, 10))  # a line is served while a tap runs, each request
        self.lost = draw.pick((0, 3, 10, 50))  # a request or its answer does not arrive
        self.died = draw.pick((0, 5, 50))  # and the session dies of it
        self.doubled = draw.pick((0, 4, 20))  # the server takes a request twice
        self.spells = draw.pick((0, 40, 200))  # a line goes down,
        self.spell_s = draw.pick((600, 3600, 20_000))  # for up to so long
        self.whole = draw.pick((0, 1, 3))  # a list is fetched whole
        self.tears = draw.pick((0, 3, 10, 60))
        self.cuts = draw.pick((0, 10, 50, 300))
        self.losses = draw.pick((0, 20, 100))  # a loss report or its withdrawal
        self.roams = draw.pick((0, 3, 20))  # the same card goes straight to another terminal
        self.patience = draw.pick((1, 2, 5))  # of 6 torn cards, how many are put back
        self.offline_taps = draw.pick((3, 200))
        self.sectors = draw.pick((2, 3, 4))  # of the journal
        self.reprogram = draw.pick((True, True, False))  # flash that takes a second program


def happens(draw: Prng, one_in: int) -> bool:
    """1 in `one_in`; 0 never, and draws nothing."""
    return bool(one_in) and draw.chance(1, one_in)
