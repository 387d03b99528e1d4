"""Thieves at tills with limits: nothing is wrong with them; with a bug planted, something is."""

import pytest

from tests.chaos import bugs_pin
from tests.chaos.thief_at_tills import Broken, Thieves

SEEDS, STEPS = 6, 250


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_no_thief_goes_beyond_a_limit(seed, tmp_path):
    Thieves(tmp_path, seed).run(STEPS)


@pytest.mark.parametrize("bug", bugs_pin.TABLE, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug, monkeypatch, tmp_path):
    bug.plant(monkeypatch)
    for seed in range(1, SEEDS + 1):
        try:
            Thieves(tmp_path, seed).run(STEPS)
        except Broken as found:
            assert str(found).startswith(bug.breaks), f"seed {seed}: {found}"
            return
    pytest.fail(f"{bug.name} was not found in {SEEDS} seeds of {STEPS} steps")
