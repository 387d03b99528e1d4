"""Every kept input again, in both interpreters: the same verdicts. And the corpus itself."""

import os
import subprocess

import pytest

from tests import conftest
from tests.fuzz import corpus, targets
from tests.fuzz.cut import verdict

# A whole terminal, and the flash that it has besides its memory, lie in one heap.
HEAPS = {"hostile_mifare": "1m", "hostile_cpu": "1m"}


def played(name):
    """The verdicts of CPython, or the exception that no target may let through."""
    call = targets.function(name)
    return [verdict(call(one)) for one in corpus.read(name)]


def on_micropython(name, path):
    """The verdicts of the other interpreter, on a terminal's heap."""
    done = subprocess.run(
        [
            conftest.micropython_command(), "-X", f"heapsize={HEAPS.get(name, conftest.HEAP)}",
            str(conftest.ROOT / "tests" / "fuzz" / "_verdicts.py"), name, str(path),
        ],
        env={**os.environ, "MICROPYPATH": str(conftest.ROOT)},
        capture_output=True, text=True, timeout=conftest.TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize("name", sorted(targets.TABLE))
def test_the_kept_inputs_hold(name):
    assert played(name), "no corpus: python -m tests.fuzz TARGET --keep"


@pytest.mark.parametrize("name", targets.SHARED)
def test_both_interpreters_say_the_same(name):
    assert on_micropython(name, corpus.path_of(name)) == played(name)


def test_a_difference_would_be_seen(tmp_path):
    """The other interpreter plays what it is given, and a crash is no verdict."""
    path = tmp_path / "one.hex"
    path.write_text("00\n0001  # why\n")
    heard = on_micropython("message", path)
    assert heard == [verdict(targets.function("message")(one)) for one in (b"\0", b"\0\1")]
    assert heard[0] == heard[1]  # the same refusal
    path.write_text("0x\n")
    (heard,) = on_micropython("message", path)
    assert heard.startswith("FAIL ValueError")


def test_every_corpus_has_its_target_and_is_small():
    names = {path.stem for path in corpus.CORPUS.glob("*.hex")}
    assert names == set(targets.TABLE)
    for name in names:
        for one in corpus.read(name):
            assert len(one) <= targets.TABLE[name][1]


def test_what_says_why_stays(monkeypatch, tmp_path):
    monkeypatch.setattr(corpus, "CORPUS", tmp_path)
    (tmp_path / "x.hex").write_text("0102  # a crash\nff\n")
    corpus.write("x", [b"\1\2", b"\3"])
    assert (tmp_path / "x.hex").read_text() == "03\n0102  # a crash\n"
    assert corpus.read("x") == [b"\3", b"\1\2"]
