"""A check that cannot fail is worth nothing: bugs are planted, and the oracle must find each.

Each switches one protection off; where another defence would repair it, that one is off too. Found
means: within SEEDS seeds of TAPS taps a Violation of an invariant that the bug was said to break.
All seeds are tried with few taps first, because most bugs show soon in one of them; of a rare one
the seed that once showed it is tried before them.
"""

import pytest

from terminal_sim.gears.inprocess import Campus
from terminal_sim.oracle import Violation
from tests.chaos import bugs_card, bugs_holders, bugs_rare, bugs_server, bugs_session, bugs_till
from tests.chaos.planting import TABLE

SEEDS, FEW_TAPS, TAPS = 16, 200, 2000
LEAST = 40

# they fill the table
__all__ = ("bugs_card", "bugs_holders", "bugs_rare", "bugs_server", "bugs_session", "bugs_till")


# shows R25
@pytest.mark.parametrize("bug", TABLE, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug, monkeypatch):
    bug.plant(monkeypatch)
    tries = [(bug.seed, TAPS)] if bug.seed else []
    tries += [(seed, taps) for taps in (FEW_TAPS, TAPS) for seed in range(1, SEEDS + 1)]
    for seed, taps in tries:
        try:
            Campus(seed).run(taps)
        except Violation as found:
            assert found.invariant in bug.breaks.split(), f"seed {seed}: {found}"
            return
    pytest.fail(f"{bug.name} was not found in {SEEDS} seeds of {TAPS} taps")


def test_there_are_enough_bugs():
    assert len({bug.name for bug in TABLE}) == len(TABLE) >= LEAST
