"""One campus's terminals on other interpreters: recorded on this one, played on MicroPython: the
newest, and, where the base firmware is built, the version that boards have."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from image import base
from terminal_sim.gears.inprocess import Campus
from terminal_sim.terminal import micropython_command

_ROOT = Path(__file__).parents[2]
_HEAP = "64m"  # the simulated flash and cards' bytes are on it too
_TIMEOUT_S = 600


def commands() -> list[str]:
    """Paths of the interpreters that are here."""
    of_boards = [str(base.folder() / base.UNIX)] if base.is_built() else []
    return [micropython_command(), *of_boards]


def compare(seed: int, taps: int) -> list[str]:
    """-> terminals_digest of a campus, as CPython has it and as each of `commands()` has it."""
    campus = Campus(seed, record=True)
    here = campus.run(taps)["terminals_digest"]
    with tempfile.TemporaryDirectory() as folder:
        tapes = []
        for node in campus.nodes:
            path = Path(folder) / f"{node.number}.tape"
            path.write_text("".join(node.tape or ()))
            tapes.append(path)
        return [here, *(_digest(command, tapes) for command in commands())]


def _digest(command: str, tapes: list[Path]) -> str:
    there = hashlib.sha256()
    for tape in tapes:
        there.update(bytes.fromhex(_played(command, tape)))
    return there.hexdigest()


def _played(command: str, path: Path) -> str:
    done = subprocess.run(
        [command, "-X", f"heapsize={_HEAP}", "-m", "terminal_sim.gears.tape", path],
        env={**os.environ, "MICROPYPATH": f"{_ROOT}:.frozen"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"MicroPython: {(done.stdout + done.stderr).strip()[-300:]}")
    return done.stdout.strip()
