"""The people of the college, by the project's own generator."""

from dataclasses import dataclass
from typing import Any

from terminal_sim import people

DEPARTMENTS = ("国际金融", "软件技术", "化工工艺", "建筑设计")
UNITS = {people.STAFF: "教务处", people.TEMPORARY: "基建工地"}
BEFORE = {people.STAFF: "T", people.STUDENT: "26", people.TEMPORARY: "L"}


@dataclass
class Person:
    """card, body: number and card that they have now; of a phone body has `show`. uid: of their
    next chip. is_stopped: no terminal that is online takes it."""

    at: int
    number: str
    name: str
    kind: int
    department: str
    start_fen: int
    has_phone: bool = False
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
    made = []
    for at, holder in enumerate(people.holders(seed, count)):
        department = UNITS.get(holder.kind) or DEPARTMENTS[at % len(DEPARTMENTS)]
        number = f"{BEFORE[holder.kind]}{at + 1:05}"
        balance_fen = holder.balance_fen // 10 * 10
        made.append(Person(at, number, holder.name, holder.kind, department, balance_fen))
    for person in [one for one in made if one.kind == people.STUDENT][:phones]:
        person.has_phone = True
    return made
