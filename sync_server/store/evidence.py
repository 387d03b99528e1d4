"""The facts behind a verdict on who bears a payment (core.evidence), and where they are kept."""

from __future__ import annotations

from typing import Any

from protocol import record
from sync_server.core.evidence import Facts, Loss, Payment, Span, made_between
from sync_server.store.database import Database

NOT_EVEN_S = 60  # the server notes each 30 s that it is there: a longer gap, and it was away


class Evidence:
    """Read by any thread; `serving` and `lists_sent` are kept as it goes on."""

    def __init__(self, db: Database):
        self._db = db

    def grant_leave(
        self, terminal: int, begin_s: int, end_s: int, reason: str, by: str, now_s: int
    ) -> int:
        """A terminal may be offline for a while, not before now. -> number of the leave."""
        with self._db.transaction() as connection:
            return connection.execute(
                "INSERT INTO leave (terminal, begin_utc_s, end_utc_s, reason, granted_by,"
                " granted_utc_s) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (terminal, max(begin_s, now_s), max(end_s, begin_s, now_s), reason, by, now_s),
            ).fetchone()[0]

    def end_leave(self, number: int, by: str, now_s: int) -> bool:
        """A leave ends now. False if it had ended, or there is none."""
        with self._db.transaction() as connection:
            done = connection.execute(
                "UPDATE leave SET ended_by = ?,"
                " end_utc_s = CASE WHEN begin_utc_s > ? THEN begin_utc_s ELSE ? END"
                " WHERE id = ? AND end_utc_s > ?",
                (by, now_s, now_s, number, now_s),
            )
            return done.rowcount == 1

    def leaves(self, terminal: int) -> list[dict[str, Any]]:
        """All that was ever granted to a terminal, in order."""
        return self._db.rows("SELECT * FROM leave WHERE terminal = ? ORDER BY id", terminal)

    def has_leave(self, terminal: int, now_s: int) -> bool:
        """May it be offline now?"""
        query = "SELECT 1 FROM leave WHERE terminal = ? AND begin_utc_s <= ? AND end_utc_s > ?"
        return self._db.one(query, terminal, now_s, now_s) is not None

    def serving(self, started_s: int, now_s: int) -> None:
        """The server that was started then is there."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO service VALUES (?, ?) ON CONFLICT (started_utc_s)"
                " DO UPDATE SET seen_utc_s = excluded.seen_utc_s",
                (started_s, now_s),
            )

    def lists_sent(self, sent: list[tuple[int, int, int]]) -> None:
        """(terminal, version of the blacklist, utc_s): the first time counts."""
        with self._db.transaction():
            self._db.insert("list_sent", sent, "ON CONFLICT DO NOTHING")

    def losses(self, card: int) -> list[Loss]:
        """Every report of a card, in order."""
        rows = self._db.conn.execute(
            "SELECT l.reported_utc_s, l.version, v.made_utc_s, l.withdrawn_utc_s FROM loss l"
            " LEFT JOIN list_version v ON (v.list, v.scope, v.version) = (0, 0, l.version)"
            " WHERE l.card = ? ORDER BY l.reported_utc_s, l.id",
            (card,),
        )
        return [Loss(*row) for row in rows]

    def payments(self, card: int) -> list[tuple[Payment, dict[str, Any]]]:
        """What the card has paid, by the steps of its purse; each with its row of `record`."""
        rows = self._db.rows(
            "SELECT r.terminal, r.serial, r.flags, r.utc_s, r.amount_fen, r.content,"
            " r.received_utc_s FROM step s JOIN record r ON (r.terminal, r.serial) ="
            " (s.terminal, s.serial) WHERE s.card = ? AND r.card = ? AND r.outcome = ?"
            " ORDER BY s.counter",
            *(card, card, record.DONE),
        )
        made = []
        for row in rows:
            entry = record.unpack(row.pop("content") + b"\xff" * 4)
            if entry.type in record.TAKES:
                made.append((self._payment(row, entry), row))
        return made

    def facts(self, terminal: int, version: int | None) -> Facts:
        """Of a terminal, about a list that has the card from `version` on."""
        confirmed = None
        if version is not None:
            query = (
                "SELECT min(confirmed_utc_s) FROM list_confirmed"
                " WHERE terminal = ? AND list = 0 AND version >= ?"
            )
            confirmed = self._db.one(query, terminal, version)
        leaves = [Span(row["begin_utc_s"], row["end_utc_s"]) for row in self.leaves(terminal)]
        return Facts(confirmed, leaves, self._away())

    def told(self, terminal: int, version: int) -> dict[str, int | None]:
        """When a terminal was first sent, and first confirmed, `version` or a later one; and what
        it had confirmed before."""
        sent = "SELECT min(sent_utc_s) FROM list_sent WHERE terminal = ? AND version >= ?"
        had = (
            "SELECT max(version) FROM list_confirmed"
            " WHERE terminal = ? AND list = 0 AND version < ?"
        )
        return {
            "sent_utc_s": self._db.one(sent, terminal, version),
            "confirmed_utc_s": self.facts(terminal, version).confirmed_s,
            "confirmed_before": self._db.one(had, terminal, version),
        }

    def _payment(self, row: dict[str, Any], entry: record.Record) -> Payment:
        is_trusted = bool(entry.flags & record.CLOCK_TRUSTED)
        before = after = None
        if not is_trusted:
            near = (
                "SELECT utc_s FROM record WHERE terminal = ? AND serial {} ? AND flags & ? != 0"
                " ORDER BY serial {} LIMIT 1"
            )
            key = (row["terminal"], row["serial"], record.CLOCK_TRUSTED)
            before = self._db.one(near.format("<", "DESC"), *key)
            after = self._db.one(near.format(">", "ASC"), *key)
        first_s, last_s = made_between(
            entry.utc_s, is_trusted, row["received_utc_s"], before, after
        )
        is_online = bool(entry.flags & record.ONLINE)
        return Payment(
            row["terminal"], row["serial"], first_s, last_s, is_online,
            entry.list_version, entry.list_age_min,
        )  # fmt: skip

    def _away(self) -> list[Span]:
        """When no server was there."""
        rows = self._db.conn.execute("SELECT * FROM service ORDER BY started_utc_s").fetchall()
        gaps = zip(rows, rows[1:], strict=False)
        return [
            Span(seen_s, next_s)
            for (_, seen_s), (next_s, _) in gaps
            if next_s - seen_s > NOT_EVEN_S
        ]
