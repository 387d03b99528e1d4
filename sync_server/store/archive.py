"""A backup: every row of a database in a file that either database is restored from.

The file is a gzip stream of lines (JSON) and, after it, SHA-256 of all bytes before. Lines: what
it is ({"campus": 1, ...}), then of each table its name and columns, its rows, and how many there
were, with SHA-256 of their lines. Rows are in the order of their key, so the same rows have the
same digest in SQLite and in PostgreSQL. Bytes are {"b": base64}. What it is not: encrypted, or with
any key of the keyring in it (docs/database.md).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sync_server.store.database import SCHEMA, Database
from sync_server.store.tables import Table, in_order

FORM = 1
_DIGEST = 32
_PIECE = 1 << 18
_LOADED_AT_ONCE = 500
_MARKS = "migration"  # the table that says which migrations were applied: the head line has it
_GZIP = 31  # zlib's name for it


class Damaged(Exception):
    """The file is not the whole of a backup, or none at all; one clear line."""


class NotEmpty(Exception):
    """The database has rows already; one clear line."""


class Sum(NamedTuple):
    """Of one table: how many rows, SHA-256 of their lines (hex)."""

    rows: int
    sha256: str


def sums(db: Database) -> dict[str, Sum]:
    """Of every table as it is now."""
    with db.snapshot() as connection:
        return {
            table.name: _told(_rows(connection, table), lambda line: None)
            for table in in_order(db.engine.tables(connection))
            if table.name != _MARKS
        }


def write(db: Database, path: Path, made_utc_s: int) -> dict[str, Sum]:
    """Everything of one moment; nobody waits for it. -> sums. FileExistsError, OSError, Trouble."""
    draft = path.with_name(f"{path.name}.part")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file, db.snapshot() as connection:
            packed = _Packed(file)
            told = _write_tables(db, connection, packed, made_utc_s)
            packed.end()
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # never over another file
    finally:
        os.unlink(draft)
    return told


def _write_tables(
    db: Database, connection: Any, packed: _Packed, made_utc_s: int
) -> dict[str, Sum]:
    packed.line({"campus": FORM, "made_utc_s": made_utc_s, "migrations": db.migrations()})
    told = {}
    for table in in_order(db.engine.tables(connection)):
        if table.name != _MARKS:
            packed.line({"table": table.name, "columns": table.columns})
            told[table.name] = _told(_rows(connection, table), packed.text)
            packed.line(told[table.name]._asdict())
    packed.line({"tables": len(told)})
    return told


class _Packed:
    """Lines into a file, compressed; the digest after them."""

    def __init__(self, file: Any):
        self._file = file
        self._zip = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
        self._sha = hashlib.sha256()

    def line(self, told: dict[str, Any]) -> None:
        self.text(_packed(told))

    def text(self, line: bytes) -> None:
        self._put(self._zip.compress(line))

    def end(self) -> None:
        self._put(self._zip.flush())
        self._file.write(self._sha.digest())

    def _put(self, data: bytes) -> None:
        self._sha.update(data)
        self._file.write(data)


def _packed(told: Any) -> bytes:
    plain = json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_bytes)
    return plain.encode() + b"\n"


def _bytes(value: Any) -> dict[str, str]:
    return {"b": base64.b64encode(value).decode()}


def _rows(connection: Any, table: Table) -> Iterator[bytes]:
    names, key = ", ".join(table.columns), ", ".join(table.key)
    for row in connection.stream(f"SELECT {names} FROM {table.name} ORDER BY {key}"):
        yield _packed(tuple(row))


def _told(rows: Iterator[bytes], each: Callable[[bytes], None]) -> Sum:
    sha, count = hashlib.sha256(), 0
    for line in rows:
        sha.update(line)
        each(line)
        count += 1
    return Sum(count, sha.hexdigest())


# reading


class Part(NamedTuple):
    """A table as the file has it."""

    name: str
    columns: tuple[str, ...]
    rows: Iterator[tuple]


def read_sums(path: Path) -> tuple[dict[str, Any], dict[str, Sum]]:
    """(head, sums) of a file that is whole from its first bit to its last. Damaged, OSError."""
    lines = _lines(path)
    head = _head(path, lines)
    told = {}
    for text in lines:
        line = json.loads(text)
        if isinstance(line, dict) and "table" in line:
            name = line["table"]
        elif isinstance(line, dict) and "sha256" in line:
            told[name] = Sum(line["rows"], line["sha256"])
    return head, told


def load(path: Path, url: str) -> dict[str, Sum]:
    """Into a database with nothing in it, all or nothing. -> sums of what is there then.
    Damaged, NotEmpty, BadUrl, Trouble, OSError."""
    head, told = read_sums(path)
    unknown = set(head["migrations"]) - {one.stem for one in SCHEMA.glob("*.sql")}
    if unknown:
        raise Damaged(f"{path} was made by a newer version: it has {min(unknown)}")
    db = Database(url, only=head["migrations"])
    try:
        _refuse_rows(db)
        with db.transaction() as connection:
            for part in _parts(path):
                batch = []
                into = f"{part.name} ({', '.join(part.columns)})"
                for row in part.rows:
                    batch.append(row)
                    if len(batch) == _LOADED_AT_ONCE:
                        db.insert(into, batch)
                        batch = []
                db.insert(into, batch)
            db.engine.loaded(connection)
        found = sums(db)
    finally:
        db.close()
    if found != told:
        wrong = min(name for name in told if found.get(name) != told[name])
        raise Damaged(f"{url}: {wrong} is not what the backup has; throw this database away")
    return found


def _refuse_rows(db: Database) -> None:
    for table in db.engine.tables(db.conn):
        if table.name != _MARKS and db.one(f"SELECT 1 FROM {table.name} LIMIT 1") is not None:
            raise NotEmpty(f"{db.engine} has rows already: restore into a new database")


def _parts(path: Path) -> Iterator[Part]:
    lines = _lines(path)
    _head(path, lines)
    for text in lines:
        line = json.loads(text)
        if "table" in line:
            yield Part(line["table"], tuple(line["columns"]), _values(lines))


def _values(lines: Iterator[bytes]) -> Iterator[tuple]:
    for text in lines:
        line = json.loads(text)
        if isinstance(line, dict):  # the sum: the end of this table
            return
        yield tuple(
            base64.b64decode(value["b"]) if isinstance(value, dict) else value for value in line
        )


def _head(path: Path, lines: Iterator[bytes]) -> dict[str, Any]:
    head = json.loads(next(lines))
    if head.get("campus") != FORM:
        raise Damaged(f"{path} is a backup of form {head.get('campus')}, this reads {FORM}")
    return head


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file whose digest is right. Damaged, OSError."""
    _check(path)
    left, rest = path.stat().st_size - _DIGEST, b""
    unzip = zlib.decompressobj(_GZIP)
    with path.open("rb") as file:
        while left:
            piece = file.read(min(left, _PIECE))
            left -= len(piece)
            *lines, rest = (rest + unzip.decompress(piece)).split(b"\n")
            yield from lines


def _check(path: Path) -> None:
    """Every bit, before any is believed."""
    left, sha = path.stat().st_size - _DIGEST, hashlib.sha256()
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            raise Damaged(f"{path} is no backup of campus")
        file.seek(0)
        while left > 0:
            piece = file.read(min(left, _PIECE))
            left -= len(piece)
            sha.update(piece)
        if left or sha.digest() != file.read():
            raise Damaged(f"{path} is damaged or was cut short: nothing of it was used")
