"""SIGKILL before every SQL statement of every change: all of it is there afterwards, or nothing.

Each case runs in a forked child that kills itself before its n-th statement, for n = 1, 2, ...
until the child comes through; then the parent opens the database that is left.
"""

import os
import random
import shutil
import signal
import sqlite3
import threading
import time

import pytest

from protocol import record
from sync_server.store import faults, sqlite
from sync_server.store.store import Store
from sync_server.store.trouble import Unavailable
from tests.sync_server import tapes
from tests.sync_server.test_burnt import Town

MOST = 400  # statements of one case


def dump(path):
    """Every row of every table."""
    connection = sqlite3.connect(path)
    try:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            )
        ]
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in names
        }  # fmt: skip
    finally:
        connection.close()


def child(order, path, work):
    """Run `work(store, told)` in a forked process under the order. -> (killed, what it told).

    Before it is answered, nothing of a commit may be told.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.environ[faults.VARIABLE] = order
            faults._passed.clear()
            store = Store(f"sqlite:///{path}")
            work(store, lambda text: os.write(writing, text.encode() + b"\n"))
            os._exit(0)
        except BaseException:
            os._exit(3)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read().split()
    _, status = os.waitpid(pid, 0)
    assert status in (0, signal.SIGKILL), f"{order}: the child failed"
    return status != 0, told


def each_kill(tmp_path, image, work, point="statement"):
    """Yield (n, what was told, path) for every n at which the child was killed."""
    for n in range(1, MOST):
        path = tmp_path / f"{point}{n}.db"
        shutil.copy(image, path)
        killed, told = child(f"kill@{point}:{n}", path, work)
        if not killed:
            assert n > 1
            return
        yield n, told, path
        for left in tmp_path.glob(f"{point}{n}.db*"):
            left.unlink()
    raise AssertionError(f"more than {MOST} statements")


def closed(store):
    """-> path of its database, all in one file."""
    path = store.db.engine.path
    store.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return path


def busy_town(tmp_path):
    """Greys, a fork's beginning, damaged bytes, a burnt terminal: every kind of row is next."""
    town = Town(tmp_path, cards=2)
    one, two, three = town.terminals
    first, second = town.cards
    town.tap(three, first, 10)
    town.tap(one, first, 100)
    town.tap(two, second, 30, record.INTENT)
    town.tap(two, second, 40)
    town.send(two, 1)
    gone = town.burn(one)
    town.tap(two, first, 5)
    rows = town.journals[two][1:]
    damaged = rows[-1][:20] + b"\x99" + rows[-1][21:]
    commits = [
        [(two, b"".join(rows[:-1]) + damaged), (three, b"".join(town.journals[three]))],
        [(two, rows[-1]), (one, b"".join(gone))],
    ]
    return closed(town.store), commits


@pytest.mark.parametrize("point", ["statement", "commit", "committed"])
def test_killed_before_any_statement_of_an_ingest(point, tmp_path):
    image, commits = busy_town(tmp_path)

    def work(store, told):
        for commit in commits:
            store.records.ingest(commit, 2000)
            told("answered")

    pictures = []
    for count in range(3):
        path = tmp_path / f"calm{count}.db"
        shutil.copy(image, path)
        store = Store(f"sqlite:///{path}")
        for commit in commits[:count]:
            store.records.ingest(commit, 2000)
        pictures.append(dump(closed(store)))
    assert pictures[0] != pictures[1] != pictures[2]
    assert any(row[3] for row in pictures[2]["rebuilt"])
    seen = set()
    for _, told, path in each_kill(tmp_path, image, work, point):
        here = pictures.index(dump(path))
        seen.add((here, len(told)))
        assert here in (len(told), len(told) + 1)
        store = Store(f"sqlite:///{path}")
        for commit in commits:  # the terminals send again what they have no answer for
            store.records.ingest(commit, 2000)
        assert store.accounts.sum_fen() == 0
        again = dump(closed(store))
        assert again == pictures[2]
    if point == "statement":
        assert seen == {(0, 0), (1, 1)} | {(1, 0)} & seen
    if point == "committed":
        assert seen == {(1, 0), (2, 1)}


CHANGES = {
    "enrol": lambda store: store.terminals.enrol("pos", "new", "m", 5),
    "issue": lambda store: store.cards.issue([tapes.CARD] * 2, 5),
    "loss": lambda store: store.lists.loss_report(1, "desk", 5),
    "grants": lambda store: store.lists.set_grants(1, [1, 2], 5),
    "params": lambda store: store.terminals.set_params(None, {"heartbeat_s": 40}),
    "replace": lambda store: store.lost.replace(2, 5),
    "epoch": lambda store: store.terminals.admit_epoch(2, 5),
}


