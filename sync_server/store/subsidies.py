"""Meals of staff by list and month, in the database. Rules: core.subsidies.

A list that is applied asks a second person to fill the college's account with its sum. Refused, the
list is as before it was applied, and its rows may be listed again.
"""

from __future__ import annotations

from typing import Any

from sync_server.core import ledger, subsidies
from sync_server.core.subsidies import Grant
from sync_server.store.accounts import Accounts
from sync_server.store.database import Database
from sync_server.store.requests import Requests

DEED = "subsidy"


class Subsidies:
    """Of all months."""

    def __init__(self, db: Database, accounts: Accounts, requests: Requests):
        self._db = db
        self._accounts = accounts
        self._requests = requests

    def had(self, holders: list[int], but: int) -> set[tuple[int, str]]:
        """(holder, month) of these that are granted or wait, by other lists than this one."""
        found = set()
        for at in range(0, len(holders), 500):
            part = holders[at : at + 500]
            marks = ", ".join("?" * len(part))
            found |= {
                (row[0], row[1])
                for row in self._db.conn.execute(
                    f"SELECT holder, month FROM subsidy WHERE holder IN ({marks}) AND roster <> ?",
                    (*part, but),
                )
            }
        return found

    def put(self, roster: int, grants: list[Grant], by: str, utc_s: int) -> int:
        """Rows of a list; their sum waits for a second person. -> the request"""
        self._db.insert(
            "subsidy (roster, holder, month, amount_fen)", [(roster, *grant) for grant in grants]
        )
        months = sorted({grant.month for grant in grants})
        told = {
            "month": months[0] if len(months) == 1 else f"{months[0]} – {months[-1]}",
            "people": len({grant.holder for grant in grants}),
            "amount_fen": sum(grant.amount_fen for grant in grants),
        }
        return self._requests.ask(DEED, roster, told, by, utc_s)

    def filling_granted(self, roster: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `subsidy`."""
        connection = self._db.conn
        if not granted:
            connection.execute("DELETE FROM subsidy WHERE roster = ?", (roster,))
            connection.execute(
                "UPDATE roster SET applied_by = NULL, applied_utc_s = NULL, outcome = NULL"
                " WHERE id = ?",
                (roster,),
            )
            return
        fen = int(self._db.one("SELECT sum(amount_fen) FROM subsidy WHERE roster = ?", roster))
        self._accounts.book([subsidies.filled(fen)], utc_s)
        connection.execute("UPDATE subsidy SET granted_utc_s = ? WHERE roster = ?", (utc_s, roster))

    def months(self, limit: int) -> list[dict[str, Any]]:
        """month, people, granted_fen, waiting_fen; newest first."""
        rows = self._db.rows(
            "SELECT month, count(*) AS people,"
            " sum(CASE WHEN granted_utc_s IS NULL THEN 0 ELSE amount_fen END) AS granted_fen,"
            " sum(CASE WHEN granted_utc_s IS NULL THEN amount_fen ELSE 0 END) AS waiting_fen"
            " FROM subsidy GROUP BY month ORDER BY month DESC LIMIT ?",
            limit,
        )
        whole = ("people", "granted_fen", "waiting_fen")  # sums are decimals on PostgreSQL
        return [row | {name: int(row[name]) for name in whole} for row in rows]

    def left_fen(self) -> int:
        """What is left for meals; below zero: the college owes it."""
        query = "SELECT balance_fen FROM account WHERE type = ? AND key = ''"
        return self._db.one(query, ledger.SUBSIDY) or 0
