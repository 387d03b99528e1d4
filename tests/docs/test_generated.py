"""Generated sections of the pages are what the code says now; their markers are whole."""

import re

import pytest

from docs import diagrams, tables
from protocol import record, states

PAGES = sorted(diagrams.DOCS.glob("*.md"))


def test_every_page_is_up_to_date():
    assert not diagrams.stale(), "run: python -m docs.diagrams write"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_markers_are_whole_and_known(page):
    text = page.read_text(encoding="utf-8")
    begins = re.findall(r"<!-- generated: (.+?) -->", text)
    assert len(begins) == text.count("<!-- end -->")
    assert set(begins) <= set(diagrams.GENERATED)


def test_every_section_stands_in_some_page():
    whole = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for name in diagrams.GENERATED:
        assert f"<!-- generated: {name} -->" in whole


def test_a_stale_section_is_found_and_mended():
    page = "before\n<!-- generated: record -->\nfallen behind\n<!-- end -->\nafter\n"
    mended = diagrams.filled(page)
    assert "fallen behind" not in mended
    assert mended.startswith("before\n<!-- generated: record -->\n")
    assert mended.endswith("<!-- end -->\nafter\n")
    assert diagrams.filled(mended) == mended


def test_every_cell_of_a_table_is_in_its_diagram():
    drawn = diagrams.mermaid({1: {7: 2}, 2: {7: 1, 8: 1}}, {1: "IDLE", 2: "BUSY", 7: "go"})
    assert drawn.splitlines() == [
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> IDLE",
        "    IDLE --> BUSY: go",
        "    BUSY --> IDLE: go, 8",
        "```",
    ]
    text = diagrams.session()
    for role in states.TABLE.values():
        for state, row in role.items():
            for after in row.values():
                assert f"    {state} --> {after}: " in text


def test_every_field_has_its_meaning():
    assert set(tables.meanings(record)) == {name for name, _ in record.FIELDS}
    assert record.Record._fields == tuple(name for name, _ in record.FIELDS)


def test_commands():
    assert diagrams.main("check") == 0
    assert diagrams.main("paint") == 2
