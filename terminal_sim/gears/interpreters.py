"""One campus's terminals on two interpreters: recorded on this one, played on MicroPython."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from terminal_sim.gears.inprocess import Campus
from terminal_sim.terminal import micropython_command

_ROOT = Path(__file__).parents[2]
_HEAP = "64m"  # the simulated flash and cards' bytes are on it too
_TIMEOUT_S = 600


def compare(seed: int, taps: int) -> tuple[str, str]:
    """-> terminals_digest of a campus, as CPython and as MicroPython have it."""
    campus = Campus(seed, record=True)
    here = campus.run(taps)["terminals_digest"]
    there = hashlib.sha256()
    with tempfile.TemporaryDirectory() as folder:
        for node in campus.nodes:
            path = Path(folder) / f"{node.number}.tape"
            path.write_text("".join(node.tape or ()))
            there.update(bytes.fromhex(_played(path)))
    return here, there.hexdigest()


def _played(path: Path) -> str:
    done = subprocess.run(
        [micropython_command(), "-X", f"heapsize={_HEAP}", "-m", "terminal_sim.gears.tape", path],
        env={**os.environ, "MICROPYPATH": f"{_ROOT}:.frozen"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"MicroPython: {(done.stdout + done.stderr).strip()[-300:]}")
    return done.stdout.strip()
