"""The ten most used pages over 500,000 records, each beside its main query in bare SQL.

A page is the whole request in process: session, rights, every query of it, the template. Beside it
sqlite3 fetches the rows that the page is about, on a connection of its own, and nothing else: no
words, no alarms, no HTML. So the ratio says what a page costs over its data, not that it could be
had for that. What it is not: sockets, browsers, many visitors at once.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import statistics
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask.testing import FlaskClient

from bench import college
from sync_server.core import days, validity
from sync_server.gateway.orders import Orders
from sync_server.gateway.service import Gateway
from sync_server.keyring import Keyring
from sync_server.web.app import create_app

RECORDS, DAYS, LOOKS = 500_000, 35, 100
_PASSWORD = "correct horse 9"
_TAPS = (
    "SELECT r.terminal, r.serial, r.type, r.outcome, r.reason, r.fault, r.utc_s, r.card,"
    " r.amount_fen, t.place, t.kind FROM record r LEFT JOIN terminal t ON t.number = r.terminal"
)
# page, who looks, address, its main query in bare SQL
PAGES = (
    ("overview", "centre", "/", f"{_TAPS} ORDER BY r.id DESC LIMIT 60"),
    ("search", "clerk", "/people?q=张", "SELECT h.*, (SELECT count(*) FROM card c WHERE"
     " c.holder = h.id) FROM holder h WHERE h.name LIKE '%张%' ORDER BY h.number LIMIT 50"),
    ("person", "clerk", "/people/77", f"{_TAPS} JOIN step s ON (s.terminal, s.serial) ="
     " (r.terminal, r.serial) WHERE s.card = 77 ORDER BY r.utc_s DESC LIMIT 60"),
    ("loss", "clerk", "/cards/77/reach", "SELECT t.number, t.place, (SELECT max(version) FROM"
     " list_confirmed c WHERE c.terminal = t.number AND c.list = 0) FROM terminal t"),
    ("terminals", "logistics", "/terminals", "SELECT t.*, (SELECT r.received_utc_s FROM record r"
     " WHERE r.terminal = t.number ORDER BY r.serial DESC LIMIT 1) FROM terminal t"),
    ("terminal", "logistics", "/terminals/9", f"{_TAPS} WHERE r.terminal = 9 ORDER BY r.serial DESC"
     " LIMIT 40"),
    ("leavers", "finance", "/leavers", "SELECT h.*, l.* FROM leaver l JOIN holder h ON"
     " h.id = l.holder WHERE l.settled_utc_s IS NULL ORDER BY h.number LIMIT 50"),
    ("days", "finance", "/books", "SELECT day, sum(count), sum(amount_fen) FROM day_line"
     " GROUP BY day ORDER BY day DESC LIMIT 40"),
    ("day", "finance", "/books/days/{day}", "SELECT terminal, giver_type, taker_type, taker_key,"
     " sum(count), sum(amount_fen) FROM day_line WHERE day = {number} GROUP BY 1, 2, 3, 4"),
    ("account", "finance", "/books/accounts/5?month={month}", "SELECT x.*, g.key, k.key FROM"
     " transfer x JOIN account g ON g.id = x.giver JOIN account k ON k.id = x.taker WHERE"
     " (x.giver = 5 OR x.taker = 5) AND x.booked_utc_s >= {begin} ORDER BY x.id DESC LIMIT 500"),
)  # fmt: skip


def measure(
    records: int = RECORDS, day_count: int = DAYS, looks: int = LOOKS
) -> dict[str, dict[str, Any]]:
    """page -> p50_ms, p99_ms, sql_p50_ms, ratio (of the medians)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "campus.db"
        store = college.fill(path, records, day_count, with_steps=True)
        store.close()
        with Site(path) as site:
            last = site.close_days()
            words = {
                "day": validity.shown(last - 1), "number": last - 1,
                "month": days.month_shown(days.month_of(last)),
                "begin": days.begins_utc_s(days.first_of(days.month_of(last))),
            }  # fmt: skip
            bare = sqlite3.connect(path)
            told = {}
            for name, role, address, sql in PAGES:
                client = site.visitor(role)
                page = timed(looks, partial(_get, client, address.format(**words)))
                query = timed(looks, partial(_rows, bare, _filled(sql, words)))
                told[name] = told_of(page, query)
            bare.close()
    return told


def timed(looks: int, work: Any) -> list[float]:
    """Milliseconds of each time, in order of size; the first is not counted."""
    work()
    times = []
    for _ in range(looks):
        began_s = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - began_s))
    return sorted(times)


def told_of(page: list[float], query: list[float]) -> dict[str, float]:
    """What is told of a page and its query."""
    ratio = statistics.median(page) / statistics.median(query)
    return {
        "p50_ms": round(statistics.median(page), 2),
        "p99_ms": round(page[min(len(page) - 1, len(page) * 99 // 100)], 2),
        "sql_p50_ms": round(statistics.median(query), 3),
        "ratio": round(ratio, 2),
    }


def _filled(sql: str, words: dict[str, Any]) -> str:
    for name, value in words.items():
        sql = sql.replace("{%s}" % name, str(value))
    return sql


def _rows(bare: sqlite3.Connection, sql: str) -> None:
    bare.execute(sql).fetchall()


def _get(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")


class Site:
    """The application over a database, without sockets; its gateway in a thread of its own."""

    def __init__(self, path: Path):
        from sync_server.store.store import Store

        self.store = Store(f"sqlite:///{path}")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._gateway = self._run(self._open(path))
        self.orders = Orders(self._gateway)
        self.orders.offices.hasher = PasswordHasher(1, 8, 1)  # signing in is not measured
        settings = {"TESTING": True, "RATELIMIT_ENABLED": False}
        self._app = create_app(self.orders, "t" * 43, settings)

    async def _open(self, path: Path) -> Gateway:
        gateway = Gateway(self.store, Keyring.beside(path))
        await gateway.start("127.0.0.1", 0)
        return gateway

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._gateway.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self.store.close()

    def close_days(self) -> int:
        """Every day that is over. -> the last one"""
        now_s = int(time.time())
        last = validity.today(now_s) - 1
        self.store.days.close(last, {}, "bench", now_s)
        return last

    def visitor(self, role: str) -> FlaskClient:
        """Somebody of an office, signed in."""
        if self.store.officers.password_of(role) is None:
            hashed = self.orders.offices.hashed(_PASSWORD)
            wish = {"name": role, "shown": role, "role": role, "merchant": None}
            self.store.officers.set_password(
                self.store.officers.add(wish, hashed, "bench", 1), hashed, True
            )
        client = self._app.test_client()
        page = client.get("/sign-in").get_data(as_text=True)
        token = re.search(r'csrf_token" value="([^"]+)', page)
        assert token is not None
        form = {"csrf_token": token.group(1), "name": role, "password": _PASSWORD}
        client.post("/sign-in", data=form)
        return client
