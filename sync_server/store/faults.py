"""Faults of the database on order, for tests only: inert unless CAMPUS_FAULT orders one.

CAMPUS_FAULT=WHAT@POINT:N
    kill@statement:N   SIGKILL of this process before its N-th SQL statement (a row of executemany
                       is one); COMMIT is a statement, so this reaches every gap of a transaction
    kill@commit:N      before its N-th COMMIT
    kill@committed:N   after it, before anybody is told
    full@pages:N       the database has no room for more than N pages
What it is not: a kill inside a statement or an fsync; tests do that from outside.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from collections import Counter

VARIABLE = "CAMPUS_FAULT"
_FORM = re.compile(r"(?:(kill)@(statement|commit|committed)|(full)@(pages)):([1-9][0-9]*)")

_passed: Counter[str] = Counter()


def ordered() -> tuple[str, int] | None:
    """(point, n), None if there is no fault to make. ValueError for an order that is none."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError(f"{VARIABLE} must be WHAT@POINT:N, not {text!r}")
    return found[2] or found[4], int(found[5])


def watch(connection: sqlite3.Connection) -> None:
    """A connection was opened."""
    fault = ordered()
    if fault is None:
        return
    point, n = fault
    if point == "pages":
        connection.execute(f"PRAGMA max_page_count={n}")
    else:
        connection.set_trace_callback(_statement)


def passed(point: str) -> None:
    """The process is here; if the order says so, it ends here."""
    fault = ordered()
    if fault is None:
        return
    _passed[point] += 1
    if fault == (point, _passed[point]):
        os.kill(os.getpid(), signal.SIGKILL)


def _statement(sql: str) -> None:
    if sql == "COMMIT":
        passed("commit")
    passed("statement")
