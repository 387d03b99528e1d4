"""SQLite: how it is opened, and its dialect, which is the one that the store is written in.

A file with a write-ahead log and synchronous=FULL: a transaction that was committed survives a
power cut. Its errors come out as Trouble.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from typing import IO, Any

import sqlite_utils

from sync_server.store import faults
from sync_server.store.tables import Table
from sync_server.store.trouble import InUse, Refused, Trouble, Unavailable

BUSY_MS = 10_000
_ROWS_AT_ONCE = 256


def trouble(error: sqlite3.Error) -> Trouble:
    """The same under the store's name."""
    if isinstance(error, sqlite3.OperationalError):
        return Unavailable(str(error))
    return Refused(str(error)) if isinstance(error, sqlite3.IntegrityError) else Trouble(str(error))


class Cursor(sqlite3.Cursor):
    """Reads on as sqlite3's does; Trouble."""

    def fetchone(self) -> Any:
        """The next row, None at the end."""
        try:
            return super().fetchone()
        except sqlite3.Error as error:
            raise trouble(error) from error

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        try:
            return super().fetchall()
        except sqlite3.Error as error:
            raise trouble(error) from error

    def __iter__(self) -> Any:
        try:
            while rows := super().fetchmany(_ROWS_AT_ONCE):
                yield from rows
        except sqlite3.Error as error:
            raise trouble(error) from error


class Connection(sqlite3.Connection):
    """sqlite3's; Trouble. tables: the same as sqlite-utils has it."""

    closed = False
    tables: sqlite_utils.Database

    def cursor(self, factory: Any = Cursor) -> Any:
        """One that says Trouble, too."""
        return super().cursor(factory)

    def execute(self, sql: str, values: Any = ()) -> Any:
        """Run a statement."""
        try:
            return self.cursor().execute(sql, values)
        except sqlite3.Error as error:
            raise trouble(error) from error

    def executemany(self, sql: str, rows: Any) -> Any:
        """Run it for each row."""
        try:
            return self.cursor().executemany(sql, rows)
        except sqlite3.Error as error:
            raise trouble(error) from error

    def stream(self, sql: str) -> Iterator[tuple]:
        """The rows of a query, not all at once."""
        return iter(self.execute(sql))


class Sqlite:
    """`path`: of the file, made if missing."""

    begin = "BEGIN IMMEDIATE"
    begin_reading = "BEGIN"

    def __init__(self, path: str):
        self.path = path

    def __str__(self) -> str:
        return self.path

    def open(self) -> Connection:
        """A connection of its own. Trouble."""
        try:
            connection = sqlite3.connect(
                self.path,
                isolation_level=None,
                check_same_thread=False,
                timeout=BUSY_MS / 1000,
                factory=Connection,
            )
        except sqlite3.Error as error:
            raise trouble(error) from error
        # the last: what is never deleted is not replaced either
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
                       "recursive_triggers=ON"):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.tables = sqlite_utils.Database(connection, recursive_triggers=False)
        faults.watch(connection)
        return connection

    def alone(self) -> IO[str]:
        """Held as long as it is open, and not beyond a crash. InUse, OSError."""
        file = open(f"{self.path}.lock", "w", encoding="ascii")  # noqa: SIM115
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise InUse(f"{self.path}: another server has this database open") from None
        return file

    def rows(self, connection: Connection, sql: str, values: Any) -> list[dict]:
        """The rows of a query as dicts."""
        return list(connection.tables.query(sql, values))

    def statements(self, script: str) -> Iterator[str]:
        """Those of a schema file, one by one (executescript would commit in between)."""
        statement = ""
        for line in script.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                yield statement
                statement = ""

    def tables(self, connection: Connection) -> list[Table]:
        """All of them, in no order."""
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
        ]
        return [self._table(connection, name) for name in names]

    def _table(self, connection: Connection, name: str) -> Table:
        columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
        keys = sorted((key, column) for _, column, _, _, _, key in columns if key)
        to = connection.execute(f"PRAGMA foreign_key_list({name})").fetchall()
        return Table(
            name,
            tuple(column[1] for column in columns),
            tuple(column for _, column in keys),
            frozenset(row[2] for row in to) - {name},
        )

    def loaded(self, connection: Connection) -> None:
        """Rows were put in with their own numbers: the next number is the highest and one."""
