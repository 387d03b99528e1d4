"""Tests that ask for `both` run on SQLite and on PostgreSQL (databases.py)."""

import pytest

from tests.sync_server.databases import Cluster, Databases


@pytest.fixture(scope="session")
def cluster():
    made = Cluster()
    yield made
    made.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request):
    if request.param == "sqlite":
        yield None
        return
    Databases.cluster = request.getfixturevalue("cluster")
    yield Databases.cluster
    for name in Databases.names.values():
        Databases.cluster.drop(name)
    Databases.names.clear()
    Databases.cluster = None
