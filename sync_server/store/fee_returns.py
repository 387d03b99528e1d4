"""A paid fee goes back, in the database: refunded, or a clerk's receipt undone. Two persons.

It goes back the way it came: through the channel to who paid, out of the clerk's drawer, or to the
purse. Rules: core.fees.
"""

from __future__ import annotations

from typing import Any

from protocol.errors import LocalError
from sync_server.core import fees, ledger, validity
from sync_server.store.accounts import Accounts
from sync_server.store.credits import Credits
from sync_server.store.database import Database
from sync_server.store.fees import REFUND, UNDO, Fees
from sync_server.store.requests import Requests
from sync_server.store.topups import TopUps


class FeeReturns:
    """Of all offices."""

    def __init__(
        self,
        db: Database,
        accounts: Accounts,
        credits: Credits,
        requests: Requests,
        ordered: Fees,
        topups: TopUps,
    ):
        self._db = db
        self._accounts = accounts
        self._credits = credits
        self._requests = requests
        self._fees = ordered
        self._topups = topups

    def ask_refund(self, number: int, by: str, utc_s: int) -> int:
        """-> the request. LocalError if it is not paid."""
        return self._ask(REFUND, fees.REFUND, number, by, utc_s)

    def ask_undoing(self, number: int, by: str, utc_s: int) -> int:
        """Of a receipt: the fee shall be due again. -> the request. LocalError."""
        row = self._fees.one(number)
        if row is not None and row["how"] != fees.CASH:
            raise LocalError("only a receipt of the desk can be undone")
        return self._ask(UNDO, fees.UNDO, number, by, utc_s)

    def _ask(self, deed: str, event: str, number: int, by: str, utc_s: int) -> int:
        with self._db.transaction():
            row = self._paid(number, event)
            told = {
                "item": row["item"],
                "person": f"{row['holder_name']} {row['holder_number']}",
                "amount_fen": row["amount_fen"],
                "how": row["how"],
            }
            told |= {name: row[name] for name in ("receipt", "clerk") if row[name]}
            return self._requests.ask(deed, number, told, by, utc_s)

    def refund_granted(self, number: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `fee-refund`."""
        if not granted:
            return
        row = self._paid(number, fees.REFUND)
        account, fen = fees.account(row["office"]), row["amount_fen"]
        if row["how"] == fees.CHANNEL:
            self._topups.release(row["topup"], account, utc_s)
        elif row["how"] == fees.CASH:
            self._accounts.book([ledger.back(fees.paid(row["office"], fen))], utc_s)
        else:
            taker = self._credits.any_taker(row["card"])
            if taker is None:
                raise LocalError("no card of this holder can take it: give them one first")
            self._credits.give(taker, fen, account, f"fee {number}", utc_s)
        self._goes_back(row, fees.REFUND, by, utc_s)

    def undoing_granted(self, number: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `fee-undo`."""
        if granted:
            row = self._paid(number, fees.UNDO)
            back = ledger.back(fees.paid(row["office"], row["amount_fen"]))
            self._accounts.book([back], utc_s)
            self._goes_back(row, fees.UNDO, by, utc_s)

    def _goes_back(self, row: dict[str, Any], event: str, by: str, utc_s: int) -> None:
        state = fees.after(row["state"], event)
        ended_utc_s = utc_s if state == fees.REFUNDED else None
        self._db.conn.execute(
            "UPDATE fee SET state = ?, ended_utc_s = ? WHERE id = ?",
            (state, ended_utc_s, row["id"]),
        )
        self._db.conn.execute(
            "UPDATE fee_payment SET back_by = ?, back_utc_s = ?, back_day = ?"
            " WHERE fee = ? AND back_utc_s IS NULL",
            (by, utc_s, validity.today(utc_s), row["id"]),
        )
        for deed in (REFUND, UNDO):
            self._requests.drop(deed, row["id"], by, utc_s)

    def _paid(self, number: int, event: str) -> dict[str, Any]:
        row = self._fees.one(number)
        if row is None:
            raise LocalError(f"there is no fee {number}")
        if row["state"] != fees.PAID:
            raise LocalError("this fee is not paid, or has gone back already")
        fees.after(row["state"], event)
        return row
