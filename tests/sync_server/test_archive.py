"""Backups: of one moment while records come, into either database, and refused unless whole."""

import json
import sqlite3
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from protocol import batch
from sync_server.cli import campus
from sync_server.keyring import Keyring
from sync_server.store import archive, drill
from sync_server.store.database import SCHEMA, Database
from sync_server.store.store import Store
from sync_server.store.trouble import Trouble
from tests.sync_server import histories
from tests.sync_server.databases import Databases, url_of

AT_0019 = Path(__file__).with_name("at_0019.sql")


def old(path):
    """A database as the server of migration 0019 left it."""
    connection = sqlite3.connect(path)
    connection.executescript(AT_0019.read_text(encoding="utf-8"))
    connection.close()
    return f"sqlite:///{path}"


def batches(world, size=5):
    for number, tape in world.tapes.items():
        for at in range(0, len(tape), size):
            yield number, b"".join(tape[at : at + size])


def made(tmp_path, count=120):
    """-> (store with records, its backup)"""
    path = tmp_path / "c.db"
    world, _ = histories.world(1, path, count)
    store = Store(f"sqlite:///{path}")
    for one in batches(world):
        store.records.ingest([one], 2000)
    store.lists.loss_report(1, "王", 5)
    archive.write(store.db, tmp_path / "backup", 7)
    return store, tmp_path / "backup"


def run(*words):
    """`campus` -> (exit code, what it says)"""
    done = CliRunner().invoke(campus, list(map(str, words)))
    return done.exit_code, done.output


def test_a_database_at_0019_goes_on(tmp_path):
    store = Store(old(tmp_path / "old.db"))
    assert store.db.migrations() == sorted(path.stem for path in SCHEMA.glob("*.sql"))
    assert store.records.counts()["records"] == 36 and store.lists.is_listed(1)
    assert drill.faults(store, b"k" * 32) == []
    (card,) = store.cards.issue(
        [{"holder_kind": 2, "name": "n", "uid": "99", "valid_until": 9, "zones": 1,
          "balance_fen": 5}],
        9,
    )  # fmt: skip
    assert store.actions.order_loads([(card, 100)], "desk", 10)
    assert store.accounts.sum_fen() == 0
    archive.write(store.db, tmp_path / "b", 7)
    told = archive.load(tmp_path / "b", f"sqlite:///{tmp_path / 'new.db'}")
    assert told == archive.sums(store.db)
    store.close()


@pytest.mark.usefixtures("both")
def test_restored_it_is_the_same_and_goes_on_the_same(tmp_path):
    """From SQLite into each, and from there back."""
    store, backup = made(tmp_path)
    told = archive.load(backup, empty(tmp_path / "other.db"))
    assert told == archive.sums(store.db) and told["record"].rows > 100
    other = Store(url_of(tmp_path / "other.db"))
    assert drill.faults(other, None) == []
    assert other.records.counts() == store.records.counts()
    world, _ = histories.world(2, tmp_path / "c2.db", 60)
    for one in batches(world):  # numbers go on where they were
        assert other.records.ingest([one], 3000) == store.records.ingest([one], 3000)
    for each in (store, other):
        each.actions.order_loads([(1, 100)], "desk", 9)
        each.officers.add(
            {"name": "w", "shown": "王", "role": "centre", "merchant": ""}, "h", "", 9
        )
    assert other.accounts.all() == store.accounts.all()
    archive.write(other.db, tmp_path / "back", 8)
    other.close()
    told = archive.load(tmp_path / "back", f"sqlite:///{tmp_path / 'third.db'}")
    assert told["officer"].rows == 1 and told["record"] == archive.sums(store.db)["record"]
    store.close()


def empty(path):
    """The URL of a database with no table in it."""
    url = url_of(path)
    if Databases.cluster is not None:
        Databases.cluster.empty(Databases.names[str(path)])
    return url


