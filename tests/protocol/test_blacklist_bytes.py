"""Bytes of card lists against the entropy of a random set, at the sizes of design.md (R9)."""

import random
from math import lgamma, log

import pytest

from protocol import blacklist


def entropy_bytes(count, universe):
    """log2 of the number of sets of `count` out of `universe`, in bytes."""
    sets = lgamma(universe + 1) - lgamma(count + 1) - lgamma(universe - count + 1)
    return sets / log(2) / 8


@pytest.mark.parametrize(
    ("count", "universe"), [(200, 20000), (600, 30000), (10000, 1048576), (5000, 20000)]
)
@pytest.mark.parametrize("seed", range(3))
def test_list_and_delta_stay_within_1_05_of_the_entropy(count, universe, seed):
    numbers = random.Random(seed).sample(range(universe), count)
    entropy = entropy_bytes(count, universe)
    full = blacklist.encode(numbers, universe)
    assert len(full) / entropy <= 1.05
    assert blacklist.decode(full) == sorted(numbers)
    delta = blacklist.encode_delta(numbers, [], universe)
    assert len(delta) / entropy <= 1.05


def test_one_loss_report_costs_six_bytes():
    assert len(blacklist.encode_delta([29999], [], 1048576)) <= 6
