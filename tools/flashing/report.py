"""What became of each board: rows for a table, CSV (with a mark so that Excel reads Chinese), JSON.

A row's sentence is in the language of the run; `fault` is the name that programs look at.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any, NamedTuple

from tools.flashing.board import DONE
from tools.flashing.faults import Fault
from tools.flashing.selftest import Result

COLUMNS = ("port", "board", "id", "terminal", "kind", "place", "state", "fault", "says", "seconds")


class Row(NamedTuple):
    """One board, or a port with nobody behind it."""

    port: str
    board: str = ""
    id: str = ""
    terminal: int | None = None
    kind: str = ""
    place: str = ""
    state: str = ""
    fault: str = ""
    says: str = ""
    seconds: float = 0.0
    tests: tuple[Result, ...] = ()

    @property
    def is_done(self) -> bool:
        """Nothing is left to be done, and nothing went wrong since it was done once."""
        return self.state == DONE and not self.fault


def failed(row: Row, fault: Fault, language: str) -> Row:
    """The row with what to do."""
    return row._replace(fault=fault.name, says=fault.says(language))


def as_csv(rows: list[Row]) -> bytes:
    """UTF-8 with its mark."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_safe(getattr(row, name)) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def as_json(rows: list[Row], language: str) -> dict[str, Any]:
    """{boards, done, failed}"""
    boards = [
        {name: getattr(row, name) for name in COLUMNS}
        | {"tests": {t.name: {"passed": t.passed, "says": t.says(language)} for t in row.tests}}
        for row in rows
    ]
    done = sum(row.is_done for row in rows)
    return {"boards": boards, "done": done, "failed": len(rows) - done}


def as_bytes(report: dict[str, Any]) -> bytes:
    """A JSON file."""
    return (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode()


def _safe(value: Any) -> Any:
    """No cell is a formula to a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.1f}"
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
