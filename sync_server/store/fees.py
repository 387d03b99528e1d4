"""Fees for a list of holders in the database: ordered, paid once, withdrawn. Rules: core.fees.

Each change is one transaction with the money it moves. What the channel says of a payment comes
through store.topups; what is paid goes back through store.fee_returns.
"""

from __future__ import annotations

from typing import Any

from protocol.errors import LocalError
from sync_server.core import fees, ledger, validity
from sync_server.core.fees import Asked
from sync_server.store.accounts import Accounts
from sync_server.store.credits import Credits
from sync_server.store.database import Database
from sync_server.store.requests import Requests

ORDER, REFUND, UNDO = "fees", "fee-refund", "fee-undo"  # deeds

_FEE = (
    "f.id, f.roster, f.office, f.item, f.amount_fen, f.due, f.state, f.why, f.ended_utc_s,"
    " f.holder, h.number AS holder_number, h.name AS holder_name, h.department,"
    " p.how, p.utc_s AS paid_utc_s, p.receipt, p.clerk, p.card, p.topup,"
    " EXISTS (SELECT 1 FROM request q WHERE q.deed IN ('fee-refund', 'fee-undo')"
    " AND q.subject = f.id AND q.granted IS NULL) AS waits FROM fee f"
    " JOIN holder h ON h.id = f.holder"
    " LEFT JOIN fee_payment p ON p.fee = f.id AND p.back_utc_s IS NULL"
)
_ITEMS_NAMED = 20  # in a query; most lists have one
_SUMS = (
    "people", "amount_fen", "listed", "paid", "paid_fen", "open", "open_fen", "overdue", "refunded",
    "withdrawn",
)  # fmt: skip


