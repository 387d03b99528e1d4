"""Settlements of merchants in the database: asked for in a batch, granted by a second person, once.

A settlement covers the closed days after the last one of its merchant. What is open at the
merchant's terminals holds it back until finance says why not. Rules: core.settlements.
"""

from __future__ import annotations

import json
from typing import Any

from protocol.errors import LocalError
from sync_server.core import merchants, settlements, validity
from sync_server.store.accounts import Accounts
from sync_server.store.database import Database
from sync_server.store.days import Days
from sync_server.store.merchants import Merchants
from sync_server.store.requests import Requests

# ["grey", terminal, serial, serial], ["missing", terminal, first, last], ["state", STATE, 0, 0]
Open = list[list[Any]]


class Settlements:
    """`due` is what a batch would pay now."""

    def __init__(
        self, db: Database, accounts: Accounts, known: Merchants, days: Days, requests: Requests
    ):
        self._db = db
        self._accounts = accounts
        self._merchants = known
        self._days = days
        self._requests = requests

    def due(self, until: int) -> list[dict[str, Any]]:
        """Every merchant that may be paid, up to a closed day: after_day, figures, open, let (the
        reason that lets it through, or None), waits (a batch has it)."""
        opened = self._days.open_now(until, {})
        return [
            self._due(row, until, opened)
            for row in self._merchants.all()
            if row["state"] in merchants.PAYABLE
        ]

    def _due(self, row: dict[str, Any], until: int, opened: dict[str, Any]) -> dict[str, Any]:
        after = self._after(row["id"])
        lines = self._days.of_merchant(row["name"], after + 1, until)
        made = settlements.turnover(row["name"], lines)
        turnover_fen = made.gross_fen - made.reversed_fen
        fee_fen = settlements.fee_fen(max(turnover_fen, 0), row["fee_per_mille"])
        held = self._open(row, opened)
        return {
            "id": row["id"],
            "name": row["name"],
            "state": row["state"],
            "bank": row["bank"],
            "fee_per_mille": row["fee_per_mille"],
            "after_day": after,
            "until_day": until,
            **made._asdict(),
            "fee_fen": fee_fen,
            "net_fen": turnover_fen - fee_fen,
            "open": held,
            "let": self._let(row["id"], held),
            "waits": self._waits(row["id"]),
        }

    def _after(self, merchant: int) -> int:
        """The last day that it was settled for; before that, the day before all closed ones."""
        query = "SELECT max(until_day) FROM settlement WHERE merchant = ? AND refused = 0"
        settled = self._db.one(query, merchant)
        if settled is not None:
            return settled
        return (self._db.one("SELECT min(day) FROM day_close") or 1) - 1

    def _waits(self, merchant: int) -> int | None:
        return self._db.one(
            "SELECT b.id FROM settlement s JOIN settlement_batch b ON b.id = s.batch"
            " WHERE s.merchant = ? AND b.refused = 0 AND b.granted_utc_s IS NULL",
            merchant,
        )

    def _open(self, row: dict[str, Any], opened: dict[str, Any]) -> Open:
        own = {one["number"] for one in self._merchants.terminals(row["name"])}
        held: Open = []
        if row["state"] != merchants.ADMITTED:
            held.append(["state", row["state"], 0, 0])
        held += [["grey", n, serial, serial] for n, serial, *_ in opened["greys"] if n in own]
        held += [["missing", n, first, last] for n, first, last in opened["missing"] if n in own]
        return held

    def _let(self, merchant: int, held: Open) -> dict[str, Any] | None:
        """The newest word of finance, if it was said of all that is open."""
        rows = self._db.rows(
            "SELECT open, reason, let_by, let_utc_s FROM settlement_let WHERE merchant = ?"
            " ORDER BY id DESC LIMIT 1",
            merchant,
        )
        if not held or not rows:
            return None
        said = json.loads(rows[0].pop("open"))
        return rows[0] if all(any(_covers(old, one) for old in said) for one in held) else None

    def let(self, merchant: int, until: int, reason: str, by: str, utc_s: int) -> None:
        """Finance pays this one though something is open. LocalError if nothing is."""
        with self._db.transaction() as connection:
            row = self._merchants.get(merchant)
            if row is None:
                raise LocalError(f"there is no merchant {merchant}")
            held = self._open(row, self._days.open_now(until, {}))
            if not held:
                raise LocalError("nothing is open there")
            connection.execute(
                "INSERT INTO settlement_let (merchant, open, reason, let_by, let_utc_s)"
                " VALUES (?, ?, ?, ?, ?)",
                (merchant, json.dumps(held), reason, by, utc_s),
            )

    def make(self, until: int, by: str, utc_s: int) -> int:
        """A batch of all that are ready; a second person must grant it. -> its number. LocalError
        if none is, or the day is not closed."""
        last = self._days.last()
        if last is None or until > last[0]:
            raise LocalError(f"{validity.shown(until)} is not closed yet")
        with self._db.transaction() as connection:
            ready = [one for one in self.due(until) if is_ready(one)]
            if not ready:
                raise LocalError("no merchant is ready to be paid")
            number = connection.execute(
                "INSERT INTO settlement_batch (until_day, made_by, made_utc_s) VALUES (?, ?, ?)"
                " RETURNING id",
                (until, by, utc_s),
            ).fetchone()[0]
            self._db.insert(
                "settlement (batch, place, merchant, after_day, until_day, gross_fen,"
                " reversed_fen, fee_per_mille, fee_fen, net_fen, bank, open, reason, let_by)",
                [(number, place, *_row(one)) for place, one in enumerate(ready, 1)],
            )
            total = sum(one["net_fen"] for one in ready)
            told = {"merchants": len(ready), "amount_fen": total}
            self._requests.ask("settlement", number, told, by, utc_s)
            return number

    def granted(self, number: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `settlement`: the money leaves; or each waits for another batch."""
        connection = self._db.conn
        if not granted:
            connection.execute("UPDATE settlement SET refused = 1 WHERE batch = ?", (number,))
            connection.execute("UPDATE settlement_batch SET refused = 1 WHERE id = ?", (number,))
            return
        connection.execute(
            "UPDATE settlement_batch SET granted_by = ?, granted_utc_s = ? WHERE id = ?",
            (by, utc_s, number),
        )
        rows = connection.execute(
            "SELECT s.id, m.name, s.net_fen, s.fee_fen FROM settlement s"
            " JOIN merchant m ON m.id = s.merchant WHERE s.batch = ? ORDER BY s.place",
            (number,),
        ).fetchall()
        for settlement, name, net_fen, fee_fen in rows:
            self._accounts.book(settlements.transfers(name, 0, fee_fen), utc_s)
            self._accounts.book(settlements.transfers(name, net_fen, 0), utc_s)
            connection.execute(
                "UPDATE settlement SET transfer = (SELECT max(id) FROM transfer) WHERE id = ?",
                (settlement,),
            )

    def batches(self, limit: int) -> list[dict[str, Any]]:
        """Newest first, with merchants, net_fen, fee_fen."""
        return self._db.rows(
            "SELECT b.id, b.until_day, b.made_by, b.made_utc_s, b.granted_by, b.granted_utc_s,"
            " b.refused, count(s.id) AS merchants, sum(s.net_fen) AS net_fen,"
            " sum(s.fee_fen) AS fee_fen FROM settlement_batch b"
            " JOIN settlement s ON s.batch = b.id GROUP BY b.id, b.until_day, b.made_by,"
            " b.made_utc_s, b.granted_by, b.granted_utc_s, b.refused ORDER BY b.id DESC LIMIT ?",
            limit,
        )

    def rows(self, batch: int) -> list[dict[str, Any]]:
        """The settlements of a batch, in their place, `open` read."""
        found = self._db.rows(
            "SELECT s.id, s.place, s.merchant, m.name, s.after_day, s.until_day, s.gross_fen,"
            " s.reversed_fen, s.fee_per_mille, s.fee_fen, s.net_fen, s.bank, s.open, s.reason,"
            " s.let_by, b.granted_utc_s FROM settlement s JOIN merchant m ON m.id = s.merchant"
            " JOIN settlement_batch b ON b.id = s.batch WHERE s.batch = ? ORDER BY s.place",
            batch,
        )
        return [row | {"open": json.loads(row["open"])} for row in found]

    def of_merchant(self, merchant: int) -> list[dict[str, Any]]:
        """Its settlements that were not refused, newest first."""
        return self._db.rows(
            "SELECT s.batch, s.place, s.after_day, s.until_day, s.gross_fen, s.reversed_fen,"
            " s.fee_fen, s.net_fen, s.reason, b.granted_by, b.granted_utc_s FROM settlement s"
            " JOIN settlement_batch b ON b.id = s.batch WHERE s.merchant = ? AND s.refused = 0"
            " ORDER BY s.id DESC",
            merchant,
        )

    def references(self) -> dict[int, str]:
        """transfer -> what the bank's statement says of that payment."""
        rows = self._db.conn.execute(
            "SELECT transfer, batch, place FROM settlement WHERE transfer IS NOT NULL"
        ).fetchall()
        return {transfer: settlements.reference(*where) for transfer, *where in rows}


def is_ready(one: dict[str, Any]) -> bool:
    """May this one be in a batch now?"""
    return one["net_fen"] > 0 and one["waits"] is None and (not one["open"] or bool(one["let"]))


def _covers(old: list[Any], one: list[Any]) -> bool:
    return old[:2] == one[:2] and old[2] <= one[2] and one[3] <= old[3]


def _row(one: dict[str, Any]) -> tuple:
    let = one["let"] or {"reason": "", "let_by": ""}
    return (
        one["id"], one["after_day"], one["until_day"], one["gross_fen"], one["reversed_fen"],
        one["fee_per_mille"], one["fee_fen"], one["net_fen"], one["bank"],
        json.dumps(one["open"]), let["reason"], let["let_by"],
    )  # fmt: skip
