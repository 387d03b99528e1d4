"""Gear 1: honest campuses converge whatever the weather.

That its oracle would say so if they did not is tests/chaos/test_bugs.py's.
"""

import pytest

from terminal_sim.gears.inprocess import Campus

TAPS = 600


@pytest.mark.parametrize("seed", range(1, 9))
def test_every_weather_converges(seed):
    figures = Campus(seed).run(TAPS)
    assert (figures["lost"], figures["doubled"], figures["grey_open"]) == (0, 0, 0)
    assert figures["paid"] > 0 and figures["passed"] > 0


def test_the_weather_of_these_seeds_is_hard():
    campuses = [Campus(seed) for seed in range(1, 13)]
    figures = [campus.run(TAPS) for campus in campuses]
    for name, least in (("tears", 100), ("power_cuts", 30), ("greys_resolved", 50), ("spells", 5)):
        assert sum(one.get(name, 0) for one in figures) >= least, name
    assert sum(node.flash.erases for campus in campuses for node in campus.nodes) > 20
    assert {campus.weather.reprogram for campus in campuses} == {True, False}


def test_the_same_seed_gives_the_same_bytes():
    first, second = Campus(5).run(TAPS), Campus(5).run(TAPS)
    assert first["digest"] == second["digest"]
    assert Campus(6).run(TAPS)["digest"] != first["digest"]


def test_a_tear_that_did_not_happen_tears_no_later_tap():
    """A tap that ends before its tear must not spoil the calm of phase 2."""
    campus = Campus(2)
    campus.weather.tears = 1
    figures = campus.run(60)
    assert figures["card_tears"] + figures["code_taps"] >= 60  # no phone is torn away
