"""The month-end report over 5,000,000 records of a year, beside the same figures in bare SQL.

The report sums rows of closed days; the bare query counts the transfers themselves, joined with
their accounts, once for what was before the month and once for the month. Both must tell the same,
or the bench fails. What the close of a day costs, once, is told beside it. Bar: 1.0 times bare SQL.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import college
from bench.pages import Site, timed
from sync_server.core import days

RECORDS, DAYS, LOOKS, QUERIES = 5_000_000, 365, 20, 3
BAR = 1.0
_BARE = (
    "SELECT type, CASE WHEN type = 'purse' THEN '' ELSE key END AS name,"
    " sum(CASE WHEN booked_utc_s < ?1 THEN fen ELSE 0 END),"
    " sum(CASE WHEN booked_utc_s >= ?1 AND fen > 0 THEN fen ELSE 0 END),"
    " sum(CASE WHEN booked_utc_s >= ?1 AND fen < 0 THEN -fen ELSE 0 END) FROM"
    " (SELECT a.type, a.key, p.amount_fen AS fen, p.booked_utc_s FROM posting p"
    " JOIN account a ON a.id = p.account WHERE p.booked_utc_s < ?2) GROUP BY 1, 2 ORDER BY 1, 2"
)


def measure(
    records: int = RECORDS, day_count: int = DAYS, looks: int = LOOKS, queries: int = QUERIES
) -> dict[str, Any]:
    """Medians in milliseconds, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "campus.db"
        began_s = time.perf_counter()
        college.fill(path, records, day_count, with_steps=False).close()
        filled_s = time.perf_counter() - began_s
        with Site(path) as site:
            began_s = time.perf_counter()
            last = site.close_days()
            closed_s = time.perf_counter() - began_s
            month = days.month_of(last)
            bounds = (
                days.begins_utc_s(days.first_of(month)),
                days.begins_utc_s(days.first_of(month + 1)),
            )
            bare = sqlite3.connect(path)
            found = bare.execute(_BARE, bounds).fetchall()
            _same(site.orders.books.report(month)["balances"], found)
            client = site.visitor("finance")
            address = f"/books/report?month={days.month_shown(month)}"
            page = timed(looks, lambda: client.get(address))
            query = timed(queries, lambda: bare.execute(_BARE, bounds).fetchall())
            bare.close()
    report_ms, sql_ms = statistics.median(page), statistics.median(query)
    return {
        "records": records,
        "days": day_count,
        "filled_s": round(filled_s, 1),
        "closed_ms_a_day": round(1000 * closed_s / day_count, 1),
        "report_ms": round(report_ms, 2),
        "report_worst_ms": round(page[-1], 2),
        "sql_ms": round(sql_ms, 1),
        "ratio": round(report_ms / sql_ms, 4),
        "bar": BAR,
        "reached": report_ms / sql_ms <= BAR,
        "cause": "few records: the page itself costs more than counting them",
    }


def _same(balances: list[dict[str, Any]], found: list[tuple]) -> None:
    ours = sorted(
        (*row["account"], row["before_fen"], row["in_fen"], row["out_fen"]) for row in balances
    )
    if ours != sorted(found):
        raise RuntimeError("the report and the transfers do not tell the same")
