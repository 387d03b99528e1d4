"""Cash that a clerk took, in the database: one row a receipt, reversed by two persons.

The drawer of a clerk and day is what was taken on that day less what was reversed on it; fees that
were paid in cash (store.fees) lie in the same drawer.
"""

from __future__ import annotations

from typing import Any

from protocol.errors import LocalError
from sync_server.core import ledger, validity
from sync_server.store.credits import Credits
from sync_server.store.database import Database
from sync_server.store.requests import Requests

_CASH = (
    "SELECT x.id, x.receipt, x.card, x.amount_fen, x.clerk, x.day, x.utc_s, x.action,"
    " x.reversed_by, x.reversed_utc_s, EXISTS (SELECT 1 FROM request q WHERE q.deed = 'cash'"
    " AND q.subject = x.id AND q.granted IS NULL) AS waits, c.name AS holder_name, c.holder,"
    " NULL AS fee, NULL AS item FROM cash x JOIN card c ON c.number = x.card"
)
_FEES = (
    "SELECT p.id, p.receipt, NULL AS card, p.amount_fen, p.clerk, p.day, p.utc_s, NULL AS action,"
    " p.back_by AS reversed_by, p.back_utc_s AS reversed_utc_s, EXISTS (SELECT 1 FROM request q"
    " WHERE q.deed IN ('fee-refund', 'fee-undo') AND q.subject = p.fee AND q.granted IS NULL"
    " AND p.back_utc_s IS NULL) AS waits, h.name AS holder_name, f.holder, p.fee, f.item"
    " FROM fee_payment p JOIN fee f ON f.id = p.fee JOIN holder h ON h.id = f.holder"
    " WHERE p.how = 'cash'"
)


class Cash:
    """Of all clerks."""

    def __init__(self, db: Database, credits: Credits, requests: Requests):
        self._db = db
        self._credits = credits
        self._requests = requests

    def take(self, receipt: str, card: int, fen: int, clerk: str, utc_s: int) -> dict[str, Any]:
        """-> the row; of a receipt that is there, as it is. LocalError: it was for another sum or
        card, or the card is dead."""
        with self._db.transaction() as connection:
            found = self._rows("WHERE x.receipt = ?", receipt)
            if found:
                row = found[0]
                if (row["amount_fen"], row["clerk"]) != (fen, clerk) or row["card"] != (
                    self._credits.taker(card) or card
                ):
                    raise LocalError(f"receipt {receipt} was given for something else")
                return row
            query = "SELECT 1 FROM fee_payment WHERE receipt = ?"
            if self._db.one(query, receipt) is not None:
                raise LocalError(f"receipt {receipt} was given for something else")
            taker = self._credits.taker(card)
            if taker is None:
                raise LocalError("this card is closed: nothing can be loaded on it")
            taker, action = self._credits.give(
                taker, fen, ledger.bank(), f"receipt {receipt}", utc_s
            )
            connection.execute(
                "INSERT INTO cash (receipt, card, amount_fen, clerk, day, utc_s, action)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (receipt, taker, fen, clerk, validity.today(utc_s), utc_s, action),
            )
            return self._rows("WHERE x.receipt = ?", receipt)[0]

    def ask_reversal(self, number: int, by: str, utc_s: int) -> int:
        """-> the request. LocalError if the money cannot be had back any more."""
        with self._db.transaction():
            row = self._open(number)
            told = {"receipt": row["receipt"], "amount_fen": row["amount_fen"]}
            return self._requests.ask("cash", number, told | {"clerk": row["clerk"]}, by, utc_s)

    def reversal_granted(self, number: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `cash`."""
        if not granted:
            return
        row = self._open(number)
        self._credits.take_back(row["card"], row["amount_fen"], row["action"], ledger.bank(), utc_s)
        self._db.conn.execute(
            "UPDATE cash SET reversed_by = ?, reversed_utc_s = ?, reversed_day = ? WHERE id = ?",
            (by, utc_s, validity.today(utc_s), number),
        )

    def of_day(self, day: int, clerk: str) -> list[dict[str, Any]]:
        """Taken on a day, newest first; of all clerks if `clerk` is empty. fee, item: it paid a
        fee, and no card."""
        return self._db.rows(
            f"{_CASH} WHERE x.day = ? AND (? = '' OR x.clerk = ?) UNION ALL"
            f" {_FEES} AND p.day = ? AND (? = '' OR p.clerk = ?)"
            " ORDER BY utc_s DESC, id DESC LIMIT 500",
            *(day, clerk, clerk) * 2,
        )

    def drawers(self, day: int) -> list[dict[str, Any]]:
        """clerk, taken, taken_fen, reversed_fen: of everybody who had a drawer that day."""
        rows = self._db.rows(
            "SELECT clerk, sum(n) AS taken, sum(fen) AS taken_fen, sum(back) AS reversed_fen FROM"
            " (SELECT clerk, 1 AS n, amount_fen AS fen, 0 AS back FROM cash WHERE day = ?"
            " UNION ALL SELECT clerk, 0, 0, amount_fen FROM cash WHERE reversed_day = ?"
            " UNION ALL SELECT clerk, 1, amount_fen, 0 FROM fee_payment"
            " WHERE how = 'cash' AND day = ?"
            " UNION ALL SELECT clerk, 0, 0, amount_fen FROM fee_payment"
            " WHERE how = 'cash' AND back_day = ?) x GROUP BY clerk ORDER BY clerk",
            *(day, day, day, day),
        )
        whole = ("taken", "taken_fen", "reversed_fen")  # sums are decimals on PostgreSQL
        return [row | {name: int(row[name]) for name in whole} for row in rows]

    def _open(self, number: int) -> dict[str, Any]:
        rows = self._rows("WHERE x.id = ?", number)
        if not rows:
            raise LocalError(f"there is no cash top-up {number}")
        row = rows[0]
        if row["reversed_by"] is not None:
            raise LocalError(f"{row['reversed_by']} has reversed this already")
        if not self._credits.is_there(row["card"], row["amount_fen"], row["action"]):
            raise LocalError("the money is on the card or spent: take the card back at the desk")
        return row

    def _rows(self, where: str, *values: Any) -> list[dict[str, Any]]:
        return self._db.rows(f"{_CASH} {where}", *values)
