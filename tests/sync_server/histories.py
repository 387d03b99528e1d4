"""Histories of a store that is killed between statements, finds its disk full, and goes on.

`play` makes one from a seed: forked children hand in the batches of an honest campus, write what
they do to a file before and after, and die where they are ordered to. For more of them than the
tests play: `python -m tests.sync_server.histories COUNT OPS`.
"""

import json
import os
import random
import signal
import sys
import tempfile
from pathlib import Path

from protocol import batch, record
from sync_server.store import faults
from sync_server.store.store import Store
from sync_server.store.trouble import Unavailable
from tests.sync_server import checker, tapes

KILLS = 4


class History:
    """Lines of a file; each is there before the next thing happens."""

    def __init__(self, path):
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(self, do, **fields):
        os.write(self._file, json.dumps({"do": do} | fields).encode() + b"\n")

    def lines(self):
        return self.path.read_text().splitlines()


def world(seed, path, ops):
    """A database, and true records of `ops` taps: terminal -> [raw, ...]."""
    store = Store(f"sqlite:///{path}")
    numbers = [store.terminals.enrol("pos", f"place {n}", f"m{n}", 1) for n in range(3)]
    cards = store.cards.issue([tapes.CARD] * 4, 1)
    store.close()
    dice = random.Random(seed)
    campus = tapes.Campus(dice, numbers, cards)
    for _ in range(ops):
        terminal, card = dice.choice(numbers), dice.choice(cards)
        if dice.random() < 0.85:
            campus._purchase(terminal, card)
        else:
            campus._add(terminal, record.REFUSAL, card, record.DONE)
    for terminal in numbers:
        for card in cards:
            campus._add(terminal, record.REFUSAL, card, record.DONE)
    return campus, {str(card): tapes.CARD["balance_fen"] for card in cards}


def play(seed, folder, ops=60, kills=KILLS):
    """-> (lines of a history, path of the database at its end)."""
    path = folder / f"{seed}.db"
    campus, cards = world(seed, path, ops)
    history = History(folder / f"{seed}.jsonl")
    history.tell("issue", cards=cards)
    dice = random.Random(seed)
    for spell in range(kills + 1):
        order = f"kill@statement:{dice.randrange(15, 260)}" if spell < kills else ""
        pid = os.fork()
        if not pid:
            _child(order, path, campus.tapes, history, random.Random(seed * 100 + spell))
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, -signal.SIGKILL):
            raise AssertionError(f"seed {seed}: the child failed")
        if code:
            history.tell("killed")
        history.tell(**checker.read(path))
    return history.lines(), path


def _child(order, path, journals, history, dice):
    """Never returns."""
    try:
        os.environ[faults.VARIABLE] = order
        faults._passed.clear()
        _work(Store(f"sqlite:///{path}"), path, journals, history, dice)
        os._exit(0)
    except BaseException as error:
        print(f"history {path}: {error!r}", file=sys.stderr)
        os._exit(3)


def _work(store, path, journals, history, dice):
    """Hand in what is not answered yet, as terminals do after a restart of theirs or ours."""
    acked = {number: store.records.highest_serial(number) for number in journals}
    op = 0
    while any(acked[number] < len(rows) for number, rows in journals.items()):
        handed = []
        for number in dice.sample(sorted(journals), dice.randrange(1, 4)):
            start = max(0, acked[number] - dice.choice((0, 0, 0, 2, 9)))
            rows = journals[number][start : start + dice.randrange(1, 12)]
            if rows:
                op += 1
                handed.append((op, number, start, rows))
                raws = [raw.hex() for raw in rows]
                history.tell("invoke", op=op, terminal=number, raws=raws)
        if not handed:
            continue
        is_full = dice.random() < 0.3
        if is_full:
            _room(store, store.db.one("PRAGMA page_count"))
        try:
            batches = [(number, b"".join(rows)) for _, number, _, rows in handed]
            answers = store.records.ingest(batches, 2000)
        except Unavailable:
            for one, *_ in handed:
                history.tell("fail", op=one)
            answers = []
        if is_full:
            _room(store, 1_000_000)
        for (one, number, start, rows), tail in zip(handed, answers):
            history.tell("ok", op=one, answers=batch.unpack(tail))
            acked[number] = max(acked[number], start + len(rows))
        if dice.random() < 0.2:
            history.tell(**checker.read(path))


def _room(store, pages):
    store.db.conn.execute(f"PRAGMA max_page_count={pages}").fetchall()


def main(count, ops):
    """Play `count` histories; the first that is wrong ends it."""
    for seed in range(count):
        with tempfile.TemporaryDirectory() as folder:
            lines, path = play(seed, Path(folder), ops, kills=ops // 12)
            problems = checker.Checker().check(lines, path)
        if problems:
            sys.exit(f"history {seed}: " + "; ".join(problems[:5]))
        if seed % 50 == 49:
            print(f"{seed + 1} histories: 0 wrong", flush=True)
    print(json.dumps({"histories": count, "ops": ops, "wrong": 0}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
