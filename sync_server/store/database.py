"""The database file: opened, brought to the newest schema, given to each thread.

SQLite with a write-ahead log and synchronous=FULL: a transaction that was committed survives a
power cut. Each thread has a connection of its own; writes are one at a time. What it is not: it
knows no table but its own list of migrations. Limits: one writing process a database.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Protocol

import sqlite_utils

from sync_server.store import faults

SCHEMA = Path(__file__).parent / "schema"
BUSY_MS = 10_000
ROWS_A_STATEMENT = 50


class BadUrl(ValueError):
    """The database cannot be what the URL says; one clear line."""


class Remembering(Protocol):
    """A part of the store that keeps in memory what it has read."""

    def remember(self) -> None:
        """Forget that, and read it again."""


class Database:
    """`url` sqlite:///PATH. BadUrl, or sqlite3.Error when the file is no database."""

    def __init__(self, url: str):
        if url.startswith(("postgresql://", "postgres://")):
            raise BadUrl("PostgreSQL is not supported yet: use sqlite:///PATH")
        if not url.startswith("sqlite:///") or url == "sqlite:///":
            raise BadUrl(f"a database is sqlite:///PATH, not {url!r}")
        self._path = url.removeprefix("sqlite:///")
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._writing = threading.RLock()
        self._reminded: list[Remembering] = []
        self._unsure = False  # the last reminding failed: what is remembered may be wrong
        self._migrate()

    @property
    def tables(self) -> sqlite_utils.Database:
        """This thread's connection, as sqlite-utils has it; `.conn` is sqlite3's."""
        found = getattr(self._local, "tables", None)
        if found is None:
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000
            )
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            faults.watch(connection)
            found = self._local.tables = sqlite_utils.Database(connection)
            self._opened.append(connection)
        return found

    @property
    def conn(self) -> sqlite3.Connection:
        """This thread's connection."""
        return self.tables.conn

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; committed, and durable, when the block ends.

        Inside another one it is a part of that: undone alone when it fails, durable with the whole.
        """
        with self._writing:
            connection = self.conn
            inner = connection.in_transaction
            if self._unsure:
                self._remind()
            connection.execute("SAVEPOINT part" if inner else "BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("RELEASE part" if inner else "COMMIT")
            except BaseException:
                self._undo(connection, inner)
                raise
            if not inner:
                faults.passed("committed")

    def reminds(self, part: Remembering) -> None:
        """`part` reads what it remembers now, and again after each rollback, parts in the order
        in which they came here: then nothing that was remembered is sure any more."""
        self._reminded.append(part)
        part.remember()

    def _remind(self) -> None:
        for part in self._reminded:
            part.remember()
        self._unsure = False

    def _undo(self, connection: sqlite3.Connection, inner: bool) -> None:
        """Roll back, and let what is remembered be read again: now, or if the disk does not even
        let us read, before the next transaction."""
        self._unsure = True
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:  # an error of the disk ends it by itself
                connection.execute("ROLLBACK TO part" if inner else "ROLLBACK")
                if inner:
                    connection.execute("RELEASE part")
            self._remind()

    def insert(self, into: str, rows: list[tuple], otherwise: str = "") -> None:
        """`rows` INTO a table (its columns), many a statement: a quarter less time than one each.
        otherwise: what ON CONFLICT does."""
        if not rows:
            return
        one = f"({', '.join('?' * len(rows[0]))})"
        whole = len(rows) - len(rows) % ROWS_A_STATEMENT
        if whole:
            values = ", ".join([one] * ROWS_A_STATEMENT)
            many = f"INSERT INTO {into} VALUES {values} {otherwise}"
            for at in range(0, whole, ROWS_A_STATEMENT):
                part = rows[at : at + ROWS_A_STATEMENT]
                self.conn.execute(many, list(chain.from_iterable(part)))
        self.conn.executemany(f"INSERT INTO {into} VALUES {one} {otherwise}", rows[whole:])

    def rows(self, sql: str, *values) -> list[dict]:
        """The rows of a query as dicts."""
        return list(self.tables.query(sql, values))

    def one(self, sql: str, *values):
        """The first column of the first row, None if there is none."""
        row = self.conn.execute(sql, values).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Close every thread's connection."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._local = threading.local()

    def _migrate(self) -> None:
        """Apply what is not applied yet, each file in one transaction with its mark."""
        self.conn.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY)")
        applied = {row[0] for row in self.conn.execute("SELECT name FROM migration")}
        for path in sorted(SCHEMA.glob("*.sql")):
            if path.stem in applied:
                continue
            with self.transaction() as connection:
                for statement in _statements(path.read_text(encoding="utf-8")):
                    connection.execute(statement)
                connection.execute("INSERT INTO migration VALUES (?)", (path.stem,))


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one (executescript would commit in between)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
