"""When a terminal needs somebody: each alarm a row that a person can read and change. Pure.

The table has defaults as the field has them; the store keeps what was changed. What it is not: who
is told, and how. Facts of one terminal in, the alarms that it raises out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

# name, unit, default, least, most
TABLE = (
    ("silent", "s", 300, 30, 86_400),  # it said nothing for so long
    ("list", "s", 60, 5, 86_400),  # a newer blacklist is not confirmed, though it is connected
    ("clock", "s", 600, 5, 86_400),  # its clock and the server's were so far apart
    ("upload", "h", 24, 1, 720),  # records wait in it, and none came for so long
    ("missing", "s", 900, 60, 604_800),  # a later record came so long ago, this one did not
    ("queue", "%", 50, 1, 100),  # of its journal is not uploaded
    ("grey", "records", 1, 1, 1000),  # payments whose outcome is not known
    ("tears", "per mille", 50, 1, 1000),  # of its taps the card was pulled away
    ("damage", "reports", 1, 1, 100),  # nobody has seen to it yet
    ("merchant", "payments", 1, 1, 1000),  # taken though its merchant may take no money
    ("often", "payments", 3, 2, 100),  # one card within 5 minutes, anywhere, the last of them here
)
OFTEN_S = 300
OFTEN_KEPT_S = 3600  # so long the terminal shows it
TEARS_LEAST_TAPS = 100  # fewer say nothing


class Rule(NamedTuple):
    """One alarm: it is raised when its value is above the limit (of counts: reaches it)."""

    name: str
    unit: str
    limit: int
    least: int
    most: int
    is_on: bool
    default: int


class Facts(NamedTuple):
    """What is known of one terminal. report: its last one, received_utc_s: when that came.
    missing_utc_s: when the record after the oldest hole came. often: the most payments of one card
    within OFTEN_S of which the last was made here, lately. barred: payments taken though its
    merchant may take no money."""

    connected: bool
    contact_utc_s: int | None
    held: int | None
    version: int
    version_utc_s: int
    report: Mapping[str, Any] | None
    received_utc_s: int | None
    uploaded_utc_s: int | None
    missing_utc_s: int | None
    damages: int
    often: int = 0
    barred: int = 0


def rules(changed: Mapping[str, tuple[int, bool]]) -> list[Rule]:
    """The table with what was changed: name -> (limit, on)."""
    made = []
    for name, unit, default, least, most in TABLE:
        limit, is_on = changed.get(name, (default, True))
        made.append(Rule(name, unit, limit, least, most, is_on, default))
    return made


def raised(table: list[Rule], facts: Facts, now_s: int) -> list[tuple[str, int]]:
    """(name, value) of every alarm that this terminal raises now, in the order of the table."""
    values = _values(facts, now_s)
    found = []
    for rule in table:
        value = values.get(rule.name)
        if value is None or not rule.is_on:
            continue
        counts = rule.unit in ("records", "reports", "payments")
        if value > rule.limit or counts and value == rule.limit:
            found.append((rule.name, value))
    return found


def clock_error_s(facts: Facts) -> int | None:
    """How far its clock was ahead of the server's when it last reported."""
    if facts.report is None or facts.received_utc_s is None:
        return None
    return int(facts.report["utc_s"]) - facts.received_utc_s


def _values(facts: Facts, now_s: int) -> dict[str, int]:
    """What each alarm looks at, as far as it is known. A terminal that never worked raises none."""
    values = {"damage": facts.damages, "often": facts.often, "merchant": facts.barred}
    if facts.contact_utc_s is not None and not facts.connected:
        values["silent"] = now_s - facts.contact_utc_s
    if facts.connected and (facts.held or 0) < facts.version:
        values["list"] = now_s - facts.version_utc_s
    if facts.missing_utc_s is not None:
        values["missing"] = now_s - facts.missing_utc_s
    report = facts.report
    if report is None:
        return values
    error_s = clock_error_s(facts)
    if error_s is not None:
        values["clock"] = abs(error_s)
    values["grey"] = report["grey"]
    if report["capacity"]:
        values["queue"] = report["queue"] * 100 // report["capacity"]
    if report["queue"] and facts.uploaded_utc_s is not None:
        values["upload"] = (now_s - facts.uploaded_utc_s) // 3600
    if report["taps"] >= TEARS_LEAST_TAPS:
        values["tears"] = report["tears"] * 1000 // report["taps"]
    return values
