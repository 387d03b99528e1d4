"""The database: opened, brought to the newest schema, given to each thread.

Which one it is, and how that speaks, is sqlite.py's and postgres.py's. Each thread has a connection
of its own; writes are one at a time. What it is not: it knows no table but its own list of
migrations. Limits: one writing process a database, besides short commands of the shell.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from sync_server.store import faults
from sync_server.store.sqlite import Sqlite
from sync_server.store.trouble import BadUrl, Trouble

SCHEMA = Path(__file__).parent / "schema"
ROWS_A_STATEMENT = 50


def engine_of(url: str) -> Any:
    """Sqlite or Postgres, nothing opened yet. BadUrl."""
    if url.startswith(("postgresql://", "postgres://")):
        from sync_server.store.postgres import Postgres  # a tenth of a second that few need

        return Postgres(url)
    path = url.removeprefix("sqlite:///")
    if path in (url, ""):
        raise BadUrl(f"a database is sqlite:///PATH or postgresql://USER@HOST/NAME, not {url!r}")
    return Sqlite(path)


class Remembering(Protocol):
    """A part of the store that keeps in memory what it has read."""

    def remember(self) -> None:
        """Forget that, and read it again."""


class Database:
    """`url`: sqlite:///PATH or postgresql://...; `alone`: no other server may have it;
    `only`: migrations to apply, for a backup of then; None: all.
    BadUrl, InUse, Trouble, OSError."""

    def __init__(self, url: str, alone: bool = False, only: Collection[str] | None = None):
        self.engine = engine_of(url)
        self._lock = self.engine.alone() if alone else None
        self._local = threading.local()
        self._opened: list[Any] = []
        self._writing = threading.RLock()
        self._reminded: list[Remembering] = []
        self._unsure = False  # the last reminding failed: what is remembered may be wrong
        self._migrate(only)

    @property
    def conn(self) -> Any:
        """This thread's connection; another one if the database has closed it."""
        found = getattr(self._local, "conn", None)
        if found is None or found.closed and not self._is_within():
            if found is not None:
                self._unsure = True
                self._opened.remove(found)
            found = self._local.conn = self.engine.open()
            self._opened.append(found)
        return found

    def _is_within(self) -> bool:
        """Is this thread in a transaction? Then a connection that was lost ends it."""
        return getattr(self._local, "within", False)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """All of it or nothing; committed, and durable, when the block ends.

        Inside another one it is a part of that: undone alone when it fails, durable with the whole.
        """
        with self._writing:
            connection = self.conn
            inner = self._is_within()
            if self._unsure:
                self._remind()
            connection.execute("SAVEPOINT part" if inner else self.engine.begin)
            self._local.within = True
            try:
                yield connection
                connection.execute("RELEASE part" if inner else "COMMIT")
            except BaseException:
                self._local.within = inner
                self._undo(connection, inner)
                raise
            self._local.within = inner
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

    def _undo(self, connection: Any, inner: bool) -> None:
        """Roll back, and let what is remembered be read again: now, or if the disk does not even
        let us read, before the next transaction."""
        self._unsure = True
        with contextlib.suppress(Trouble):
            # an error of the disk, and a connection that is lost, end it by themselves
            if connection.in_transaction and not connection.closed:
                connection.execute("ROLLBACK TO part" if inner else "ROLLBACK")
                if inner:
                    connection.execute("RELEASE part")
            self._remind()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Any]:
        """Everything that is read in the block is of one moment; nothing is locked."""
        connection = self.conn
        connection.execute(self.engine.begin_reading)
        try:
            yield connection
        finally:
            if not connection.closed:
                connection.execute("ROLLBACK")

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
        return self.engine.rows(self.conn, sql, values)

    def one(self, sql: str, *values):
        """The first column of the first row, None if there is none."""
        row = self.conn.execute(sql, values).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Close every thread's connection."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        if self._lock is not None:
            self._lock.close()
        self._local = threading.local()

    def migrations(self) -> list[str]:
        """Those that are applied, in order."""
        return [row[0] for row in self.conn.execute("SELECT name FROM migration ORDER BY name")]

    def _migrate(self, only: Collection[str] | None) -> None:
        """Apply what is not applied yet, each file in one transaction with its mark."""
        own = "CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY);"
        for statement in self.engine.statements(own):
            self.conn.execute(statement)
        applied = set(self.migrations())
        for path in sorted(SCHEMA.glob("*.sql")):
            if path.stem in applied or only is not None and path.stem not in only:
                continue
            with self.transaction() as connection:
                for statement in self.engine.statements(path.read_text(encoding="utf-8")):
                    connection.execute(statement)
                connection.execute("INSERT INTO migration VALUES (?)", (path.stem,))
