"""Every cut in a story at a valve; and planted bugs that the cuts must find."""

import pytest

from firmware.core import states
from firmware.core.strip import Strip
from firmware.kinds.water import Water
from terminal_sim.gears import water_cuts
from terminal_sim.oracle import Violation

RARELY = 1_000_000  # second cuts: about one for three first ones
FILL = water_cuts.FILLS[1:]  # the journal enters a sector


def test_every_cut():
    figures = water_cuts.campaign(RARELY, FILL)
    print(dict(figures))
    assert figures["cuts"] > 900 and figures["cuts_twice"] > 300


def _opens_first(self, serial, most_units, begin=Strip.begin):
    """A head that is of another session."""
    return begin(self, serial + 1, most_units)


BUGS = {
    "what is open at the boot stays open": (Water, "_tidy", lambda self, now: None),
    "units stand under another reserve": (Strip, "begin", _opens_first),
    "a giving that was cut is not asked about": (states, "GREY", states.OK),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_is_found(bug, monkeypatch):
    where, name, instead = BUGS[bug]
    monkeypatch.setattr(where, name, instead)
    with pytest.raises(Violation):
        water_cuts.campaign(RARELY, FILL)
