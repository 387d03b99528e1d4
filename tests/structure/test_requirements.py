"""docs/requirements.md names every requirement; the pages and tests that it names are there."""

import ast
import re

import pytest

from tests.structure.tree import ROOT, parse

PAGE = ROOT / "docs" / "requirements.md"
COUNT = 29
ROW = re.compile(r"^\| (R\d+) \| (.*?) \| (.*?) ?\| (.*?) ?\| (.*?) ?\|$", re.MULTILINE)
TEST = re.compile(r"`((?:hil_)?tests/[\w/]+\.py)::(\w+)`")
LINK = re.compile(r"\]\(([\w.-]+)\)")


def faults(page):
    """Yield what the page names and is not so."""
    rows = {number: rest for number, *rest in ROW.findall(page)}
    for number in (f"R{n}" for n in range(1, COUNT + 1)):
        if number not in rows:
            yield f"{number} is not on the page"
            continue
        _, now, pages, tests = rows[number]
        if bool(now) != bool(tests) or bool(now) != bool(pages):
            yield f"{number}: what works is told in a page and shown by a test"
        for link in LINK.findall(pages):
            if not (ROOT / "docs" / link).is_file():
                yield f"{number}: there is no docs/{link}"
        named = TEST.findall(tests)
        if tests.count("`") != 2 * len(named):
            yield f"{number}: tests are named `tests/FILE.py::NAME`"
        for path, name in named:
            if name not in _tests_of(path):
                yield f"{number}: there is no {path}::{name}"


def _tests_of(path):
    file = ROOT / path
    if not file.is_file():
        return set()
    tree = parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_requirement_is_shown_or_said_to_be_missing():
    assert list(faults(PAGE.read_text(encoding="utf-8"))) == []


def _shown(number):
    """The last cell of a requirement's row."""
    (row,) = [
        row for row in PAGE.read_text("utf-8").splitlines() if row.startswith(f"| {number} |")
    ]
    return "| " + row.split(" | ")[-1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("| R29 |", "| R30 |"),
        ("](tap.md)", "](trap.md)"),
        ("::test_imports_run_one_way", "::test_imports_run_both_ways"),
        ("tests/structure/test_dialect.py::", "tests/structure/test_slang.py::"),
        (_shown("R29"), "| |"),
    ],
)
def test_the_check_can_fail(old, new):
    page = PAGE.read_text(encoding="utf-8")
    assert old in page
    assert list(faults(page.replace(old, new)))
