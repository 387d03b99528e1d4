"""Fifty histories with kills between any two statements, judged by a checker that knows no code of
ours; and the checker itself, against stores that are wrong on purpose."""

import contextlib
import json
import random
import signal
import subprocess
import sys
import time

import pytest

from protocol import batch
from sync_server.core import ingest
from sync_server.store.accounts import Accounts
from sync_server.store.database import Database
from sync_server.store.store import Store
from tests.sync_server import checker, histories

SEEDS = 50
ROOMS = 5


@pytest.mark.parametrize("room", range(ROOMS))
def test_histories_with_kills_between_statements(room, tmp_path):
    kills = failed = 0
    for seed in range(room, SEEDS, ROOMS):
        lines, path = histories.play(seed, tmp_path)
        assert checker.Checker().check(lines, path) == [], f"seed {seed}"
        kills += sum('"killed"' in line for line in lines)
        failed += sum('"fail"' in line for line in lines)
    assert kills >= 25 and failed > 0


# stores that are wrong on purpose


def answers_leave_before_the_commit(patch):
    transaction = Database.transaction

    @contextlib.contextmanager
    def late(self):
        self.calls = getattr(self, "calls", 0) + 1
        if self.conn.in_transaction:
            yield self.conn
        else:
            self.conn.execute("BEGIN IMMEDIATE")
            yield self.conn
        if self.calls % 4 == 0:
            self.conn.execute("COMMIT")

    assert transaction
    patch.setattr(Database, "transaction", late)


def statements_commit_one_by_one(patch):
    @contextlib.contextmanager
    def none(self):
        yield self.conn

    patch.setattr(Database, "transaction", none)


def some_money_is_not_booked(patch):
    book = Accounts.book
    patch.setattr(
        Accounts, "book", lambda self, rows, utc_s: book(self, [r for r in rows if r[4] % 7], utc_s)
    )


def balances_are_one_fen_off(patch):
    book = Accounts.book

    def off(self, rows, utc_s):
        book(self, rows, utc_s)
        self._db.conn.execute("UPDATE account SET balance_fen = balance_fen + 1 WHERE id = 2")

    patch.setattr(Accounts, "book", off)


def what_exists_is_booked_again(patch):
    told_later = ingest._told_later

    def again(terminal, raw, entry, outcome, known, result):
        if outcome == 15 and entry.type == 1:
            result.transfers.append(ingest.ledger.posting(entry, terminal, "m0", True))
        told_later(terminal, raw, entry, outcome, known, result)

    patch.setattr(ingest, "_told_later", again)


def the_last_record_of_a_batch_is_dropped(patch):
    judge = ingest.judge

    def drop(terminal, parsed, known, result):
        answers = judge(terminal, parsed[:-1], known, result)
        return [*answers, (batch.STORED, 0)]

    patch.setattr(ingest, "judge", drop)


def a_kill_leaves_no_trace(patch):
    """The database is thrown away at a start that follows a kill."""
    opened = Store.__init__

    def emptied(self, url):
        opened(self, url)
        if self.records.counts()["records"] > 30:
            self.db.conn.execute("DELETE FROM record WHERE serial > 5")

    patch.setattr(Store, "__init__", emptied)


BUGS = [
    answers_leave_before_the_commit,
    statements_commit_one_by_one,
    some_money_is_not_booked,
    balances_are_one_fen_off,
    what_exists_is_booked_again,
    the_last_record_of_a_batch_is_dropped,
    a_kill_leaves_no_trace,
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_checker_finds(bug, tmp_path, monkeypatch):
    for seed in range(8):
        path = tmp_path / f"{seed}.db"
        campus, cards = histories.world(seed, path, 60)
        made = lambda *_: (campus, cards)  # noqa: E731, B023 made before the bug is there
        with monkeypatch.context() as patch:
            bug(patch)
            patch.setattr(histories, "world", made)
            with contextlib.suppress(AssertionError):  # or the child notices itself
                lines, path = histories.play(seed, tmp_path)
                if checker.Checker().check(lines, path):
                    return
    pytest.fail("not found in 8 histories")


# a process that is killed at any instant, inside statements and fsyncs too

_INGEST = """
import json, sys
from protocol import batch
from sync_server.store.store import Store
store = Store(sys.argv[1])
for line in sys.stdin:
    step = json.loads(line)
    print(json.dumps({"do": "invoke"} | step), flush=True)
    tail = b"".join(bytes.fromhex(raw) for raw in step["raws"])
    (answers,) = store.records.ingest([(step["terminal"], tail)], 2000)
    answers = batch.unpack(answers)
    print(json.dumps({"do": "ok", "op": step["op"], "answers": answers}), flush=True)
"""


@pytest.mark.parametrize("seed", range(2))
def test_a_process_killed_at_any_instant_while_others_read(seed, tmp_path):
    path = tmp_path / "c.db"
    campus, cards = histories.world(seed, path, 300)
    lines = [json.dumps({"do": "issue", "cards": cards})]
    steps = [
        {"op": 1000 * number + at, "terminal": number, "raws": [raw.hex() for raw in tape[at:][:5]]}
        for number, tape in campus.tapes.items()
        for at in range(0, len(tape), 5)
    ]
    dice = random.Random(seed)
    for spell in range(4):
        (tmp_path / "in").write_text("".join(json.dumps(step) + "\n" for step in steps))
        with (tmp_path / "in").open("rb") as stdin, (tmp_path / "out").open("wb") as stdout:
            child = subprocess.Popen(
                [sys.executable, "-c", _INGEST, f"sqlite:///{path}"], stdin=stdin, stdout=stdout
            )
            reads = []
            while spell < 3 and (tmp_path / "out").stat().st_size < 40 and child.poll() is None:
                time.sleep(0.005)  # until it has begun
            ends_s = time.monotonic() + dice.random() * 0.15
            while child.poll() is None and (spell == 3 or time.monotonic() < ends_s):
                reads.append(json.dumps(checker.read(path)))
                time.sleep(0.002)
            child.send_signal(signal.SIGKILL)
            child.wait()
        lines += [line for line in (tmp_path / "out").read_text().splitlines(True)
                  if line.endswith("\n")]  # fmt: skip
        lines += [json.dumps({"do": "killed"}), *reads]
    lines.append(json.dumps(checker.read(path)))
    assert checker.Checker().check(lines, path) == []
    store = Store(f"sqlite:///{path}")
    assert store.records.counts()["records"] == sum(len(tape) for tape in campus.tapes.values())