@pytest.mark.usefixtures("both")
def test_every_record_acknowledged_before_it_began_is_in_it(tmp_path):
    world, _ = histories.world(3, tmp_path / "made.db", 200)
    archive.write(opened := Database(f"sqlite:///{tmp_path / 'made.db'}"), tmp_path / "b", 1)
    opened.close()
    archive.load(tmp_path / "b", empty(tmp_path / "c.db"))
    store = Store(url_of(tmp_path / "c.db"))
    acknowledged, going = [], threading.Event()

    def ingest():
        for number, tail in batches(world, 2):
            (answers,) = store.records.ingest([(number, tail)], 2000)
            acknowledged.extend((number, raw[:4]) for raw in batch.split(tail))
            assert answers
            if len(acknowledged) > 40:
                going.set()

    writer = threading.Thread(target=ingest)
    writer.start()
    moments = []
    while writer.is_alive():
        going.wait()
        before = set(acknowledged)
        path = tmp_path / f"b{len(moments)}"
        archive.write(store.db, path, 1)
        moments.append((before, path))
    writer.join()
    store.close()
    for before, path in moments[:1] + moments[1:][-1:]:  # busy: there is but one
        url = f"sqlite:///{path}.db"
        archive.load(path, url)
        restored = Store(url)
        assert drill.faults(restored, None) == []
        rows = restored.db.rows("SELECT terminal, serial FROM record")
        assert {(row["terminal"], row["serial"].to_bytes(4, "big")) for row in rows} >= before
        restored.close()


def test_a_bit_or_an_end_that_is_wrong_is_refused(tmp_path):
    store, backup = made(tmp_path, 30)
    store.close()
    whole = backup.read_bytes()
    bad, target = tmp_path / "bad", tmp_path / "target.db"
    cases = [whole[:at] for at in range(0, len(whole), len(whole) // 9)] + [whole + b"\0"]
    for at in range(0, len(whole), len(whole) // 40):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        cases.append(bytes(flipped))
    for case in cases:
        bad.write_bytes(case)
        code, said = run("restore", bad, "--db", f"sqlite:///{target}")
        assert code == 1 and ("damaged or was cut short" in said or "is no backup" in said)
        assert said.count("\n") == 1 and not target.exists()


def test_the_commands(tmp_path):
    store, _ = made(tmp_path)
    store.audit.key = Keyring.beside(tmp_path / "c.db").audit_key
    store.close()
    url, file, into = f"sqlite:///{tmp_path / 'c.db'}", tmp_path / "b2", tmp_path / "r.db"
    assert run("backup", "--db", url, "--to", file, "--json", tmp_path / "j")[0] == 0
    assert json.loads((tmp_path / "j").read_text())["tables"]["record"]["rows"] > 100
    assert file.stat().st_mode & 0o777 == 0o600
    assert "is there already" in run("backup", "--db", url, "--to", file)[1]
    assert "there is no database" in run("backup", "--db", f"{url}x", "--to", tmp_path / "x")[1]
    assert run("restore", file)[0] == 1
    code, said = run("restore", file, "--check")
    assert code == 0 and "same as in the backup" in said and "need the keys" in said
    assert run("restore", file, "--db", f"sqlite:///{into}")[0] == 0
    assert "rows already" in run("restore", file, "--db", f"sqlite:///{into}")[1]
    Path(f"{into}.keys").write_bytes(Path(f"{tmp_path / 'c.db'}.keys").read_bytes())
    code, said = run("restore", file, "--check", "--db", f"sqlite:///{into}")
    assert code == 0 and "log of acts is whole" in said
    changed = sqlite3.connect(into)
    changed.execute("UPDATE account SET balance_fen = balance_fen + 1 WHERE type = 'bank'")
    changed.commit()
    changed.close()
    code, said = run("restore", file, "--check", "--db", f"sqlite:///{into}")
    assert code == 1 and "account is not what the backup has" in said
    opened = Store(f"sqlite:///{into}")
    assert "the ledger is 1 fen" in drill.faults(opened, None)[0]
    opened.close()


def test_a_restore_that_fails_leaves_nothing(tmp_path, monkeypatch):
    store, backup = made(tmp_path, 60)
    told = archive.sums(store.db)
    store.close()
    url, insert, calls = f"sqlite:///{tmp_path / 'r.db'}", Database.insert, []

    def fails(self, into, rows, otherwise=""):
        calls.append(into)
        if into.startswith("record "):
            raise Trouble("disk full")
        insert(self, into, rows, otherwise)

    monkeypatch.setattr(Database, "insert", fails)
    with pytest.raises(Trouble):
        archive.load(backup, url)
    monkeypatch.undo()
    assert len(calls) > 3 and archive.load(backup, url) == told
