"""For whom cards are made: a list of people, and the folder that remembers how far it came.

CSV with a first line of names, Chinese or English; money in yuan. The folder's file names people,
cards and chips, never a key; it is 0600 and replaced whole.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from tools.desk.faults import Fault
from tools.flashing import report, work

KINDS = {"staff": 1, "student": 2, "temporary": 3}
_CHINESE = {"教工": "staff", "学生": "student", "临时": "temporary"}
_COLUMNS = {
    "学号": "holder", "工号": "holder", "编号": "holder", "number": "holder",
    "姓名": "name", "类别": "kind", "有效期": "valid_until", "区域": "zones", "余额": "balance",
}  # fmt: skip
_YUAN = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
_FORMAT = 1
STATE = "desk.json"


def fen_of(text: str) -> int:
    """Whole fen of an amount in yuan; ValueError."""
    if not _YUAN.fullmatch(text):
        raise ValueError(f"{text!r} is no amount in yuan")
    yuan, _, rest = text.partition(".")
    return int(yuan) * 100 + int(rest.ljust(2, "0") or "0")


def yuan_of(fen: int) -> str:
    """The other way, two decimals."""
    return f"{fen // 100}.{fen % 100:02d}"


def wish(row: dict[str, str]) -> dict[str, Any]:
    """What the server is asked for, of holder (the office's number of the person, may be missing),
    name, kind, valid_until, zones, balance; ValueError."""
    name, kind = row.get("name", "").strip(), row.get("kind", "student").strip()
    kind = _CHINESE.get(kind, kind)
    if not name or not name.isprintable() or len(name) > 60:
        raise ValueError("the name is missing, or not printable")
    if kind not in KINDS:
        raise ValueError(f"kind must be {', '.join(KINDS)}, not {kind!r}")
    day = date.fromisoformat(row.get("valid_until", "").strip())
    zones = int(row.get("zones", "").strip() or "65535", 0)
    if not 0 <= zones <= 0xFFFF:
        raise ValueError("zones must be 0 to 65535")
    return {
        "holder": row.get("holder", "").strip() or None,
        "name": name, "holder_kind": KINDS[kind], "valid_until": day.isoformat(), "zones": zones,
        "balance_fen": fen_of(row.get("balance", "").strip() or "0"),
    }  # fmt: skip


def read(path: Path) -> list[dict[str, Any]]:
    """The wishes of a list. Fault bad_list."""
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            wishes = []
            for row in table:
                line = table.line_num
                plain = {_COLUMNS.get(name, name): value or "" for name, value in row.items()}
                wishes.append(wish(plain))
            return wishes
    except (OSError, ValueError, csv.Error, TypeError, AttributeError) as error:
        raise Fault("bad_list", file=path, line=line, why=error) from None


class Memory:
    """Which of a list are done, in a folder; None: nothing is remembered."""

    def __init__(self, folder: Path | None):
        self._path = folder / STATE if folder else None
        self._rows: dict[str, dict[str, Any]] = {}
        if self._path:
            self._rows = work.read(self._path).get("rows", {})

    def of(self, key: str) -> dict[str, Any]:
        """uid, card, state, as far as is known."""
        return self._rows.get(key, {})

    def note(self, key: str, known: dict[str, Any]) -> None:
        """This is known now; on the disk when it returns."""
        self._rows[key] = known
        if self._path:
            work.replace(self._path, report.as_bytes({"format": _FORMAT, "rows": self._rows}))


def keys(wishes: list[dict[str, Any]]) -> list[str]:
    """A name for each, the same in the next run: two people of one name are told by their order."""
    seen: Counter[str] = Counter()
    named = []
    for one in wishes:
        plain = f"{one['holder'] or ''} {one['name']} {one['holder_kind']} {one['valid_until']}"
        seen[plain] += 1
        named.append(f"{plain} {seen[plain]}")
    return named