class Fees:
    """Of all offices."""

    def __init__(self, db: Database, accounts: Accounts, credits: Credits, requests: Requests):
        self._db = db
        self._accounts = accounts
        self._credits = credits
        self._requests = requests

    # ordered

    def had(
        self, holders: list[int], items: set[str], office: str, but: int
    ) -> set[tuple[int, str]]:
        """(holder, item) of these, ordered by an office in other lists than this one, that wait,
        are due or are paid."""
        found = set()
        named = sorted(items) if len(items) <= _ITEMS_NAMED else []
        only = f" AND item IN ({', '.join('?' * len(named))})" if named else ""
        for at in range(0, len(holders), 500):
            part = holders[at : at + 500]
            marks = ", ".join("?" * len(part))
            found |= {
                (row[0], row[1])
                for row in self._db.conn.execute(
                    f"SELECT holder, item FROM fee WHERE holder IN ({marks}) AND office = ?{only}"
                    " AND roster <> ? AND state IN ('listed', 'due', 'paid')",
                    (*part, office, *named, but),
                )
            }
        return found

    def put(self, roster: int, office: str, asked: list[Asked], by: str, utc_s: int) -> int:
        """Rows of a list; they wait for a second person. -> the request"""
        self._db.insert(
            "fee (roster, office, holder, item, due, amount_fen, state)",
            [(roster, office, *one, fees.LISTED) for one in asked],
        )
        items = sorted({one.item for one in asked})
        told = {
            "list": f"fees-{office}",
            "item": items[0] if len(items) == 1 else f"{items[0]} +{len(items) - 1}",
            "people": len({one.holder for one in asked}),
            "amount_fen": sum(one.amount_fen for one in asked),
        }
        return self._requests.ask(ORDER, roster, told, by, utc_s)

    def order_granted(self, roster: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `fees`."""
        connection = self._db.conn
        if granted:
            connection.execute(
                "UPDATE fee SET state = ? WHERE roster = ? AND state = ?",
                (fees.after(fees.LISTED, fees.GRANT), roster, fees.LISTED),
            )
            return
        connection.execute("DELETE FROM fee WHERE roster = ? AND state = ?", (roster, fees.LISTED))
        connection.execute(
            "UPDATE roster SET applied_by = NULL, applied_utc_s = NULL, outcome = NULL"
            " WHERE id = ?",
            (roster,),
        )

    def withdraw(self, roster: int, number: int | None, why: str, utc_s: int) -> int:
        """Those of a list that are due, or one of them. -> how many. LocalError: none is."""
        with self._db.transaction() as connection:
            ended = connection.execute(
                "UPDATE fee SET state = ?, why = ?, ended_utc_s = ? WHERE roster = ? AND state = ?"
                " AND (? = 0 OR id = ?) RETURNING id",
                (fees.after(fees.DUE, fees.WITHDRAW), why, utc_s, roster, fees.DUE, number or 0,
                 number or 0),
            ).fetchall()  # fmt: skip
            if not ended:
                raise LocalError("nothing of it is due: it is paid, or withdrawn already")
            return len(ended)

    # paid

    def due_fen(self, number: int) -> int:
        """What is to be paid. LocalError if it is not due."""
        row = self._known(number)
        self._must_be_due(row)
        return int(row["amount_fen"])

    def pay_by_channel(self, number: int, topup: int, utc_s: int) -> str:
        """A payment of the channel for this fee has come; inside the caller's transaction. -> ""
        if it is paid by it, else why the money is kept."""
        row = self._known(number)
        why = fees.why_kept(row["state"])
        if not why:
            self._accounts.book([fees.paid(row["office"], row["amount_fen"])], utc_s)
            self._pay(row, utc_s, how=fees.CHANNEL, topup=topup)
        return why

    def take_cash(self, number: int, receipt: str, clerk: str, utc_s: int) -> dict[str, Any]:
        """-> the fee, paid; of a receipt that is there, as it is. LocalError."""
        with self._db.transaction():
            row = self._known(number)
            if (row["receipt"], row["clerk"]) == (receipt, clerk):
                return row
            there = "SELECT 1 FROM cash WHERE receipt = ? UNION SELECT 1 FROM fee_payment"
            if self._db.one(f"{there} WHERE receipt = ?", receipt, receipt) is not None:
                raise LocalError(f"receipt {receipt} was given for something else")
            self._must_be_due(row)
            self._accounts.book([fees.paid(row["office"], row["amount_fen"])], utc_s)
            self._pay(row, utc_s, how=fees.CASH, receipt=receipt, clerk=clerk)
            return self._known(number)

    def take_from_purse(self, number: int, card: int, utc_s: int) -> dict[str, Any]:
        """From the purse of a phone of its holder; again: as it is. LocalError."""
        with self._db.transaction():
            row = self._known(number)
            if row["card"] == card:
                return row
            self._must_be_due(row)
            if not self._credits.is_phone(card) or self._credits.taker(card) != card:
                raise LocalError("only the purse of a phone that works can pay a fee")
            if self._credits.balance_fen(ledger.purse(card)) < row["amount_fen"]:
                raise LocalError("there is not so much in the purse of this phone")
            moved = fees.paid_by(card, row["office"], row["amount_fen"])
            self._accounts.book([moved], utc_s)
            self._pay(row, utc_s, how=fees.PURSE, card=card)
            return self._known(number)

    def _must_be_due(self, row: dict[str, Any]) -> None:
        if row["state"] == fees.PAID:
            raise LocalError("this fee is paid already")
        if row["state"] != fees.DUE:
            raise LocalError("this fee is not to be paid: it was withdrawn, or is not granted")

    def _pay(self, row: dict[str, Any], utc_s: int, **how: Any) -> None:
        state = fees.after(row["state"], fees.PAY)
        connection = self._db.conn
        connection.execute("UPDATE fee SET state = ? WHERE id = ?", (state, row["id"]))
        made = {"fee": row["id"], "amount_fen": row["amount_fen"], "utc_s": utc_s}
        made |= {"day": validity.today(utc_s)} | how
        marks = ", ".join("?" * len(made))
        connection.execute(
            f"INSERT INTO fee_payment ({', '.join(made)}) VALUES ({marks})", tuple(made.values())
        )

    # looks

    def one(self, number: int) -> dict[str, Any] | None:
        """A fee with its holder and how it is paid; waits: a refund or an undoing is asked for."""
        rows = self._db.rows(f"SELECT {_FEE} WHERE f.id = ?", number)
        return rows[0] if rows else None

    def _known(self, number: int) -> dict[str, Any]:
        row = self.one(number)
        if row is None:
            raise LocalError(f"there is no fee {number}")
        return row

    def of_holder(self, holder: int, limit: int) -> list[dict[str, Any]]:
        """What was granted, due first, then the newest."""
        return self._db.rows(
            f"SELECT {_FEE} WHERE f.holder = ? AND f.state <> 'listed'"
            " ORDER BY CASE WHEN f.state = 'due' THEN 0 ELSE 1 END, f.due, f.id DESC LIMIT ?",
            *(holder, limit),
        )

    def of_roster(self, roster: int, state: str, limit: int) -> list[dict[str, Any]]:
        """People of one list by number, of one state or of all."""
        return self._db.rows(
            f"SELECT {_FEE} WHERE f.roster = ? AND (? = '' OR f.state = ?)"
            " ORDER BY h.number, f.id LIMIT ?",
            *(roster, state, state, limit),
        )

    def orders(self, office: str, today: int, limit: int, roster: int = 0) -> list[dict[str, Any]]:
        """One row for each item of the last `limit` lists, newest first: roster, office, item, due,
        put_by, and how many people and how much: paid, open, overdue, refunded, withdrawn. office:
        or "". roster: that list alone."""
        kinds = [f"fees-{one}" for one in fees.OFFICES if office in ("", one)]
        lists = (
            f"SELECT id FROM roster WHERE kind IN ({', '.join('?' * len(kinds))})"
            " AND applied_utc_s IS NOT NULL ORDER BY id DESC LIMIT ?"
        )
        chosen = ("f.roster = ?", roster) if roster else (f"f.roster IN ({lists})", *kinds, limit)
        rows = self._db.conn.execute(
            "SELECT x.*, r.applied_by FROM (SELECT f.roster, f.office, f.item, f.state,"
            " min(f.due), count(*), sum(f.amount_fen),"
            " sum(CASE WHEN f.due < ? THEN 1 ELSE 0 END)"
            f" FROM fee f WHERE {chosen[0]} AND (? = '' OR f.office = ?)"
            " GROUP BY f.roster, f.office, f.item, f.state) x JOIN roster r ON r.id = x.roster"
            " ORDER BY x.roster DESC, x.item",
            (today, *chosen[1:], office, office),
        )
        found: dict[tuple[int, str, str], dict[str, Any]] = {}
        for number, of, item, state, due, people, fen, late, by in rows:
            row = found.setdefault(
                (number, of, item),
                {"roster": number, "office": of, "item": item, "due": due, "put_by": by}
                | dict.fromkeys(_SUMS, 0),
            )
            _add(row, state, due, int(people), int(fen), int(late))
        return list(found.values())

    def collected(self) -> dict[str, int]:
        """office -> what its account holds, fen."""
        return {one: self._credits.balance_fen(fees.account(one)) for one in fees.OFFICES}


def _add(row: dict[str, Any], state: str, due: int, people: int, fen: int, late: int) -> None:
    """People of one state to the sums of their order."""
    row["due"] = min(row["due"], due)
    row["people"] += people
    row["amount_fen"] += fen
    name = "open" if state == fees.DUE else state
    row[name] += people
    if state in (fees.DUE, fees.PAID):
        row[f"{name}_fen"] += fen
    if state == fees.DUE:
        row["overdue"] += late
