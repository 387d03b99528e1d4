"""What one seed's campus has to live with, drawn once at the start; any of it may be never.

Swarm testing (Groce et al. 2012): a campus with everything at once rarely gets far into anything,
so each seed leaves some out, and one in twelve has good weather throughout. Chances are 1 in n, 0
never, of events unless it says otherwise.
"""

from __future__ import annotations

from terminal_sim.prng import Prng

CARD_SHAPES = (*range(17), "none", "half", "all", "random")  # of a block that is torn
LINK_FAULTS = (
    "lost", "doubled", "delayed", "reordered", "truncated", "corrupted", "collision", "half_open",
    "dead",
)  # fmt: skip
SERVER_FAULTS = ("kill", "disk_full", "locked", "restart")


class Weather:
    """One draw for each trouble; the names are those of the figures."""

    def __init__(self, draw: Prng):
        self.calm = draw.chance(1, 12)
        self.sync = draw.pick((1, 3, 20, 150))  # events between moments when a line is served
        self.hurry = draw.pick((0, 1, 3))  # a line is served in 1 of 2**n requests of a tap
        self.sealed = draw.pick((False, False, True))  # real frames and sessions on the lines
        self.link = draw.pick((0, 3, 10, 50))  # something happens to what is on a line, each step
        self.link_faults = _some(draw, LINK_FAULTS)
        self.spells = draw.pick((0, 40, 200))  # a line goes down,
        self.spell_s = draw.pick((600, 3600, 20_000))  # for up to so long
        self.whole = draw.pick((0, 1, 3))  # 1 in n lists is fetched whole
        self.tears = draw.pick((0, 3, 10, 60))
        self.cuts = draw.pick((0, 10, 50, 300))
        self.card_cuts = draw.chance(1, 3)  # of these some come at a card command
        self.brownouts = draw.pick((0, 100, 400))  # power comes and goes
        self.burns = draw.pick((0, 0, 400))  # a terminal's flash is gone
        self.losses = draw.pick((0, 20, 100))  # a loss report or its withdrawal
        self.roams = draw.pick((0, 3, 20))  # the same card goes straight to another terminal
        self.patience = draw.pick((1, 2, 5))  # of 6 torn cards, how many are put back
        self.server = draw.pick((0, 30, 200))
        self.server_faults = _some(draw, SERVER_FAULTS)
        self.backups = draw.pick((0, 0, 300))  # the server is restored from an old backup
        self.clocks = draw.pick((0, 0, 50))
        self.copies = draw.pick((0, 0, 150))  # somebody copies a card,
        self.forgers = draw.pick((4, 20))  # and presents a copy there is
        self.rollbacks = draw.pick((0, 40))  # or writes its old image back
        self.clones = draw.pick((0, 0, 0, 400))  # somebody copies a terminal
        self.wrong_keys = draw.pick((0, 0, 100))
        self.offline_taps = draw.pick((1, 3, 8, 200))
        self.sectors = draw.pick((2, 3, 4))  # of the journal
        self.reprogram = draw.pick((True, True, False))  # flash that takes a second program
        self.cpu = draw.pick((0, 2, 4))  # of 12 holders, how many have a CPU card,
        self.codes = draw.pick((0, 1, 2))  # and how many a phone
        self.screenshots = draw.pick((0, 2, 8))  # of a code that was shown, it is shown again
        if self.calm:
            for name in TROUBLES:
                setattr(self, name, 0)


TROUBLES = (
    "link", "spells", "tears", "cuts", "brownouts", "losses", "server", "backups", "clocks",
    "copies", "clones", "wrong_keys", "burns", "screenshots",
)  # fmt: skip


def happens(draw: Prng, one_in: int) -> bool:
    """1 in `one_in`; 0 never, and draws nothing."""
    return bool(one_in) and draw.chance(1, one_in)


def _some(draw: Prng, names: tuple[str, ...]) -> tuple[str, ...]:
    """A subset of `names`, not empty."""
    chosen = tuple(name for name in names if draw.chance(1, 2))
    return chosen or (draw.pick(names),)
