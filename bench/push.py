"""A loss report reaching connected terminals: from the HTTP call to the last one that has it.

The terminals are sessions only, in a process of their own; each delta is sealed by its terminal's
own session. `reached_ms` counts from before the HTTP request, `pushed_ms` from the first delta that
arrives to the last, which is what a broker would be compared by. What it is not: a comparison with
one; that needs mosquitto beside it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from bench.plain_terminal import PlainTerminal
from bench.wire import prepare, start_server
from protocol import messages
from sync_server.running import loop_factory

ROUNDS = 15


class Listening(PlainTerminal):
    """Takes every delta at its word: what is measured is the push, not the applying."""

    def _apply(self, values, tail: bytes) -> tuple:
        self.versions[values.list], self.digests[values.list] = values.after, values.digest
        return values.list, values.after, values.digest, messages.APPLIED


def measure(sizes: tuple[int, ...] = (200, 1000)) -> dict[str, Any]:
    """Each number of terminals: {"terminals_200": {"reached_ms_median", ...}, ...}."""
    return {f"terminals_{size}": _one(size) for size in sizes}


def _one(terminals: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "campus.db"
        keys, cards = prepare(database, terminals)
        server, ready = start_server(database)
        try:
            token = Path(ready["token_file"]).read_text(encoding="ascii").strip()
            given = {"keys": keys, "cards": cards[min(cards)], "token": token, **ready}
            words = [sys.executable, "-m", "bench.push"]
            load = subprocess.run(
                words, input=json.dumps(given), capture_output=True, text=True, check=False
            )
            if load.returncode:
                raise RuntimeError(f"the load generator failed: {load.stderr.strip()[-400:]}")
            return json.loads(load.stdout)
        finally:
            server.terminate()
            server.wait(30)


async def load(given: dict[str, Any]) -> dict[str, Any]:
    """In the generator's process: connect all, report cards lost, wait for the last delta."""
    port = int(given["tcp"].rpartition(":")[2])
    terminals = [Listening(int(n), bytes.fromhex(key)) for n, key in given["keys"].items()]
    for start in range(0, len(terminals), 100):
        await asyncio.gather(*(t.connect(port, 1) for t in terminals[start : start + 100]))
    loop = asyncio.get_running_loop()
    reached_ms, pushed_ms = [], []
    for turn in range(ROUNDS):
        card = given["cards"][turn]
        begin_s = time.perf_counter()
        version = await loop.run_in_executor(None, _report_lost, given, card)
        while any(t.versions[messages.BLACKLIST] < version for t in terminals):
            await asyncio.sleep(0.001)
        times_s = [t.pushed_s for t in terminals]
        reached_ms.append(1000 * (max(times_s) - begin_s))
        pushed_ms.append(1000 * (max(times_s) - min(times_s)))
        await asyncio.sleep(0.2)  # an idle campus: the confirmations are stored
    return {
        "terminals": len(terminals),
        "reached_ms_median": round(sorted(reached_ms)[ROUNDS // 2], 1),
        "reached_ms_worst": round(max(reached_ms), 1),
        "pushed_ms_median": round(sorted(pushed_ms)[ROUNDS // 2], 1),
    }


def _report_lost(given: dict[str, Any], card: int) -> int:
    request = urllib.request.Request(
        f"{given['http']}/api/cards/{card}/loss",
        method="POST",
        headers={"Authorization": f"Bearer {given['token']}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["version"]


def _main() -> None:
    given = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        print(json.dumps(runner.run(load(given))))


if __name__ == "__main__":
    _main()