@pytest.mark.parametrize("name", CHANGES)
def test_killed_before_any_statement_of_a_change(name, tmp_path):
    image, _ = busy_town(tmp_path)
    before = dump(image)

    def work(store, told):
        CHANGES[name](store)
        told("answered")

    kills = 0
    for _, told, path in each_kill(tmp_path, image, work):
        kills += 1
        assert told == [] and dump(path) == before
    assert kills > 3


def test_killed_before_any_statement_of_the_first_start(tmp_path):
    image = tmp_path / "empty.db"
    image.touch()
    calm = dump(closed(Store(f"sqlite:///{tmp_path / 'calm.db'}")))
    for _, _, path in each_kill(tmp_path, image, lambda store, told: None):
        assert dump(closed(Store(f"sqlite:///{path}"))) == calm


def test_an_order_that_is_none_is_refused_and_no_order_is_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(faults.VARIABLE, "kill@lunch:1")
    with pytest.raises(ValueError, match="WHAT@POINT:N"):
        Store(f"sqlite:///{tmp_path / 'c.db'}")
    monkeypatch.delenv(faults.VARIABLE)
    assert faults.ordered() is None
    Store(f"sqlite:///{tmp_path / 'c.db'}").close()


# the disk, and other processes


def world(tmp_path, seed=1):
    store = Store(f"sqlite:///{tmp_path / 'c.db'}")
    numbers = [store.terminals.enrol("pos", f"place {n}", "m", 1) for n in range(2)]
    campus = tapes.Campus(random.Random(seed), numbers, store.cards.issue([tapes.CARD] * 3, 1))
    campus.play(400)
    batches = [
        (number, b"".join(tape[at : at + 20]))
        for number, tape in campus.tapes.items()
        for at in range(0, len(tape), 20)
    ]
    return store, batches


def test_a_full_disk_loses_nothing_and_works_again_when_there_is_room(tmp_path):
    store, batches = world(tmp_path)
    pages = store.db.one("PRAGMA page_count")
    store.db.conn.execute(f"PRAGMA max_page_count={pages + 2}")
    stored, failed = [], []
    for commit in batches:
        before = tapes.picture(store)
        try:
            store.records.ingest([commit], 2000)
            stored.append(commit)
        except Unavailable as error:
            assert "full" in str(error)
            failed.append(commit)
            assert tapes.picture(store) == before
    assert failed
    store.db.conn.execute("PRAGMA max_page_count=1000000")
    for commit in batches:
        store.records.ingest([commit], 2000)
    (tmp_path / "calm").mkdir()
    other, _ = world(tmp_path / "calm")
    for commit in batches:
        other.records.ingest([commit], 2000)
    assert tapes.picture(store) == tapes.picture(other)


def test_the_order_of_a_full_disk(tmp_path, monkeypatch):
    world(tmp_path)[0].close()
    monkeypatch.setenv(faults.VARIABLE, "full@pages:3")
    store = Store(f"sqlite:///{tmp_path / 'c.db'}")
    with pytest.raises(Unavailable, match="full"):
        store.cards.issue([tapes.CARD] * 2000, 1)
    assert len(store.cards.issued) == 3


def test_what_is_remembered_is_read_again_when_the_disk_can_be_read_again(tmp_path):
    """A rollback whose reading failed as well left the store without its greys."""
    store, batches = world(tmp_path)
    for commit in batches[:4]:
        store.records.ingest([commit], 2000)
    grey = store.records.counts()["grey"]
    assert grey
    load = store.records.remember

    def broken():
        store.records.greys.clear()
        raise Unavailable("disk I/O error")

    store.records.remember = broken
    with pytest.raises(ZeroDivisionError), store.group():
        _ = 1 // 0
    store.records.remember = load
    store.records.ingest([batches[0]], 2000)
    assert store.records.counts()["grey"] == grey


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_lock_of_another_process_is_waited_for(begin, tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_MS", 150)
    store, batches = world(tmp_path)
    before = tapes.picture(store)
    other = sqlite3.connect(tmp_path / "c.db", isolation_level=None, check_same_thread=False)
    other.execute(begin)
    with pytest.raises(Unavailable, match="locked"):
        store.records.ingest([batches[0]], 2000)
    store.db.conn.execute("PRAGMA busy_timeout=5000")
    free_s = []

    def release():
        free_s.append(time.monotonic())
        other.execute("ROLLBACK")

    timer = threading.Timer(0.3, release)
    timer.start()
    assert tapes.picture(store) == before
    store.records.ingest([batches[0]], 2000)
    assert time.monotonic() >= free_s[0]  # never answered before the commit
    timer.join()
    assert len(store.records.of(batches[0][0], 0, 99)) == 20
