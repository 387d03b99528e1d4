"""Scripts that are timed on a terminal: here on the interpreter of the unix board."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from terminal_sim.image import compiled
from terminal_sim.terminal import micropython_command

_HEAP = "256k"
_LIMIT_S = 120


def run(script: str, *arguments: str | Path, said: str = "") -> str:
    """A script of this folder with a terminal's heap; said: what it reads. -> what it printed.
    RuntimeError with its last words if it failed."""
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(
            [micropython_command(), "-X", f"heapsize={_HEAP}", Path(__file__).with_name(script),
             *arguments],
            cwd=empty,  # sources in the current folder would come before MICROPYPATH
            env={"MICROPYPATH": f"{compiled()}:.frozen"},
            input=said, capture_output=True, text=True, check=False, timeout=_LIMIT_S,
        )  # fmt: skip
    if done.returncode:
        words = (done.stderr or done.stdout).strip()[-300:]
        raise RuntimeError(f"{script} did not run: {words}")
    return done.stdout
