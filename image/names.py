"""Names of our firmware that lie in the base firmware's flash: `make names` writes the list.

The interpreter keeps each name once; what the base firmware does not know it keeps in RAM, in
pools that double: 18 KB of a terminal's heap. So a module that nobody imports, with these names in
it, is frozen into the base firmware. The list is kept in the tree and not made while building: the
base firmware is another one whenever it changes, so it follows the sources now and then. A name
that is missing costs RAM and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from keyword import iskeyword
from pathlib import Path

from terminal_sim.image import RP2040, compiled

KEPT = Path(__file__).with_name("names.txt")
_TABLE_AT = 4  # after magic, version, flags and the size of small integers


def of(mpy: bytes) -> set[str]:
    """The identifiers in a compiled module that the interpreter does not have by itself. Source:
    MicroPython, docs/reference/mpyfiles.rst: counts of names and objects, then the names."""
    count, at = _number(mpy, _TABLE_AT)
    _, at = _number(mpy, at)
    names = set()
    for _ in range(count):
        length, at = _number(mpy, at)
        if length & 1:  # by its number
            continue
        names.add(mpy[at : at + (length >> 1)].decode())
        at += (length >> 1) + 1
    return {
        name for name in names if name.isascii() and name.isidentifier() and not iskeyword(name)
    }


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the highest first. -> it, and where it ends."""
    value = 0
    while raw[at] & 0x80:
        value = value << 7 | raw[at] & 0x7F
        at += 1
    return value << 7 | raw[at], at + 1


def used() -> list[str]:
    """Every name of the firmware for boards, sorted."""
    return sorted(set().union(*(of(path.read_bytes()) for path in compiled(RP2040).rglob("*.mpy"))))


def kept() -> list[str]:
    """The names of the list."""
    return KEPT.read_text("ascii").split()


def module(names: Iterable[str]) -> str:
    """The source of the module that is frozen: each name once, where none can be left out."""
    return "def _():\n" + "".join(f"    {name}\n" for name in names)


if __name__ == "__main__":
    KEPT.write_text("\n".join(used()) + "\n", "ascii")
