"""Merchants in the database: applications, what each office said, whose terminals take no money.

A terminal whose merchant may not take money is given parameters like any other (`SHUT`): the
smallest limit that a tap can have, and for a valve no unit for nothing and a margin that so little
does not pay. So it refuses offline too. Rules: core.merchants.
"""

from __future__ import annotations

from typing import Any

from protocol.errors import LocalError
from sync_server.core import merchants, validity
from sync_server.store.database import Database
from sync_server.store.parameters import Parameters
from sync_server.store.requests import NotYours

SHUT = {"tap_limit_fen": 1, "free_units": 0, "margin_units": 50}
_COLUMNS = "id, name, state, turn, contract, place, fee_per_mille, bank, valid_until"
_WISH = ("contract", "place", "fee_per_mille", "bank", "valid_until")
_RECENT = 500  # records of one terminal that are looked through


class Merchants:
    """What may be asked of them, what was said of them, which terminals hear of it."""

    def __init__(self, db: Database, parameters: Parameters):
        self._db = db
        self._parameters = parameters
        self._told: set[int] = set()  # terminals whose parameters may be others now

    # looks

    def all(self) -> list[dict[str, Any]]:
        """Every merchant with a row, by name."""
        return self._db.rows(f"SELECT {_COLUMNS} FROM merchant ORDER BY name")

    def get(self, number: int) -> dict[str, Any] | None:
        """One of them."""
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM merchant WHERE id = ?", number)
        return rows[0] if rows else None

    def named(self, name: str) -> dict[str, Any] | None:
        """By its name."""
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM merchant WHERE name = ?", name)
        return rows[0] if rows else None

    def acts(self, number: int) -> list[dict[str, Any]]:
        """What was said of it, newest first."""
        return self._db.rows(
            "SELECT turn, event, office, done_by, note, utc_s FROM merchant_act WHERE merchant = ?"
            " ORDER BY id DESC",
            number,
        )

    def unlisted(self) -> list[str]:
        """Merchants of terminals that never applied."""
        rows = self._db.rows(
            "SELECT DISTINCT t.merchant AS name FROM terminal t WHERE t.merchant IS NOT NULL AND"
            " NOT EXISTS (SELECT 1 FROM merchant m WHERE m.name = t.merchant) ORDER BY t.merchant"
        )
        return [row["name"] for row in rows]

    def terminals(self, name: str) -> list[dict[str, Any]]:
        """number, kind, place of all that are bound to it."""
        return self._db.rows(
            "SELECT number, kind, place FROM terminal WHERE merchant = ? ORDER BY number", name
        )

    def admission(self) -> dict[str, Any] | None:
        """since_utc_s, declared_by; None: it is not in force."""
        rows = self._db.rows("SELECT since_utc_s, declared_by FROM admission")
        return rows[0] if rows else None

    def shuts(self, terminal: int) -> bool:
        """Shall this terminal take no money? A gate takes none anyway."""
        row = self._db.conn.execute(
            "SELECT t.kind, m.state, m.turn, (SELECT count(*) FROM admission)"
            " FROM terminal t LEFT JOIN merchant m ON m.name = t.merchant WHERE t.number = ?",
            (terminal,),
        ).fetchone()
        if row is None or row[0] == "gate":
            return False
        return not merchants.takes_money(row[1], row[2] or 0, bool(row[3]))

    def took(self, terminal: int, since_utc_s: int) -> int:
        """Payments of its last records that it says it took since then."""
        top = self._db.one("SELECT max(serial) FROM record WHERE terminal = ?", terminal) or 0
        return self._db.one(
            "SELECT count(*) FROM record WHERE terminal = ? AND serial > ? AND type IN (1, 6)"
            " AND outcome = 15 AND utc_s > ?",
            *(terminal, top - _RECENT, since_utc_s),
        )

    def barred(self) -> dict[int, int]:
        """terminal -> payments that it took though its merchant may take no money."""
        admission = self.admission()
        rows = self._db.conn.execute(
            "SELECT t.number, m.state, m.turn, (SELECT max(a.utc_s) FROM merchant_act a"
            " WHERE a.merchant = m.id) FROM terminal t LEFT JOIN merchant m ON m.name = t.merchant"
            " WHERE t.kind <> 'gate'"
        ).fetchall()
        since_s = admission["since_utc_s"] if admission else 0
        return {
            number: self.took(number, said_s or since_s)
            for number, state, turn, said_s in rows
            if not merchants.takes_money(state, turn or 0, bool(admission))
        }

    # acts

    def apply(self, wish: dict[str, Any], office: str, by: str, utc_s: int) -> int:
        """wish: name, contract, place, fee_per_mille, bank, valid_until. -> id. LocalError where
        one of that name is being looked at, or works."""
        with self._db.transaction() as connection:
            row = self.named(wish["name"])
            if row is None:
                number = connection.execute(
                    f"INSERT INTO merchant (name, state, turn, {', '.join(_WISH)})"
                    " VALUES (?, ?, 1, ?, ?, ?, ?, ?) RETURNING id",
                    (wish["name"], merchants.APPLIED, *(wish[name] for name in _WISH)),
                ).fetchone()[0]
                turn = 1
            else:
                number, turn = row["id"], row["turn"] + 1
                after = self._after(row, merchants.APPLY)
                changes = ", ".join(f"{name} = ?" for name in _WISH)
                connection.execute(
                    f"UPDATE merchant SET state = ?, turn = ?, {changes} WHERE id = ?",
                    (after, turn, *(wish[name] for name in _WISH), number),
                )
            self._note(number, turn, merchants.APPLY, office, by, "", utc_s)
            return number

    def act(self, number: int, turn: int, event: str, who: tuple[str, str], note: str, utc_s: int):
        """who: (office, person). turn: of the application that they saw. -> the state after it.
        LocalError, NotYours."""
        office, by = who
        with self._db.transaction() as connection:
            row = self.get(number)
            if row is None:
                raise LocalError(f"there is no merchant {number}")
            if row["turn"] != turn:
                raise LocalError("it has applied anew since: look at it again")
            after = self._after(row, event)
            self._may(row, event, office, by)
            if event == merchants.RESUME and row["valid_until"] < validity.today(utc_s):
                raise LocalError("its contract has run out: it must apply anew")
            connection.execute("UPDATE merchant SET state = ? WHERE id = ?", (after, number))
            self._note(number, turn, event, office, by, note, utc_s)
            return after

    def _may(self, row: dict[str, Any], event: str, office: str, by: str) -> None:
        """One grant an office and a person; who suspended does not let go on."""
        same = "SELECT 1 FROM merchant_act WHERE (merchant, turn) = (?, ?) AND event = 'grant'"
        if event == merchants.GRANT:
            if self._db.one(f"{same} AND office = ?", row["id"], row["turn"], office):
                raise LocalError("your office has granted this already")
            if self._db.one(f"{same} AND done_by = ?", row["id"], row["turn"], by):
                raise NotYours("three offices, three persons: you have granted this already")
        last = "SELECT done_by FROM merchant_act WHERE merchant = ? ORDER BY id DESC LIMIT 1"
        if event == merchants.RESUME and self._db.one(last, row["id"]) == by:
            raise NotYours("whoever suspended it does not let it go on: a second person must")

    def _after(self, row: dict[str, Any], event: str) -> str:
        after = merchants.TABLE[row["state"]].get(event)
        if after is None:
            raise LocalError(f"{row['name']} is {row['state']}: that cannot be done now")
        return after

    def _note(
        self, number: int, turn: int, event: str, office: str, by: str, note: str, utc_s: int
    ) -> None:
        connection = self._db.conn
        connection.execute(
            "INSERT INTO merchant_act (merchant, turn, event, office, done_by, note, utc_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, turn, event, office, by, note, utc_s),
        )
        rows = connection.execute(
            "SELECT t.number FROM terminal t JOIN merchant m ON m.name = t.merchant"
            " WHERE m.id = ? AND t.kind <> 'gate'",
            (number,),
        ).fetchall()
        self._touch([row[0] for row in rows])

    def expire(self, utc_s: int) -> int:
        """Whose contract has run out is suspended. -> how many"""
        today = validity.today(utc_s)
        query = "SELECT id, turn FROM merchant WHERE state = ? AND valid_until < ?"
        if not self._db.one(query, merchants.ADMITTED, today):
            return 0
        with self._db.transaction() as connection:
            rows = connection.execute(query, (merchants.ADMITTED, today)).fetchall()
            for number, turn in rows:
                connection.execute(
                    "UPDATE merchant SET state = ? WHERE id = ?", (merchants.SUSPENDED, number)
                )
                self._note(number, turn, merchants.EXPIRE, "", "server", "", utc_s)
            return len(rows)

    def declare(self, _subject: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `admission`: from now on only admitted merchants take money."""
        if not granted:
            return
        connection = self._db.conn
        connection.execute(
            "INSERT INTO admission (one, since_utc_s, declared_by) VALUES (1, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (utc_s, by),
        )
        self._parameters.add(None)
        rows = connection.execute("SELECT number FROM terminal WHERE kind <> 'gate'").fetchall()
        self._told.update(row[0] for row in rows)

    # what terminals shall know

    def _touch(self, numbers: list[int]) -> None:
        """A new version of their parameters: what they shall have may be something else now."""
        for number in numbers:
            self._parameters.add(number)
        self._told.update(numbers)

    def take_told(self) -> set[int]:
        """Terminals that may have to be told, since the last call."""
        told, self._told = self._told, set()
        return told
