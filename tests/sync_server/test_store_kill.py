"""SIGKILL while commits are made: what was answered is there, and nothing is there twice."""

import random
import signal
import subprocess
import sys

import pytest

from sync_server.store.store import Store
from tests.sync_server import tapes

_BATCH = 5
_INGEST = """
import sys
from sync_server.store.store import Store
store = Store(sys.argv[1])
for line in sys.stdin:
    number, _, tail = line.partition(" ")
    (answers,) = store.records.ingest([(int(number), bytes.fromhex(tail))], 2000)
    print(number, answers.hex(), flush=True)
"""


def lines_of(world):
    for number, tape in world.tapes.items():
        for at in range(0, len(tape), _BATCH):
            yield number, b"".join(tape[at : at + _BATCH])


def opened(path):
    store = Store(f"sqlite:///{path}")
    numbers = [store.terminals.enrol("pos", f"place {n}", "m", 1) for n in range(2)]
    return store, numbers, store.cards.issue([tapes.CARD] * 3, 1)


@pytest.mark.parametrize("seed", range(4))
def test_what_was_answered_survives_a_kill(seed, tmp_path):
    store, numbers, cards = opened(tmp_path / "killed.db")
    store.close()
    world = tapes.Campus(random.Random(seed), numbers, cards).play(300)
    batches = list(lines_of(world))
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    child = subprocess.Popen(
        [sys.executable, "-c", _INGEST, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    (tmp_path / "lines").write_text("".join(f"{n} {tail.hex()}\n" for n, tail in batches))
    child.stdin.write((tmp_path / "lines").read_bytes())
    child.stdin.flush()  # all of it: the child is killed while it works on the next ones
    answered = [child.stdout.readline() for _ in range(random.Random(seed).randrange(3, 25))]
    child.send_signal(signal.SIGKILL)
    answered += child.stdout.readlines()
    child.wait()
    whole = [line for line in answered if line.endswith(b"\n")]
    assert len(whole) >= 3

    store = Store(url)
    assert store.accounts.sum_fen() == 0
    for number, tail in batches[: len(whole)]:
        serials = {row[0] for row in store.records.of(number, 0, 10_000)}
        sent = {int.from_bytes(tail[at : at + 4], "big") for at in range(0, len(tail), 64)}
        assert sent <= serials
    for number, tail in batches:  # the terminals send again what they have no answer for
        store.records.ingest([(number, tail)], 2000)
    calm, _, _ = opened(tmp_path / "calm.db")
    for number, tail in batches:
        calm.records.ingest([(number, tail)], 2000)
    assert tapes.picture(store) == tapes.picture(calm)
