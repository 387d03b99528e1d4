"""Migrations are numbered without gaps, `.head` names the last, each is applied once."""

import re

import pytest

from sync_server.store.database import SCHEMA, Database
from sync_server.store.store import Store
from sync_server.store.trouble import BadUrl, Trouble


def names():
    return sorted(path.stem for path in SCHEMA.glob("*.sql"))


def test_numbers_have_no_gaps_and_head_names_the_last():
    assert [name[:4] for name in names()] == [f"{n:04}" for n in range(1, len(names()) + 1)]
    assert all(re.fullmatch(r"\d{4}_[a-z_]+", name) for name in names())
    assert (SCHEMA / ".head").read_text().strip() == names()[-1]


def test_each_is_applied_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'c.db'}"
    for _ in range(2):
        database = Database(url)
        assert [row["name"] for row in database.rows("SELECT name FROM migration")] == names()
        database.close()


def test_a_database_is_durable_and_checked(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'c.db'}")
    assert database.one("PRAGMA journal_mode") == "wal"
    assert database.one("PRAGMA synchronous") == 2
    assert database.one("PRAGMA foreign_keys") == 1
    database.close()


@pytest.mark.parametrize("url", ["sqlite:///", "c.db", "mysql://h"])
def test_other_urls_are_refused_with_one_line(url):
    with pytest.raises(BadUrl) as caught:
        Store(url)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "c.db"
    path.write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(Trouble):
        Store(f"sqlite:///{path}")
