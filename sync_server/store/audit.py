"""The log of acts in the database: written in the commit of the act itself. Its rules: core.audit.

What it is not: who may read it. Row by row, any thread may read; only the writer adds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sync_server.core import audit
from sync_server.core.audit import Act, Row
from sync_server.store.database import Database

_ROW = "number, utc_s, who, role, what, subject, detail"


class Audit:
    """Written by whoever does the act, read by any thread."""

    key = b""  # of the keyring

    def __init__(self, db: Database):
        self._db = db

    def audited(self, act: Act, utc_s: int, work: Callable[..., Any], *args: Any) -> Any:
        """Do some work of the store and keep who did it, both or neither. -> what it returns."""
        with self._db.transaction():
            result = work(*args)
            self.note(act, utc_s)
            return result

    def note(self, act: Act, utc_s: int) -> None:
        """Keep an act."""
        with self._db.transaction() as connection:
            newest = connection.execute(
                "SELECT number, link FROM audit ORDER BY number DESC LIMIT 1"
            ).fetchone()
            number, before = newest or (0, audit.NO_LINK)
            row = audit.row(number + 1, utc_s, act)
            link = audit.link(self.key, before, row)
            connection.execute(
                f"INSERT INTO audit ({_ROW}, link) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, link)
            )
            connection.execute(
                "INSERT INTO audit_head VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET"
                " count = excluded.count, seal = excluded.seal",
                (number + 1, audit.seal(self.key, number + 1, link)),
            )

    def acts(self, before: int, limit: int, who: str = "", subject: str = "") -> list[dict]:
        """Rows below a number, newest first; of one person, about one thing."""
        return self._db.rows(
            f"SELECT {_ROW} FROM audit WHERE number < ? AND (? = '' OR who = ?)"
            " AND (? = '' OR subject = ?) ORDER BY number DESC LIMIT ?",
            *(before, who, who, subject, subject, limit),
        )

    def document(self, digest: str) -> dict[str, Any] | None:
        """The row that tells of a signed document. digest: SHA-256 in hex."""
        found = self._db.rows(
            f"SELECT {_ROW} FROM audit WHERE what = 'console.bearers_paper' AND detail = ?",
            json.dumps({"sha256": digest}),
        )
        return found[0] if found else None

    def check(
        self, expect: tuple[int, bytes] | None = None, newest: int = 0
    ) -> tuple[int, bytes, audit.Fault | None]:
        """(how many rows, the last link, what is wrong first). newest: only so many rows at the
        end are looked at, 0: all."""
        with self._db.snapshot() as connection:  # rows and head of one moment
            head = connection.execute("SELECT count, seal FROM audit_head").fetchone()
            begin = connection.execute(
                "SELECT number, link FROM audit WHERE ? != 0 AND number <="
                " (SELECT max(number) FROM audit) - ? ORDER BY number DESC LIMIT 1",
                (newest, newest),
            ).fetchone() or (0, audit.NO_LINK)
            found = connection.execute(
                f"SELECT {_ROW}, link FROM audit WHERE number > ? ORDER BY number", (begin[0],)
            )
            rows = ((Row(*row[:-1]), bytes(row[-1])) for row in found)
            return audit.check(self.key, rows, head, expect, begin)
