"""Lists of people in the database: kept as they came, planned by core.rosters, applied once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from protocol.errors import LocalError
from sync_server.core import rosters, validity
from sync_server.core.fees import Asked
from sync_server.core.rosters import Holder, Line
from sync_server.core.subsidies import Grant
from sync_server.store.database import Database
from sync_server.store.fees import Fees
from sync_server.store.holders import Holders
from sync_server.store.lists import Lists
from sync_server.store.requests import Requests
from sync_server.store.subsidies import Subsidies

_ROSTER = (
    "id, kind, file, put_by, put_utc_s, applied_by, applied_utc_s, outcome, EXISTS (SELECT 1 FROM"
    " request q WHERE q.deed IN ('end', 'subsidy', 'fees') AND q.subject = roster.id"
    " AND q.granted IS NULL) AS waits"
)
_KEYS_A_QUERY = 500


class Rosters:
    """A file that came twice is one list."""

    def __init__(
        self,
        db: Database,
        lists: Lists,
        requests: Requests,
        holders: Holders,
        subsidies: Subsidies,
        fees: Fees,
    ):
        self._db = db
        self._lists = lists
        self._requests = requests
        self._holders = holders
        self._subsidies = subsidies
        self._fees = fees

    def put(
        self, kind: str, digest: bytes, file: str, rows: list[dict], by: str, utc_s: int
    ) -> tuple[int, bool]:
        """-> (id, was it new): a file that came before is the list that it was then."""
        with self._db.transaction() as connection:
            found = self._db.one(
                "SELECT id FROM roster WHERE (kind, digest) = (?, ?)", kind, digest
            )
            if found is not None:
                return found, False
            content = json.dumps(rows, ensure_ascii=False)
            made = connection.execute(
                "INSERT INTO roster (kind, digest, file, content, put_by, put_utc_s)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (kind, digest, file, content, by, utc_s),
            ).fetchone()[0]
            return made, True

    def recent(self, limit: int) -> list[dict[str, Any]]:
        """The last ones, newest first; waits: a second person must grant it."""
        rows = self._db.rows(f"SELECT {_ROSTER} FROM roster ORDER BY id DESC LIMIT ?", limit)
        return [_told(row) for row in rows]

    def get(self, number: int, today: int) -> tuple[dict[str, Any], list[Line]] | None:
        """A list, and what it would do now; of people nothing any more once it was applied."""
        rows = self._db.rows(f"SELECT {_ROSTER}, content FROM roster WHERE id = ?", number)
        if not rows:
            return None
        content = json.loads(rows[0].pop("content"))
        holders = self._holders_of(content)
        kind, ids = rows[0]["kind"], [one.id for one in holders.values()]
        office = rosters.office_of(kind)
        items = {row.get("item", "") for row in content}
        had = (
            self._fees.had(ids, items, office, number)
            if office
            else self._subsidies.had(ids, number)
        )
        return _told(rows[0]), rosters.plan(kind, content, holders, today, had)

    def apply(self, number: int, today: int, by: str, utc_s: int) -> dict[str, int]:
        """Do what the plan says, once. -> how many of which change; {"waits": request} if so many
        cards would stop that a second person must grant it. LocalError: applied already."""
        with self._db.transaction():
            lines = self._open_plan(number, today)
            ending = self._cards_ending(lines)
            if ending and self._lists.many_would_wait(len(ending), utc_s):
                kind, file = self._db.conn.execute(
                    "SELECT kind, file FROM roster WHERE id = ?", (number,)
                ).fetchone()
                people = sum(line.change == rosters.END for line in lines)
                told = {"file": file, "list": kind, "people": people, "cards": len(ending)}
                return {"waits": self._requests.ask("end", number, told, by, utc_s)}
            return self._carry_out(number, lines, ending, by, utc_s)

    def end_granted(self, number: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `end`: a second person has decided on a list of leavers."""
        if granted:
            today = validity.today(utc_s)
            lines = self._open_plan(number, today)
            self._carry_out(number, lines, self._cards_ending(lines), by, utc_s)

    def _open_plan(self, number: int, today: int) -> list[Line]:
        found = self.get(number, today)
        if found is None:
            raise LocalError(f"there is no list {number}")
        told, lines = found
        if told["applied_utc_s"] is not None:
            raise LocalError(f"{told['applied_by']} has applied this list already")
        if all(line.change == rosters.WRONG for line in lines):
            raise LocalError("no row of this list can be applied")
        return lines

    def _cards_ending(self, lines: list[Line]) -> list[int]:
        """Cards of those who leave that are not on the blacklist yet."""
        gone = [line.was.id for line in lines if line.change == rosters.END and line.was]
        found: list[int] = []
        for marks, part in _parts(gone):
            found += [
                row[0]
                for row in self._db.conn.execute(
                    f"SELECT number FROM card WHERE holder IN ({marks}) AND ended_utc_s IS NULL",
                    part,
                )
            ]
        return sorted(found)

    def _carry_out(
        self, number: int, lines: list[Line], ending: list[int], by: str, utc_s: int
    ) -> dict[str, int]:
        version = self._lists.end_cards(ending, utc_s) if ending else 0
        self._end_holders(
            number, [one for one in lines if one.change == rosters.END], version, utc_s
        )
        self._admit(number, [one for one in lines if one.change == rosters.NEW], by, utc_s)
        for line in lines:
            if line.change in (rosters.RENEW, rosters.CHANGE):
                self._keep_holder(number, line, by, utc_s)
        grants = [
            Grant(line.was.id, str(line.will["month"]), int(str(line.will["amount_fen"])))
            for line in lines
            if line.change == rosters.PAY and line.was is not None
        ]
        if grants:
            self._subsidies.put(number, grants, by, utc_s)
        asked = [
            Asked(line.was.id, str(will["item"]), int(str(will["due"])),
                  int(str(will["amount_fen"])))
            for line in lines
            for will in [line.will]
            if line.change == rosters.ASK and line.was is not None
        ]  # fmt: skip
        if asked:
            kind = self._db.one("SELECT kind FROM roster WHERE id = ?", number)
            self._fees.put(number, rosters.office_of(kind) or "", asked, by, utc_s)
        outcome = dict(Counter(line.change for line in lines))
        self._db.conn.execute(
            "UPDATE roster SET applied_by = ?, applied_utc_s = ?, outcome = ? WHERE id = ?",
            (by, utc_s, json.dumps(outcome), number),
        )
        return outcome

    def _admit(self, number: int, lines: list[Line], by: str, utc_s: int) -> None:
        """They are new, and have no cards yet."""
        kind = self._db.one("SELECT kind FROM roster WHERE id = ?", number)
        self._db.insert(
            "holder (number, kind, name, department, valid_until, made_utc_s)",
            [(one.number, rosters.KINDS[kind], *_named(one), utc_s) for one in lines],
        )
        vouched = {one.number: one for one in lines if one.will["approver"]}
        found = self._holders_of([{"number": one} for one in vouched])
        for name, line in vouched.items():
            self._note(number, found[name].id, 0, line, by, utc_s)

    def _keep_holder(self, number: int, line: Line, by: str, utc_s: int) -> None:
        assert line.was is not None
        self._db.conn.execute(
            "UPDATE holder SET name = ?, department = ?, valid_until = ? WHERE id = ?",
            (*_named(line), line.was.id),
        )
        if line.change == rosters.RENEW:
            self._holders.date_cards(line.was.id, int(str(line.will["valid_until"])))
            self._note(number, line.was.id, line.was.valid_until, line, by, utc_s)

    def _note(
        self, number: int, holder: int, was_until: int, line: Line, by: str, utc_s: int
    ) -> None:
        """Who answers for the last day of a holder of this list."""
        will = line.will
        word = {"approver": str(will["approver"]), "paper": str(will["paper"]) or f"list {number}"}
        until = int(str(will["valid_until"]))
        self._holders.note_extension(holder, was_until, until, word, by, utc_s)

    def _end_holders(self, number: int, lines: list[Line], version: int, utc_s: int) -> None:
        ends = [(one.was.id, one.will) for one in lines if one.was is not None]
        self._db.conn.executemany(
            "UPDATE holder SET ended_why = ?, ended_utc_s = ? WHERE id = ?",
            [(will["why"], utc_s, holder) for holder, will in ends],
        )
        self._db.insert(
            "leaver (holder, roster, choice, donate_fen, bank, version)",
            [
                (holder, number, will["choice"], will["donate_fen"], will["bank"], version)
                for holder, will in ends
            ],
        )

    def _holders_of(self, rows: list[dict[str, str]]) -> dict[str, Holder]:
        """Holders whose numbers are in the list."""
        found = {}
        for marks, part in _parts(sorted({row.get("number", "") for row in rows})):
            for row in self._db.conn.execute(
                "SELECT id, number, kind, name, department, valid_until, ended_utc_s IS NOT NULL"
                f" FROM holder WHERE number IN ({marks})",
                part,
            ):
                found[row[1]] = Holder(*row)
        return found


def _parts(keys: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """(marks, keys) of one query each."""
    for at in range(0, len(keys), _KEYS_A_QUERY):
        part = keys[at : at + _KEYS_A_QUERY]
        yield ", ".join("?" * len(part)), part


def _named(line: Line) -> tuple:
    return line.will["name"], line.will["department"], line.will["valid_until"]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    outcome = row["outcome"]
    return row | {"outcome": json.loads(outcome) if outcome else None}
