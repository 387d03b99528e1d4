"""The tool that technicians use on a board's console: the real mpremote, as a command."""

import subprocess
import sys

from hil_tests.emulated.port import Port

PATIENCE_S = 60


def at_emulated(board, commands):
    """-> what each command prints at an emulated board, which lives meanwhile."""
    port = Port(board)
    try:
        return [_said(*port.command(_line(port.path, words), PATIENCE_S)) for words in commands]
    finally:
        port.close()


def at_device(path, commands):
    """-> what each command prints at a board on this serial port."""
    said = []
    for words in commands:
        done = subprocess.run(
            _line(path, words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        said.append(_said(done.returncode, done.stdout))
    return said


def _line(path, words):
    return [sys.executable, "-m", "mpremote", "connect", path, *words]


def _said(code, said):
    assert code == 0, said
    return said.replace("\r", "")
