"""Care of terminals in the database: who answers for one, what is noted, what alarms look at."""

from __future__ import annotations

from typing import Any

from protocol import record
from protocol.errors import LocalError
from sync_server.store.database import Database

_RECENT = 5000  # records of one terminal that are looked through for events
HOLES_AMONG = 500  # of one terminal
SUSPECTS_AMONG = 50_000  # of all
OFTEN_AMONG = 20_000
_OFTEN = (
    "SELECT terminal, card, n, utc_s FROM (SELECT r.terminal, r.card, r.utc_s, count(*) OVER"
    " (PARTITION BY r.card ORDER BY r.utc_s RANGE BETWEEN {} PRECEDING AND CURRENT ROW) AS n"
    " FROM record r WHERE r.id > (SELECT coalesce(max(id), 0) FROM record) - ? AND r.type = ?"
    " AND r.outcome = ? AND r.received_utc_s >= ? AND r.amount_fen > 0 AND NOT EXISTS"
    " (SELECT 1 FROM reversal b WHERE b.terminal = r.terminal AND b.serial = r.serial)) x"
    " WHERE n > 1 ORDER BY utc_s DESC"
)
# a hole is where fewer records are than numbers: counted from the index alone, because most
# terminals have none and to look for one reads each of those records
_WITH_HOLES = (
    "SELECT number FROM (SELECT t.number, (SELECT max(serial) FROM record r"
    " WHERE r.terminal = t.number) AS top FROM terminal t) t WHERE (SELECT max(serial)"
    " - min(serial) + 1 - count(*) FROM record r WHERE r.terminal = t.number"
    " AND r.serial > t.top - ?) > 0"
)
_OLDEST_HOLE = (
    "SELECT received_utc_s FROM (SELECT serial, received_utc_s,"
    " lag(serial) OVER (ORDER BY serial) AS before FROM record WHERE terminal = ? AND serial >"
    " (SELECT max(serial) FROM record WHERE terminal = ?) - ?) r WHERE serial > before + 1"
    " AND NOT EXISTS (SELECT 1 FROM lost l WHERE l.terminal = ? AND l.first <= before + 1"
    " AND l.last >= serial - 1) ORDER BY serial LIMIT 1"
)


