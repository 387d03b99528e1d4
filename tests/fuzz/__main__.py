"""`python -m tests.fuzz TARGET --seconds N`: fuzz one target, or `all`, by coverage (atheris).

Starts from the kept corpus. A crash is printed as the line to put into the corpus, beside its fix,
and exits with 1. --keep writes back what reached new code, minimised, at most KEPT inputs.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz import targets
from tests.fuzz.corpus import CORPUS, unpacked, write

ENGINE = "tests.fuzz.engine"
KEPT = 60
SLOW_S = 5  # an input that takes longer is a fault
MEMORY_MB = 1024


def main():
    """-> exit code: 0, or 1 when a target failed."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("target", choices=[*sorted(targets.TABLE), "all"])
    asked.add_argument("--seconds", type=int, default=60, help="a target; default 60")
    asked.add_argument("--keep", action="store_true", help="write the corpus back, minimised")
    asked.add_argument("--seed", type=int, default=0, help="of the mutations; 0: another each time")
    given = asked.parse_args()
    names = sorted(targets.TABLE) if given.target == "all" else [given.target]
    failed = [name for name in names if not fuzz(name, given.seconds, given.seed, given.keep)]
    if failed:
        print("failed:", *failed)
    return 1 if failed else 0


def fuzz(name, seconds, seed=0, keep=False, say=print):
    """Fuzz one target in a process of its own. True if nothing was found."""
    _, longest, _ = targets.TABLE.get(name) or targets.PLANTED[name]
    with tempfile.TemporaryDirectory() as place:
        found, crashes = Path(place, "found"), Path(place, "crashes")
        kept = unpacked(name, Path(place, "kept"))
        for folder in (found, crashes):
            folder.mkdir()
        options = [
            f"-max_total_time={seconds}",
            f"-seed={seed}",
            f"-max_len={longest}",
            f"-timeout={SLOW_S}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-artifact_prefix={crashes}/",
        ]
        done = _engine(name, [str(found), str(kept), *options])
        say(f"{name}: {_runs(done.stderr)}")
        for crash in sorted(crashes.iterdir()):
            say(f"{name}: corpus line {crash.read_bytes().hex()}")
        if done.returncode:
            say((done.stdout + done.stderr)[-6000:])
            return False
        if keep:
            _keep(name, Path(place), [str(kept), str(found)])
    return True


def _keep(name, place, folders):
    """The smallest inputs that together reach what all of them reach, into the kept corpus."""
    small, child = place / "small", place / "child"
    small.mkdir()
    # merging, the engine starts itself by its first argument
    root = CORPUS.parents[2]
    child.write_text(f'#!/bin/sh\ncd {root}\nexec {sys.executable} -m {ENGINE} {name} "$@"\n')
    child.chmod(0o755)
    done = _engine(name, ["--as", str(child), "-merge=1", str(small), *folders])
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    inputs = sorted(
        (path.read_bytes() for path in small.iterdir()), key=lambda one: (len(one), one)
    )
    write(name, inputs[:KEPT])


def _engine(name, arguments):
    """The same file in a child, with the engine."""
    return subprocess.run(
        [sys.executable, "-m", ENGINE, name, *arguments],
        cwd=CORPUS.parents[2], capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip


def _runs(log):
    """The engine's own last words: how many runs, in how many seconds, and the coverage."""
    last = [line for line in log.splitlines() if line.startswith("#") and "cov:" in line]
    done = [line for line in log.splitlines() if line.startswith("Done ")]
    return "; ".join([*done, *last[-1:]]) or "no run at all"


if __name__ == "__main__":
    sys.exit(main())
