"""Small changes that share a commit: the one that fails is undone alone, the rest is durable."""

import pytest

from sync_server.store.store import Store
from tests.sync_server.databases import url_of


def test_a_part_that_fails_is_undone_alone(tmp_path):
    store = Store(url_of(tmp_path / "campus.db"))
    with store.group():
        number = store.terminals.enrol("pos", "食堂", "食堂", 1)
        with pytest.raises(Exception, match="terminal_kind"):
            store.terminals.enrol("boat", "湖", "", 1)
        assert store.terminals.admit_epoch(number, 7)
    store.close()
    again = Store(url_of(tmp_path / "campus.db"))
    assert [(row["number"], row["epoch"]) for row in again.terminals.all()] == [(number, 7)]
    again.close()


def test_a_group_that_fails_leaves_nothing(tmp_path):
    store = Store(url_of(tmp_path / "campus.db"))
    with pytest.raises(ZeroDivisionError), store.group():
        store.terminals.enrol("pos", "食堂", "食堂", 1)
        _ = 1 // 0
    assert store.terminals.all() == []
    store.close()