class Care:
    """Of terminals, by number."""

    def __init__(self, db: Database):
        self._db = db

    def set_responsible(self, terminal: int, who: str) -> None:
        """Who answers for it, "" for nobody."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE terminal SET responsible = ? WHERE number = ?", (who, terminal)
            )

    def responsibles(self) -> dict[int, str]:
        """terminal -> who, of all that have somebody."""
        return dict(
            self._db.conn.execute(
                "SELECT number, responsible FROM terminal WHERE responsible != ''"
            )
        )

    def note(self, terminal: int, kind: str, note: str, by: str, utc_s: int) -> int:
        """damage or inspection. -> id"""
        with self._db.transaction() as connection:
            return connection.execute(
                "INSERT INTO care (terminal, kind, note, noted_by, noted_utc_s)"
                " VALUES (?, ?, ?, ?, ?) RETURNING id",
                (terminal, kind, note, by, utc_s),
            ).fetchone()[0]

    def end(self, terminal: int, number: int, by: str, utc_s: int) -> None:
        """Somebody has seen to a damage. LocalError if it is none that is open there."""
        with self._db.transaction() as connection:
            done = connection.execute(
                "UPDATE care SET ended_by = ?, ended_utc_s = ? WHERE id = ? AND terminal = ?"
                " AND kind = 'damage' AND ended_utc_s IS NULL",
                (by, utc_s, number, terminal),
            )
            if not done.rowcount:
                raise LocalError("this report of damage is not open")

    def of(self, terminal: int) -> list[dict[str, Any]]:
        """What was noted about it, newest first."""
        return self._db.rows(
            "SELECT * FROM care WHERE terminal = ? ORDER BY id DESC LIMIT 30", terminal
        )

    def damages(self) -> dict[int, int]:
        """terminal -> how many reports of damage are open."""
        return dict(
            self._db.conn.execute(
                "SELECT terminal, count(*) FROM care WHERE kind = 'damage'"
                " AND ended_utc_s IS NULL GROUP BY terminal"
            )
        )

    def uploaded(self) -> dict[int, int]:
        """terminal -> when the record with its highest number came."""
        return {
            number: received
            for number, received in self._db.conn.execute(
                "SELECT t.number, (SELECT r.received_utc_s FROM record r"
                " WHERE r.terminal = t.number ORDER BY r.serial DESC LIMIT 1) FROM terminal t"
            )
            if received is not None
        }

    def missing(self) -> dict[int, int]:
        """terminal -> when the record after its oldest hole came: among the last HOLES_AMONG, and
        of numbers that were not declared lost."""
        found = {}
        for (number,) in self._db.conn.execute(_WITH_HOLES, (HOLES_AMONG,)).fetchall():
            received = self._db.one(_OLDEST_HOLE, number, number, HOLES_AMONG, number)
            if received is not None:
                found[number] = received
        return found

    def often(self, within_s: int, since_utc_s: int) -> list[dict[str, Any]]:
        """Payments that were not the card's first within so long: terminal, card, utc_s, n: which
        it was. Of those that came since then, and were not given back; newest first."""
        return self._db.rows(
            _OFTEN.format(int(within_s)),
            *(OFTEN_AMONG, record.PURCHASE, record.DONE, since_utc_s),
        )

    def suspects(self, limit: int) -> list[dict[str, Any]]:
        """The last records that something is wrong with, rows as `recent`."""
        return self._db.rows(
            "SELECT r.terminal, r.serial, r.type, r.outcome, r.reason, r.fault, r.flags, r.utc_s,"
            " r.card, r.amount_fen, r.balance_fen, t.place, t.kind FROM record r"
            " LEFT JOIN terminal t ON t.number = r.terminal WHERE r.fault != 0"
            " AND r.id > (SELECT coalesce(max(id), 0) FROM record) - ? ORDER BY r.id DESC LIMIT ?",
            *(SUSPECTS_AMONG, limit),
        )

    def version_made(self, version: int) -> int:
        """When this version of the blacklist was made."""
        query = "SELECT made_utc_s FROM list_version WHERE (list, scope, version) = (0, 0, ?)"
        return self._db.one(query, version) or 0

    def last_records(self, terminal: int, events: bool, limit: int) -> list[dict[str, Any]]:
        """Its last records, rows as `recent`: events, or all others."""
        top = self._db.one("SELECT max(serial) FROM record WHERE terminal = ?", terminal) or 0
        return self._db.rows(
            "SELECT r.terminal, r.serial, r.type, r.outcome, r.reason, r.fault, r.flags, r.utc_s,"
            " r.card, r.amount_fen, r.balance_fen, t.place, t.kind FROM record r"
            " JOIN terminal t ON t.number = r.terminal WHERE r.terminal = ? AND r.serial > ?"
            " AND CASE WHEN r.type = ? THEN 1 ELSE 0 END = ? ORDER BY r.serial DESC LIMIT ?",
            *(terminal, top - _RECENT, record.EVENT, events, limit),
        )

    def alarm_rules(self) -> dict[str, tuple[int, bool]]:
        """name -> (limit, is on) of those that were changed."""
        rows = self._db.conn.execute("SELECT name, limit_value, is_on FROM alarm_rule")
        return {name: (limit, bool(is_on)) for name, limit, is_on in rows}

    def set_alarm_rule(self, name: str, limit: int, is_on: bool, by: str, utc_s: int) -> None:
        """From now on."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO alarm_rule VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
                " limit_value = excluded.limit_value, is_on = excluded.is_on,"
                " changed_by = excluded.changed_by, changed_utc_s = excluded.changed_utc_s",
                (name, limit, is_on, by, utc_s),
            )
