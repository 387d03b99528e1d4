"""Gate records of a real college, as people of this one who come to its gates (docs/term.md)."""

from collections import defaultdict
from typing import NamedTuple

from sync_server.core.days import OFFSET_S
from terminal_sim import records
from tests.term.daily import Come

DAY_S = 86400


class Passes(NamedTuple):
    """places: names of the gates. days: date in the file -> who comes. strangers, refused: rows
    that are nobody's here, and of those who were not let in."""

    places: list[str]
    days: dict[str, list[Come]]
    strangers: int = 0
    refused: int = 0


def read(path, people):
    """Everybody who was let in comes again."""
    file = records.read(path)
    assert not file.faults, file.faults[:3]
    whose = {one.access: one for one in reversed(people) if one.access}  # of two, the first
    ours = [row for row in file.rows if row.person in whose]
    let_in = [row for row in ours if row.accepted]
    places = sorted({row.place for row in let_in})
    days = defaultdict(list)
    for row in let_in:
        at_s = (row.utc_s + OFFSET_S) % DAY_S
        days[row.day].append(Come(at_s, whose[row.person], places.index(row.place), 0))
    return Passes(places, dict(days), len(file.rows) - len(ours), len(ours) - len(let_in))
