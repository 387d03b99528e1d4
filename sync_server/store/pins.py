"""PINs and tries in the database. Rules: core.pins; whether a PIN is right is not known here."""

from __future__ import annotations

from typing import Any

from protocol import reasons, record
from protocol.errors import LocalError
from sync_server.core import pins
from sync_server.core.audit import Act
from sync_server.core.pins import Begun, Verdict
from sync_server.store.audit import Audit
from sync_server.store.database import Database

_STEPS_A_DAY = 200  # of a card: what it did before is not looked at


class Pins:
    """PINs and tries; a lock is a row of the log."""

    def __init__(self, db: Database, audit: Audit):
        self._db = db
        self._audit = audit

    def begin(
        self, card: int, terminal: int, serial: int, amount_fen: int, utc_s: int
    ) -> Begun | Verdict | None:
        """Count a try before it is looked at: `end` must follow, and if it never does, it was one.
        None: this terminal has had too many that were wrong."""
        with self._db.transaction() as connection:
            holder = self._db.one("SELECT holder FROM card WHERE number = ?", card)
            row = connection.execute(
                "SELECT hash, wrong FROM pin WHERE holder = ?", (holder or 0,)
            ).fetchone()
            if row is None or row[0] is None:
                return Verdict(reasons.PIN_UNSET, 0)
            if self._is_guessing(terminal, utc_s):
                return None
            if row[1] >= pins.TRIES:
                return Verdict(reasons.PIN_LOCKED, 0)
            connection.execute("UPDATE pin SET wrong = wrong + 1 WHERE holder = ?", (holder,))
            number = connection.execute(
                "INSERT INTO pin_try (holder, card, terminal, serial, amount_fen, utc_s)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (holder, card, terminal, serial, amount_fen, utc_s),
            ).fetchone()[0]
            return Begun(number, row[0])

    def end(self, number: int, is_right: bool, utc_s: int) -> Verdict:
        """What came of the try that `begin` counted."""
        with self._db.transaction() as connection:
            holder, card, terminal = connection.execute(
                "SELECT holder, card, terminal FROM pin_try WHERE id = ?", (number,)
            ).fetchone()
            if is_right:
                connection.execute("UPDATE pin SET wrong = 0 WHERE holder = ?", (holder,))
                verdict = Verdict(reasons.OK, pins.TRIES)
            else:
                wrong = self._db.one("SELECT wrong FROM pin WHERE holder = ?", holder)
                verdict = pins.after(wrong)
            connection.execute(
                "UPDATE pin_try SET verdict = ? WHERE id = ?", (verdict.reason, number)
            )
            if verdict.reason == reasons.PIN_LOCKED:
                by = f"terminal {terminal}" if terminal else f"phone {card}"
                self._audit.note(
                    Act(by, "", "pin.locked", f"holder {holder}", {"card": card}), utc_s
                )
            return verdict

    def state(self, holder: int) -> dict[str, Any]:
        """is_set, is_locked, set_utc_s, set_by, unlocked_utc_s."""
        rows = self._db.rows(
            "SELECT hash IS NOT NULL AS is_set, wrong, set_utc_s, set_by, unlocked_utc_s"
            " FROM pin WHERE holder = ?",
            holder,
        )
        row = rows[0] if rows else {"is_set": 0, "wrong": 0}
        return {
            "is_set": bool(row["is_set"]),
            "is_locked": row["wrong"] >= pins.TRIES,
            "set_utc_s": row.get("set_utc_s"),
            "set_by": row.get("set_by"),
            "unlocked_utc_s": row.get("unlocked_utc_s"),
        }

    def put(self, holder: int, hashed: str, by: str, utc_s: int) -> None:
        """A new PIN: no try was wrong, no link sets another."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO pin (holder, hash, set_utc_s, set_by) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (holder) DO UPDATE SET hash = excluded.hash, wrong = 0,"
                " set_utc_s = excluded.set_utc_s, set_by = excluded.set_by, ticket = NULL",
                (holder, hashed, utc_s, by),
            )

    def unlock(self, holder: int, utc_s: int, by_phone: bool) -> None:
        """Three more tries, of the same PIN. LocalError if it is not locked, or the phone did it
        a moment ago."""
        with self._db.transaction() as connection:
            row = self.state(holder)
            if not row["is_locked"]:
                raise LocalError("this PIN is not locked")
            last_s = row["unlocked_utc_s"]
            if by_phone and last_s is not None and utc_s - last_s < pins.UNLOCK_EVERY_S:
                raise LocalError("a phone unlocks once a day: go to the card office")
            connection.execute(
                "UPDATE pin SET wrong = 0, unlocked_utc_s ="
                " CASE WHEN ? = 1 THEN ? ELSE unlocked_utc_s END WHERE holder = ?",
                (int(by_phone), utc_s, holder),
            )

    def invite(self, holder: int, ticket: bytes, until_utc_s: int) -> None:
        """A link that sets the PIN once; one that was given before is worth nothing."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO pin (holder, ticket, ticket_until_utc_s) VALUES (?, ?, ?)"
                " ON CONFLICT (holder) DO UPDATE SET ticket = excluded.ticket,"
                " ticket_until_utc_s = excluded.ticket_until_utc_s",
                (holder, ticket, until_utc_s),
            )

    def invited(self, ticket: bytes, utc_s: int) -> int | None:
        """The holder whom a link is for that is still good."""
        return self._db.one(
            "SELECT holder FROM pin WHERE ticket = ? AND ticket_until_utc_s >= ?", ticket, utc_s
        )

    def put_invited(self, ticket: bytes, hashed: str, by: str, utc_s: int) -> None:
        """The PIN by its link, which is used up. LocalError if it was, a moment ago."""
        with self._db.transaction():
            holder = self.invited(ticket, utc_s)
            if holder is None:
                raise LocalError("this link was used already, or is too old")
            self.put(holder, hashed, by, utc_s)

    def tries(self, holder: int, limit: int) -> list[dict[str, Any]]:
        """The last ones, newest first."""
        return self._db.rows(
            "SELECT card, terminal, serial, amount_fen, utc_s, verdict FROM pin_try"
            " WHERE holder = ? ORDER BY id DESC LIMIT ?",
            *(holder, limit),
        )

    def elsewhere(
        self, card: int, terminal: int, day_utc_s: int, meal_utc_s: int
    ) -> tuple[int, int]:
        """(fen since that day began, since that meal) that the cards of this one's holder, or it
        alone, have paid at other terminals, by records that are here."""
        query = (
            "SELECT coalesce(sum(r.amount_fen), 0),"
            " coalesce(sum(CASE WHEN r.utc_s >= ? THEN r.amount_fen ELSE 0 END), 0)"
            " FROM card c JOIN step s ON s.card = c.number"
            " AND s.counter > (SELECT max(x.counter) FROM step x WHERE x.card = c.number) - ?"
            " JOIN record r ON r.terminal = s.terminal AND r.serial = s.serial"
            " WHERE (c.number = ? OR c.holder = (SELECT o.holder FROM card o WHERE o.number = ?))"
            " AND r.terminal <> ? AND r.type = ? AND r.outcome = ? AND r.utc_s >= ?"
        )
        limits = (terminal, record.PURCHASE, record.DONE, day_utc_s)
        values = (meal_utc_s, _STEPS_A_DAY, card, card, *limits)
        found = self._db.conn.execute(query, values).fetchone()
        return int(found[0]), int(found[1])

    def _is_guessing(self, terminal: int, utc_s: int) -> bool:
        wrong = self._db.one(
            "SELECT count(*) FROM pin_try WHERE terminal = ? AND utc_s > ?"
            " AND (verdict IS NULL OR verdict <> ?)",
            *(terminal, utc_s - pins.WRONG_S, reasons.OK),
        )
        return terminal != 0 and wrong >= pins.WRONG_MOST
