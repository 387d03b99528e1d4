"""The people of the college: by the project's own generator, or of a file (docs/term.md)."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terminal_sim import people

DEPARTMENTS = ("国际金融", "软件技术", "化工工艺", "建筑设计")
UNITS = {people.STAFF: "教务处", people.TEMPORARY: "基建工地"}
BEFORE = {people.STAFF: "T", people.STUDENT: "26", people.TEMPORARY: "L"}


@dataclass
class Person:
    """card, body: number and card that they have now; of a phone body has `show`. access: the
    number that opens gates in the file they are from. renewed: the day on which their phone was.
    is_stopped: no terminal that is online takes it."""

    at: int
    number: str
    name: str
    kind: int
    department: str
    start_fen: int
    access: str = ""
    has_phone: bool = False
    renewed: str = ""
    card: int = 0
    body: Any = None
    chips: int = 0
    is_stopped: bool = False
    has_left: bool = False

    def uid(self):
        """Of a chip that nobody had."""
        self.chips += 1
        return bytes((0x5A, self.chips)) + self.at.to_bytes(2, "big")


def invented(seed, count, phones):
    """So many, the first few students of whom have codes instead of cards."""
    made = [_person(at, one) for at, one in enumerate(people.holders(seed, count))]
    return _with_phones(made, phones)


def listed(path, seed, others, phones):
    """Everybody of a file with CardNo, Major, AccessCardNo studies; it has neither names nor money,
    so the generator gives them both, and as many others as it takes to have so many who do not."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    holders = people.holders(seed, len(rows) + 8 * others)
    made = []
    for at, (row, holder) in enumerate(zip(rows, holders, strict=False)):
        person = _person(at, holder._replace(kind=people.STUDENT))
        person.number, person.department = row["CardNo"], row["Major"]
        person.access = row["AccessCardNo"].lstrip("0")
        made.append(person)
    for holder in [one for one in holders[len(rows) :] if one.kind != people.STUDENT][:others]:
        made.append(_person(len(made), holder))
    return _with_phones(made, phones)


def _person(at, holder):
    department = UNITS.get(holder.kind) or DEPARTMENTS[at % len(DEPARTMENTS)]
    number = f"{BEFORE[holder.kind]}{at + 1:05}"
    return Person(at, number, holder.name, holder.kind, department, holder.balance_fen // 10 * 10)


def _with_phones(made, phones):
    for person in [one for one in made if one.kind == people.STUDENT][:phones]:
        person.has_phone = True
    return made
