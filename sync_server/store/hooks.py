"""Webhooks in the database: what each partner is still to be told, one row a delivery.

Nothing writes a row where it happens: `news` looks at what came since, `tell` writes the deliveries
and how far it was looked at, both or neither. Rules: core.hooks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sync_server.core import hooks, partners
from sync_server.store.database import Database
from sync_server.store.partners import Partners

_RECORDS = 20_000  # looked through at once
_NEWS = 500  # deliveries written in one commit
_SHOWN = 50
_HOLDER = "id, number, name, kind, department, valid_until, ended_utc_s"
_TOLD = "kind, name, department, valid_until, ended_utc_s"
_CHANGED = (
    f"SELECT {_HOLDER.replace(', ', ', h.').replace('id', 'h.id', 1)}"
    " FROM holder h LEFT JOIN hook_holder t ON t.partner = ? AND t.holder = h.id"
    " WHERE t.holder IS NULL OR t.kind <> h.kind OR t.name <> h.name"
    " OR t.department <> h.department OR t.valid_until <> h.valid_until"
    " OR (t.ended_utc_s IS NULL) <> (h.ended_utc_s IS NULL) ORDER BY h.id LIMIT ?"
)


class News(NamedTuple):
    """What a partner is to be told: (subject, event, utc_s, data); up to where; and of whom."""

    events: list[tuple[str, str, int, dict[str, Any]]]
    list_version: int
    record: int
    holders: list[dict[str, Any]]


class Hooks:
    """Written by the writer, read by any thread."""

    def __init__(self, db: Database, looks: Partners):
        self._db = db
        self._looks = looks

    def set(self, partner: int, hook: dict[str, Any], by: str, utc_s: int) -> None:
        """url, secret (hidden), events: from now on. What waits goes there too."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO hook VALUES (?, ?, ?, ?, ?, ?,"
                " (SELECT coalesce(max(version), 0) FROM list_version WHERE list = 0),"
                " (SELECT coalesce(max(id), 0) FROM record))"
                " ON CONFLICT (partner) DO UPDATE SET url = excluded.url,"
                " secret = excluded.secret, events = excluded.events, set_by = excluded.set_by,"
                " set_utc_s = excluded.set_utc_s",
                (partner, hook["url"], hook["secret"], hook["events"], by, utc_s),
            )
            connection.execute("DELETE FROM hook_holder WHERE partner = ?", (partner,))
            connection.execute(
                f"INSERT INTO hook_holder (partner, holder, {_TOLD})"
                f" SELECT CAST(? AS INTEGER), id, {_TOLD} FROM holder",
                (partner,),
            )

    def end(self, partner: int, utc_s: int) -> None:
        """Nothing is sent any more; what waits is dead."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM hook WHERE partner = ?", (partner,))
            connection.execute(
                "UPDATE delivery SET state = 'dead', problem = 'ended', ended_utc_s = ?"
                " WHERE partner = ? AND state = 'waits'",
                (utc_s, partner),
            )

    def of(self, partner: int) -> dict[str, Any] | None:
        """Its hook."""
        found = self._db.rows("SELECT * FROM hook WHERE partner = ?", partner)
        return found[0] if found else None

    def every(self) -> list[dict[str, Any]]:
        """The hooks there are, each with the row of its partner under `grant`."""
        rows = self._db.rows("SELECT * FROM hook ORDER BY partner")
        return [row | {"grant": self._looks.get(row["partner"])} for row in rows]

    # what is to be told

    def news(self, hook: dict[str, Any], grant: partners.Grant, with_holders: bool) -> News:
        """What came since this hook was told the last time. Only reads."""
        asked = set(hook["events"].split())
        wanted = {event for event in asked if hooks.EVENTS[event] in grant.scopes}
        events = []
        version = hook["list_version"]
        for card, listed, version, made_s in self._list_changes(hook["list_version"]):  # noqa: B007
            event = "card.stopped" if listed else "card.freed"
            if event in wanted:
                events.append((f"card {card}", event, made_s, {"card": card}))
        to = self._db.one("SELECT coalesce(max(id), 0) FROM record") or 0
        to = min(to, hook["record"] + _RECORDS)
        if "pass" in wanted:
            gates = self._looks.gates_of(grant)
            found = self._looks.passes(gates, hook["record"], to, _NEWS)
            events += [
                (f"card {row['card']}", "pass", row["utc_s"], row)
                for row in (partners.pass_row(row, grant) for row in found)
            ]
            to = found[-1]["id"] if len(found) == _NEWS else to
        changed = self._changed(hook) if with_holders else []
        for row in changed:
            event = "holder.changed" if row["ended_utc_s"] is None else "holder.ended"
            if event in wanted and row["kind"] in grant.kinds:
                told = partners.holder_row(row | {"holder_kind": row["kind"]})
                events.append((f"holder {row['number']}", event, row["ended_utc_s"] or 0, told))
        return News(events, version, to, changed)

    def _list_changes(self, since: int) -> list[tuple[int, int, int, int]]:
        """(card, listed, version, made_utc_s): of so many versions (numbers may be left out)."""
        to = self._db.one(
            "SELECT max(version) FROM (SELECT version FROM list_version WHERE list = 0"
            " AND scope = 0 AND version > ? ORDER BY version LIMIT ?) v",
            *(since, _NEWS),
        )
        return self._db.conn.execute(
            "SELECT c.card, c.listed, c.version, v.made_utc_s FROM list_change c"
            " JOIN list_version v ON v.list = 0 AND v.scope = 0 AND v.version = c.version"
            " WHERE c.list = 0 AND c.scope = 0 AND c.version > ? AND c.version <= ?"
            " ORDER BY c.version, c.card",
            (since, to or since),
        ).fetchall()

    def _changed(self, hook: dict[str, Any]) -> list[dict[str, Any]]:
        return self._db.rows(_CHANGED, hook["partner"], _NEWS)

    def tell(self, hook: dict[str, Any], news: News, utc_s: int) -> None:
        """Write it, unless the hook was told by somebody else meanwhile."""
        partner = hook["partner"]
        with self._db.transaction() as connection:
            done = connection.execute(
                "UPDATE hook SET list_version = ?, record = ? WHERE partner = ?"
                " AND list_version = ? AND record = ?",
                (news.list_version, news.record, partner, hook["list_version"], hook["record"]),
            )
            if not done.rowcount:
                return
            self._db.insert(
                "delivery (partner, subject, event, body, made_utc_s, since_utc_s, due_utc_s)",
                [
                    (partner, subject, event, hooks.body_of(event, subject, when_s or utc_s, data),
                     utc_s, utc_s, utc_s)
                    for subject, event, when_s, data in news.events
                ],
            )  # fmt: skip
            self._db.insert(
                f"hook_holder (partner, holder, {_TOLD})",
                [
                    (partner, row["id"], *(row[name] for name in _TOLD.split(", ")))
                    for row in news.holders
                ],
                "ON CONFLICT (partner, holder) DO UPDATE SET kind = excluded.kind,"
                " name = excluded.name, department = excluded.department,"
                " valid_until = excluded.valid_until, ended_utc_s = excluded.ended_utc_s",
            )

    # deliveries

    def due(self, partner: int, utc_s: int, limit: int) -> list[dict[str, Any]]:
        """What may be sent now: of each subject the oldest that waits, if its time has come."""
        return self._db.rows(
            "SELECT d.* FROM delivery d WHERE d.partner = ? AND d.state = 'waits'"
            " AND d.due_utc_s <= ? AND NOT EXISTS (SELECT 1 FROM delivery e WHERE"
            " e.partner = d.partner AND e.subject = d.subject AND e.state = 'waits'"
            " AND e.id < d.id) ORDER BY d.id LIMIT ?",
            *(partner, utc_s, limit),
        )

    def sent(self, outcomes: Iterable[tuple[int, str]], utc_s: int) -> None:
        """(delivery, problem; "" if it was taken): each is done, dead, or waits for another try."""
        with self._db.transaction() as connection:
            for number, problem in outcomes:
                if not problem:
                    connection.execute(
                        "UPDATE delivery SET state = 'done', problem = '', ended_utc_s = ?,"
                        " tries = tries + 1 WHERE id = ? AND state = 'waits'",
                        (utc_s, number),
                    )
                    continue
                tries = self._db.one("SELECT tries FROM delivery WHERE id = ?", number) or 0
                connection.execute(
                    "UPDATE delivery SET tries = tries + 1, problem = ?, due_utc_s = ?"
                    " WHERE id = ? AND state = 'waits'",
                    (problem, utc_s + hooks.pause_s(tries + 1), number),
                )
                connection.execute(
                    "UPDATE delivery SET state = 'dead', ended_utc_s = ? WHERE id = ?"
                    " AND state = 'waits' AND since_utc_s <= ?",
                    (utc_s, number, utc_s - hooks.DEAD_S),
                )

    def again(self, partner: int, utc_s: int) -> int:
        """What is dead is tried again, if there is a hook. -> how many"""
        with self._db.transaction() as connection:
            return connection.execute(
                "UPDATE delivery SET state = 'waits', due_utc_s = ?, since_utc_s = ?, tries = 0,"
                " ended_utc_s = NULL WHERE partner = ? AND state = 'dead'"
                " AND EXISTS (SELECT 1 FROM hook WHERE partner = delivery.partner)",
                (utc_s, utc_s, partner),
            ).rowcount

    def forget(self, utc_s: int) -> None:
        """What was taken long ago."""
        with self._db.transaction() as connection:
            connection.execute(
                "DELETE FROM delivery WHERE state = 'done' AND ended_utc_s < ?",
                (utc_s - hooks.KEPT_S,),
            )

    def counts(self, partner: int) -> dict[str, int]:
        """How many wait, are done, are dead."""
        rows = self._db.conn.execute(
            "SELECT state, count(*) FROM delivery WHERE partner = ? GROUP BY state", (partner,)
        ).fetchall()
        return {"waits": 0, "done": 0, "dead": 0} | dict(rows)

    def troubled(self, partner: int) -> list[dict[str, Any]]:
        """Those that are dead or have failed, newest first, without what they say."""
        return self._db.rows(
            "SELECT id, subject, event, made_utc_s, due_utc_s, tries, problem, state FROM delivery"
            " WHERE partner = ? AND problem <> '' AND state <> 'done' ORDER BY id DESC LIMIT ?",
            *(partner, _SHOWN),
        )
