"""Which numbers of a terminal are missing, however often its flash was replaced."""

import pytest

from sync_server.store import lost
from sync_server.store.store import Store
from terminal_sim.prng import Prng
from tests.sync_server.databases import url_of


@pytest.mark.parametrize("seed", range(40))
def test_ranges_without_others(seed):
    draw = Prng(seed)
    edges = sorted({draw.below(60) for _ in range(12)})
    ranges = list(zip(edges[::2], edges[1::2], strict=False))
    cuts = sorted({draw.below(60) for _ in range(8)})
    taken = [*zip(cuts[::2], cuts[1::2], strict=False), (9, 8)]
    left = lost._without(ranges, taken)
    expected = {n for first, last in ranges for n in range(first, last + 1)}
    expected -= {n for first, last in taken for n in range(first, last + 1)}
    assert sorted(n for first, last in left for n in range(first, last + 1)) == sorted(expected)
    assert all(first <= last for first, last in left)


def test_many_are_taken_in_one_pass():
    many = 20_000
    taken = [(10 * n + 5, 10 * n + 9) for n in range(many)]
    assert lost._without([(0, 10 * many - 1)], taken) == [(10 * n, 10 * n + 4) for n in range(many)]


def test_a_terminal_that_was_replaced_often(tmp_path):
    store = Store(url_of(tmp_path / "c.db"))
    number = store.terminals.enrol("pos", "place", "m", 1)
    for n in range(40):
        store.lost.replace(number, n)
    told = store.lost.of(number)
    assert len(told["declared"]) == 40 and told["missing"] == []
