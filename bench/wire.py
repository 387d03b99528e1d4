"""From the wire to the durable acknowledgement: records a second through a real server process.

Terminals are sessions only (plain_terminal), all in one process of their own, each sending its next
batch of 50 purchases when the last one is acknowledged. Records are made before the clock starts;
sealing, framing and both directions of TCP are inside. Bar: 20,000 records a second with 1,000
terminals on 2 cores, this process included. What it is not: the store alone (bench ingest).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.plain_terminal import PlainTerminal, Tape
from protocol import batch, messages
from sync_server.running import loop_factory

BATCH = 50
CARDS_PER_TERMINAL = 20
BALANCE_FEN = 10_000_000
BAR_PER_S = 20_000
_SERVE = "from sync_server.commands.serve import command; command()"


def measure(sizes: tuple[tuple[int, int], ...] = ((200, 40), (1000, 12))) -> dict[str, Any]:
    """Each (terminals, batches each): {"terminals_200": {...}, ..., "bar_per_s", "reached"}."""
    results: dict[str, Any] = {"bar_per_s": BAR_PER_S}
    for terminals, batches in sizes:
        results[f"terminals_{terminals}"] = _one(terminals, batches)
    largest = results[f"terminals_{max(size for size, _ in sizes)}"]
    results["reached"] = largest["records_per_s"] >= BAR_PER_S
    return results


def _one(terminals: int, batches: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "campus.db"
        keys, cards = prepare(database, terminals)
        server, ready = start_server(database)
        try:
            port = ready["tcp"].rpartition(":")[2]
            words = [sys.executable, "-m", "bench.wire", port, str(batches)]
            given = json.dumps({"keys": keys, "cards": cards})
            load = subprocess.run(words, input=given, capture_output=True, text=True, check=False)
            if load.returncode:
                raise RuntimeError(f"the load generator failed: {load.stderr.strip()[-400:]}")
            return json.loads(load.stdout)
        finally:
            server.terminate()
            server.wait(30)


def prepare(database: Path, terminals: int) -> tuple[dict[int, str], dict[int, list[int]]]:
    """Enrol terminals and issue their cards: keys in hexadecimal and card numbers by terminal."""
    from sync_server.keyring import Keyring
    from sync_server.store.store import Store

    store, keyring = Store(f"sqlite:///{database}"), Keyring.beside(database)
    now_s = int(time.time())
    numbers = [
        store.terminals.enrol("pos", f"place {n % 20}", "merchant", now_s) for n in range(terminals)
    ]
    wishes = [
        {
            "holder_kind": 2, "name": f"holder {n}", "uid": n.to_bytes(4, "big").hex(),
            "valid_until": 20_000, "zones": 1, "balance_fen": BALANCE_FEN, "list_stamp": 0,
        }
        for n in range(terminals * CARDS_PER_TERMINAL)
    ]  # fmt: skip
    cards = store.cards.issue(wishes, now_s)
    keys = {n: keyring.terminal_key(n, 1).hex() for n in numbers}
    shares = {
        n: cards[place * CARDS_PER_TERMINAL : (place + 1) * CARDS_PER_TERMINAL]
        for place, n in enumerate(numbers)
    }
    store.close()
    return keys, shares


def start_server(database: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """A server process on free ports, and the line it says when it is ready."""
    words = [
        sys.executable, "-c", _SERVE, "--db", f"sqlite:///{database}",
        "--http", "127.0.0.1:0", "--tcp", "127.0.0.1:0",
    ]  # fmt: skip
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line:
        raise RuntimeError("the server did not start")
    return server, json.loads(line)


async def load(port: int, batches: int, given: dict[str, Any]) -> dict[str, Any]:
    """In the generator's process: every terminal sends its batches, one after another."""
    terminals, tails = [], []
    for number_text, key in given["keys"].items():
        number = int(number_text)
        tape = Tape(number, given["cards"][number_text], BALANCE_FEN)
        tails.append([tape.take(BATCH) for _ in range(batches)])
        terminals.append(PlainTerminal(number, bytes.fromhex(key)))
    begin_s = time.perf_counter()
    for start in range(0, len(terminals), 100):
        await asyncio.gather(*(t.connect(port, 1) for t in terminals[start : start + 100]))
    connected_s = time.perf_counter()
    waits_s: list[float] = []
    counts = [0, 0, 0, 0, 0]

    async def send(terminal: PlainTerminal, mine: list[bytes]) -> None:
        for tail in mine:
            sent_s = time.perf_counter()
            _, _, answers = await terminal.ask(messages.BATCH, (), tail)
            waits_s.append(time.perf_counter() - sent_s)
            for answer, _ in batch.unpack(answers):
                counts[answer] += 1

    await asyncio.gather(*(send(t, mine) for t, mine in zip(terminals, tails, strict=True)))
    wall_s = time.perf_counter() - connected_s
    waits_s.sort()
    return {
        "terminals": len(terminals),
        "records": sum(counts),
        "stored": counts[batch.STORED],
        "records_per_s": round(sum(counts) / wall_s),
        "wall_s": round(wall_s, 3),
        "connect_s": round(connected_s - begin_s, 3),
        "acknowledged_ms_median": round(1000 * waits_s[len(waits_s) // 2], 1),
        "acknowledged_ms_99": round(1000 * waits_s[len(waits_s) * 99 // 100], 1),
    }


def _main() -> None:
    port, batches = int(sys.argv[1]), int(sys.argv[2])
    given = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        print(json.dumps(runner.run(load(port, batches, given))))


if __name__ == "__main__":
    _main()
