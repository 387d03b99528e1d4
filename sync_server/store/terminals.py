"""Terminals in the database: enrolled, heard of, given parameters (their rules are protocol's)."""

from __future__ import annotations

import json
from typing import Any

from protocol import params
from sync_server.store.database import Database
from sync_server.store.merchants import SHUT, Merchants
from sync_server.store.parameters import Parameters
from sync_server.store.places import Places

_COLUMNS = (
    "number, kind, place, merchant, generation, epoch, enrolled_utc_s, contact_utc_s, report,"
    " own_key"
)


class Terminals:
    """`params` are of one terminal over those for all."""

    def __init__(self, db: Database, places: Places, parameters: Parameters, merchants: Merchants):
        self._db = db
        self._places = places
        self._parameters = parameters
        self._merchants = merchants

    def enrol(self, kind: str, place: str, merchant: str | None, utc_s: int) -> int:
        """A new terminal. -> its number."""
        with self._db.transaction() as connection:
            number = connection.execute(
                "INSERT INTO terminal (number, kind, place, merchant, enrolled_utc_s)"
                " SELECT coalesce(max(number), 0) + 1, ?, ?, ?, ? FROM terminal RETURNING number",
                (kind, place, merchant or None, utc_s),
            ).fetchone()[0]
            if self._merchants.shuts(number):
                self.set_params(number, {})  # else it would never be given any
        self._places.changed(number)  # asked for before it was there, and so without a merchant
        return number

    def get(self, number: int) -> dict[str, Any] | None:
        """The row of one terminal, its last report under "report" (None: never)."""
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM terminal WHERE number = ?", number)
        return _read(rows[0]) if rows else None

    def all(self) -> list[dict[str, Any]]:
        """All rows, by number; "list_version" is the newest blacklist each confirmed, or None: what
        a flash that was lost since had confirmed, the new one has not."""
        confirmed = dict(
            self._db.conn.execute(
                "SELECT terminal, max(version) FROM list_confirmed c WHERE list = 0 AND NOT EXISTS"
                " (SELECT 1 FROM lost l WHERE l.terminal = c.terminal"
                " AND l.declared_utc_s >= c.confirmed_utc_s) GROUP BY terminal"
            )
        )
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM terminal ORDER BY number")
        return [_read(row) | {"list_version": confirmed.get(row["number"])} for row in rows]

    def admit_epoch(self, number: int, epoch: int, generation: int = 1) -> bool:
        """Keep the epoch of an authentic hello; False if one as high was there before, or if the
        terminal was replaced since: its old key opens nothing any more."""
        with self._db.transaction() as connection:
            done = connection.execute(
                "UPDATE terminal SET epoch = ? WHERE number = ? AND epoch < ? AND generation = ?",
                (epoch, number, epoch, generation),
            )
            return done.rowcount == 1

    def report(self, number: int, values: Any, utc_s: int) -> None:
        """Keep what a terminal says of itself (a named tuple of REPORT)."""
        told = {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in values._asdict().items()
        }
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE terminal SET report = ?, contact_utc_s = ? WHERE number = ?",
                (json.dumps(told), utc_s, number),
            )

    def set_params(self, terminal: int | None, values: dict[str, Any]) -> int:
        """Parameters of one terminal, over those for all (None). -> version. LocalError."""
        params.pack(values)
        plain = {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in values.items()
        }
        return self._parameters.add(terminal, json.dumps(plain))

    def params(self, terminal: int) -> tuple[int, bytes]:
        """(version, packed) of what a terminal shall have; (0, b"") if nothing was ever set."""
        newest: dict[bool, dict[str, Any]] = {}
        version = 0
        rows = self._db.conn.execute(
            "SELECT version, terminal, value FROM parameter_set"
            " WHERE terminal IS NULL OR terminal = ? ORDER BY version",
            (terminal,),
        )
        for version, own, value in rows:  # noqa: B007 the last one is the answer
            newest[own is not None] = newest.get(own is not None, {}) | json.loads(value)
        merged = newest.get(False, {}) | newest.get(True, {})
        for name, value in merged.items():
            if isinstance(value, str):
                merged[name] = bytes.fromhex(value)
        if self._merchants.shuts(terminal):
            merged |= SHUT
        return version, params.pack(merged)


def _read(row: dict[str, Any]) -> dict[str, Any]:
    report = row["report"]
    return row | {"report": json.loads(report) if report else None}
