"""News fragments have a known kind and say something in a sentence or two."""

import re

import pytest

from tests.structure.tree import ROOT

KINDS = ("feature", "fix", "format", "removed")
NAME = re.compile(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md")
LONGEST = 400


def faults(name, text):
    """Yield what is wrong with one fragment."""
    if not NAME.fullmatch(name):
        yield f"{name}: must be NAME.KIND.md, KIND one of {', '.join(KINDS)}"
    if not text.strip().endswith("."):
        yield f"{name}: says no whole sentence"
    if len(text) > LONGEST:
        yield f"{name}: {len(text)} characters, at most {LONGEST}"


def test_every_fragment_is_one():
    found = [path for path in (ROOT / "newsfragments").iterdir() if path.name != "README.md"]
    assert [f for path in found for f in faults(path.name, path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("tap.md", "A."), ("tap.story.md", "A."), ("tap.fix.md", ""), ("tap.fix.md", "a" * 400 + ".")],
)
def test_the_check_can_fail(name, text):
    assert list(faults(name, text))
