"""Other systems in the database: applications, grants, keys, uses, and what they may look at.

Rules: core.partners. What it is not: webhooks (store.hooks). No query of this file reads money.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from protocol import params, record
from protocol.errors import LocalError
from sync_server.core import partners
from sync_server.store.database import Database
from sync_server.store.requests import NotYours
from sync_server.store.terminals import Terminals

_KEY = "id, partner, hash, made_by, made_utc_s, until_utc_s"
_CARD = (
    "SELECT c.number AS card, c.holder_kind, c.valid_until, c.ended_utc_s, h.number AS holder,"
    " h.name, EXISTS (SELECT 1 FROM list_member m WHERE m.list = 0 AND m.card = c.number) AS listed"
    " FROM card c LEFT JOIN holder h ON h.id = c.holder"
)
_PASS = (
    "SELECT r.id, r.terminal, t.place, r.utc_s, r.card, c.holder_kind, h.number AS holder"
    " FROM record r JOIN terminal t ON t.number = r.terminal"
    " LEFT JOIN card c ON c.number = r.card LEFT JOIN holder h ON h.id = c.holder"
)
_HOLDER = "id, number, name, kind AS holder_kind, department, valid_until, ended_utc_s"


class Partners:
    """Written by the writer, read by any thread."""

    def __init__(self, db: Database, terminals: Terminals):
        self._db = db
        self._terminals = terminals

    # applications and grants

    def ask(self, wish: dict[str, str], by: str, utc_s: int) -> int:
        """wish: name, purpose, contact, wants. -> id"""
        with self._db.transaction() as connection:
            return connection.execute(
                "INSERT INTO partner (name, purpose, contact, wants, asked_by, asked_utc_s)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (wish["name"], wish["purpose"], wish["contact"], wish["wants"], by, utc_s),
            ).fetchone()[0]

    def all(self) -> list[dict[str, Any]]:
        """All, newest first."""
        return self._db.rows("SELECT * FROM partner ORDER BY id DESC")

    def get(self, number: int) -> dict[str, Any] | None:
        """Of one id."""
        found = self._db.rows("SELECT * FROM partner WHERE id = ?", number)
        return found[0] if found else None

    def grant(self, number: int, grant: dict[str, Any], by: str, utc_s: int) -> None:
        """It may this from now on; grant: the columns from scopes to until_utc_s. LocalError,
        NotYours if whoever asked would grant."""
        with self._db.transaction() as connection:
            self._decidable(number, by, True)
            names = ("scopes", "kinds", "gates", "zones", "addresses", "a_minute", "until_utc_s")
            connection.execute(
                f"UPDATE partner SET {', '.join(f'{name} = ?' for name in names)},"
                " decided_by = ?, decided_utc_s = ? WHERE id = ?",
                (*(grant[name] for name in names), by, utc_s, number),
            )

    def refuse(self, number: int, by: str, utc_s: int) -> None:
        """What was asked is not granted. LocalError if it was already."""
        with self._db.transaction() as connection:
            if self._decidable(number, by, False)["decided_by"] is not None:
                raise LocalError("this was granted: it can be stopped")
            connection.execute(
                "UPDATE partner SET refused = 1, decided_by = ?, decided_utc_s = ? WHERE id = ?",
                (by, utc_s, number),
            )

    def stop(self, number: int, by: str, utc_s: int) -> None:
        """From this commit on it may nothing, for good; what waited for it is dead. LocalError."""
        with self._db.transaction() as connection:
            done = connection.execute(
                "UPDATE partner SET stopped_by = ?, stopped_utc_s = ? WHERE id = ?"
                " AND decided_by IS NOT NULL AND refused = 0 AND stopped_utc_s IS NULL",
                (by, utc_s, number),
            )
            if not done.rowcount:
                raise LocalError("this system is not connected")
            connection.execute("DELETE FROM hook WHERE partner = ?", (number,))
            connection.execute(
                "UPDATE delivery SET state = 'dead', problem = 'stopped', ended_utc_s = ?"
                " WHERE partner = ? AND state = 'waits'",
                (utc_s, number),
            )

    def _decidable(self, number: int, by: str, grants: bool) -> dict[str, Any]:
        row = self.get(number)
        if row is None or row["refused"] or row["stopped_utc_s"] is not None:
            raise LocalError("this system was refused or stopped: it must apply anew")
        if grants and by == row["asked_by"]:
            raise NotYours("whoever asked may not grant it: a second person must")
        return row

    # keys

    def make_key(self, number: int, hash_: bytes, by: str, utc_s: int) -> int:
        """-> id of a new key; the one before ends after a while, one before that now. LocalError"""
        with self._db.transaction() as connection:
            row = self.get(number)
            if row is None or partners.state_of(row, utc_s) != partners.GRANTED:
                raise LocalError("this system is not granted")
            last = self._db.one("SELECT max(id) FROM partner_key WHERE partner = ?", number) or 0
            for chosen, until_s in (("id = ?", utc_s + partners.ROLL_S), ("id < ?", utc_s)):
                connection.execute(
                    "UPDATE partner_key SET until_utc_s = ? WHERE partner = ?"
                    f" AND {chosen} AND (until_utc_s IS NULL OR until_utc_s > ?)",
                    (until_s, number, last, until_s),
                )
            return connection.execute(
                "INSERT INTO partner_key (partner, hash, made_by, made_utc_s)"
                " VALUES (?, ?, ?, ?) RETURNING id",
                (number, hash_, by, utc_s),
            ).fetchone()[0]

    def key(self, number: int) -> dict[str, Any] | None:
        """Of one id."""
        found = self._db.rows(f"SELECT {_KEY} FROM partner_key WHERE id = ?", number)
        return found[0] if found else None

    def keys(self, partner: int) -> list[dict[str, Any]]:
        """All, newest first, without their hashes."""
        names = _KEY.replace("hash, ", "")
        return self._db.rows(
            f"SELECT {names} FROM partner_key WHERE partner = ? ORDER BY id DESC", partner
        )

    # uses

    def count(self, partner: int, what: str, utc_s: int) -> None:
        """One more."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO partner_use VALUES (?, ?, ?, 1) ON CONFLICT (partner, day, what)"
                " DO UPDATE SET count = partner_use.count + 1",
                (partner, partners.day_of(utc_s), what),
            )

    def uses(self, partner: int, since_day: int) -> list[dict[str, Any]]:
        """{day, what, count}, newest day first."""
        return self._db.rows(
            "SELECT day, what, count FROM partner_use WHERE partner = ? AND day >= ?"
            " ORDER BY day DESC, what",
            *(partner, since_day),
        )

    def use_code(self, card: int, counter: int, partner: int, utc_s: int) -> bool:
        """Take the counter of a phone's code. False if this one or a later one was taken, or if it
        was paid with."""
        with self._db.transaction() as connection:
            paid = "SELECT 1 FROM step WHERE card = ? AND counter = ?"
            if self._db.one(paid, card, counter - 1) is not None:
                return False
            done = connection.execute(
                "INSERT INTO code_use VALUES (?, ?, ?, ?) ON CONFLICT (card) DO UPDATE SET"
                " counter = excluded.counter, partner = excluded.partner,"
                " used_utc_s = excluded.used_utc_s WHERE code_use.counter < excluded.counter",
                (card, counter, partner, utc_s),
            )
            return done.rowcount == 1

    # looks

    def card(self, number: int) -> dict[str, Any] | None:
        """card, holder_kind, valid_until, ended_utc_s, listed, holder (its number), name."""
        found = self._db.rows(f"{_CARD} WHERE c.number = ?", number)
        return found[0] if found else None

    def chip(self, uid: str) -> dict[str, Any] | None:
        """The same of the newest card that a chip was. uid: hex."""
        found = self._db.rows(f"{_CARD} WHERE c.uid = ? ORDER BY c.number DESC LIMIT 1", uid)
        return found[0] if found else None

    def gates_of(self, grant: partners.Grant) -> list[int]:
        """Gates that are named, and those of the zones that are."""
        gates = self._db.rows("SELECT number FROM terminal WHERE kind = 'gate' ORDER BY number")
        numbers = [row["number"] for row in gates]
        return [n for n in numbers if n in grant.gates or self._zone(n) in grant.zones]

    def _zone(self, terminal: int) -> int:
        return params.unpack(self._terminals.params(terminal)[1]).get("zone", 0)

    def passes(self, gates: Collection[int], after: int, to: int, limit: int) -> list[dict]:
        """Who passed, by the order of arrival: records `after` < id <= `to`."""
        if not gates:
            return []
        marks = ", ".join("?" * len(gates))
        return self._db.rows(
            f"{_PASS} WHERE r.id > ? AND r.id <= ? AND r.type = ? AND r.outcome = ?"
            f" AND r.terminal IN ({marks}) ORDER BY r.id LIMIT ?",
            *(after, to, record.PASS, record.DONE, *gates, limit),
        )

    def holders(self, kinds: Collection[int], after: int, limit: int) -> list[dict]:
        """Of these kinds, by id."""
        if not kinds:
            return []
        marks = ", ".join("?" * len(kinds))
        return self._db.rows(
            f"SELECT {_HOLDER} FROM holder WHERE id > ? AND kind IN ({marks}) ORDER BY id LIMIT ?",
            *(after, *kinds, limit),
        )
