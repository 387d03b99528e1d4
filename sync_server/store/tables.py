"""What a table is to somebody who copies them all: its columns, its key, what it refers to."""

from __future__ import annotations

from typing import NamedTuple


class Table(NamedTuple):
    """`key`: columns that make a row one; `to`: names of other tables that its rows refer to."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    to: frozenset[str]


def in_order(tables: list[Table]) -> list[Table]:
    """By name, but each after those that it refers to."""
    left = {table.name: table for table in sorted(tables)}
    done: dict[str, Table] = {}
    while left:
        ready = [name for name, table in left.items() if table.to.isdisjoint(left)]
        if not ready:
            raise ValueError(f"tables that refer to each other: {', '.join(left)}")
        done[ready[0]] = left.pop(ready[0])
    return list(done.values())
