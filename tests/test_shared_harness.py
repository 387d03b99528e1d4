"""The harness of tests/shared itself: what must fail, fails, and says why."""

import sys
from types import SimpleNamespace

import pytest

from tests import conftest


def item(name):
    """A stand-in of the item of tests/shared/NAME."""
    named = SimpleNamespace(path=conftest.ROOT / "tests" / "shared" / name)
    named.command = lambda: conftest.OnMicroPython.command(named)
    return named


NAMES_NONE = item("test_of_nothing.py")


def test_no_interpreter_is_a_failure_with_the_remedy(monkeypatch, tmp_path):
    monkeypatch.delenv("CAMPUS_MICROPYTHON", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert conftest.micropython_command() is None
    with pytest.raises(conftest.MicroPythonFailure, match="pip install"):
        conftest.OnMicroPython.runtest(NAMES_NONE)


def test_the_named_interpreter_comes_first(monkeypatch, tmp_path):
    script = tmp_path / "interpreter"
    script.write_text('#!/bin/sh\necho "FAIL $4"\nexit 1\n')
    script.chmod(0o755)
    monkeypatch.setenv("CAMPUS_MICROPYTHON", str(script))
    with pytest.raises(conftest.MicroPythonFailure, match="FAIL test_of_nothing"):
        conftest.OnMicroPython.runtest(NAMES_NONE)


def test_a_file_that_cannot_be_imported_is_a_failure():
    with pytest.raises(conftest.MicroPythonFailure, match="ImportError"):
        conftest.OnMicroPython.runtest(NAMES_NONE)


def test_a_file_without_tests_is_a_failure():
    without_tests = item("vectors.py")
    with pytest.raises(conftest.MicroPythonFailure, match="no tests in vectors"):
        conftest.OnMicroPython.runtest(without_tests)
