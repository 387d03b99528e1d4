"""Each requirement: what must work, how far it is, its pages and routes, the tests that show it.

Words are in requirements.toml, a block each. Routes are named as in sync_server/web/needs.py and
looked up in the application. A test says what it shows in the line above it: `# shows R9 R17`.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

from sync_server.web.app import create_app
from sync_server.web.needs import TWIN

DOCS = Path(__file__).parent
ROOT = DOCS.parent
COUNT = 29
STATES = {"works": "works", "partly": "partly", "open": "not yet"}
_MARK = re.compile(r"\s*# shows ((?:R\d+ ?)+)$")
_NUMBER = re.compile(r"R(\d+)")
_LINK = re.compile(r"\]\(([\w.-]+)(?:#[\w-]+)?\)")
_VARIABLE = re.compile(r"<[^<>]*:")


class Requirement(NamedTuple):
    """A block of the file. told: links to pages; routes: names of views."""

    number: int
    what: str
    state: str
    now: str
    told: list[str]
    routes: list[str]


class Shown(NamedTuple):
    """A test that says what it shows."""

    path: str
    name: str
    numbers: tuple[int, ...]


def read(text: str) -> list[Requirement]:
    """The blocks of the file, by number. ValueError names a block that is none."""
    found = []
    for name, block in tomllib.loads(text).items():
        if set(block) != set(Requirement._fields) - {"number"} or not _NUMBER.fullmatch(name):
            raise ValueError(f"{name}: a block has {', '.join(Requirement._fields[1:])}")
        found.append(Requirement(int(name[1:]), **block))
    return sorted(found)


def written() -> list[Requirement]:
    """Of the file itself."""
    return read((DOCS / "requirements.toml").read_text(encoding="utf-8"))


@cache
def shown() -> tuple[Shown, ...]:
    """Every test of the tree that says what it shows."""
    paths = [path for folder in ("hil_tests", "tests") for path in (ROOT / folder).rglob("*.py")]
    return tuple(
        mark
        for path in sorted(paths)
        for mark in marks(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    )


def marks(path: str, text: str) -> Iterator[Shown]:
    """Of one file; a mark that stands above no test has an empty name."""
    lines = text.splitlines()
    marked = {at: match for at, line in enumerate(lines, 1) if (match := _MARK.fullmatch(line))}
    if not marked:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(by.lineno for by in node.decorator_list)])
            match = marked.pop(first - 1, None)
            if match:
                yield Shown(path, node.name, _numbers(match[1]))
    for match in marked.values():
        yield Shown(path, "", _numbers(match[1]))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBER.findall(text))


@cache
def addresses() -> dict[str, list[str]]:
    """name of a view -> `METHOD path` of its page and of its twin for programs."""
    found: dict[str, list[str]] = {}
    for rule in create_app(cast(Any, None), "docs").url_map.iter_rules():
        office, _, view = rule.endpoint.rpartition(".")
        path = _VARIABLE.sub("<", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            name = f"{office.removesuffix(TWIN)}.{view}"
            found.setdefault(name, []).append(f"{method} {path}")
    return {name: sorted(found[name], key=lambda one: "/api/" in one) for name in found}


def faults(every: Iterable[Requirement], tests: Iterable[Shown]) -> Iterator[str]:
    """What is claimed and is not so."""
    blocks = {one.number: one for one in every}
    named = {number for mark in tests if mark.name for number in mark.numbers}
    for number in sorted({*range(1, COUNT + 1)} - set(blocks)):
        yield f"R{number} is not in the file"
    for number, one in blocks.items():
        if not 1 <= number <= COUNT:
            yield f"R{number} is no requirement"
        if one.state not in STATES:
            yield f"R{number}: state is one of {', '.join(STATES)}"
        if (one.state != "open") != bool(one.now and one.told and number in named):
            yield f"R{number}: what works is told in a page, and a test says `# shows R{number}`"
        for link in (target for text in one.told for target in _LINK.findall(text)):
            if not (DOCS / link).is_file():
                yield f"R{number}: there is no docs/{link}"
        for view in one.routes:
            if view not in addresses():
                yield f"R{number}: there is no route {view}"
    for mark in tests:
        if not mark.name.startswith("test_"):
            yield f"{mark.path}: a line `# shows` stands above no test"
        for number in set(mark.numbers) - set(blocks):
            yield f"{mark.path}::{mark.name} shows R{number}, which is none"


def page() -> str:
    """An overview, and then each requirement by itself."""
    every, tests = written(), shown()
    head = ["| no. | what must work | state | tests |", "| --- | --- | --- | --- |"]
    for one in every:
        count = sum(one.number in mark.numbers for mark in tests)
        row = f"[R{one.number}](#r{one.number}) | {one.what} | {STATES[one.state]} | {count}"
        head.append(f"| {row} |")
    return "\n\n".join(["\n".join(head), *(_block(one, tests) for one in every)])


def _block(one: Requirement, tests: Iterable[Shown]) -> str:
    lines = [f"## R{one.number}", "", f"**{one.what}** ({STATES[one.state]})", "", one.now, ""]
    if one.told:
        lines.append(f"- told in {', '.join(one.told)}")
    where = [address for view in one.routes for address in addresses()[view]]
    pages = [f"`{address}`" for address in where if " /api/" not in address]
    programs = [f"`{address}`" for address in where if " /api/" in address]
    for word, found in (("pages", pages), ("API", programs)):
        if found:
            lines.append(f"- {word}: {', '.join(found)}")
    names = [f"  - `{mark.path}::{mark.name}`" for mark in tests if one.number in mark.numbers]
    return "\n".join([*lines, *(["- shown by", *names] if names else [])])
