"""Disputes in the database. Rules: core.disputes.

That a purchase is given back once is kept by one row of `reversal`, which a refund writes as a
REVERSAL of the terminal does (by_serial 0). What of the two came second finds it there.
"""

from __future__ import annotations

from typing import Any

from protocol.errors import LocalError
from sync_server.core import disputes
from sync_server.core.chain import Writer
from sync_server.core.ledger import SUSPENSE
from sync_server.store.accounts import Accounts
from sync_server.store.credits import Credits
from sync_server.store.database import Database
from sync_server.store.requests import Requests

_DISPUTE = (
    "SELECT d.*, t.place, c.holder, c.name AS holder_name, r.utc_s AS paid_utc_s FROM dispute d"
    " LEFT JOIN terminal t ON t.number = d.terminal LEFT JOIN card c ON c.number = d.card"
    " LEFT JOIN record r ON r.terminal = d.terminal AND r.serial = d.serial"
)
_DEED = "dispute"


class Disputes:
    """Of all merchants."""

    def __init__(self, db: Database, accounts: Accounts, credits: Credits, requests: Requests):
        self._db = db
        self._accounts = accounts
        self._credits = credits
        self._requests = requests

    def open(
        self, purchase: Writer, card: int, fen: int, said: str, by: str, utc_s: int
    ) -> dict[str, Any]:
        """-> the dispute; the one that is there, if the purchase has one. LocalError says why
        not."""
        with self._db.transaction() as connection:
            found = self._rows(
                "WHERE d.terminal = ? AND d.serial = ? AND d.state <> 'withdrawn'", *purchase
            )
            if found:
                if found[0]["card"] != card:
                    raise LocalError("this card made no such purchase")
                return found[0]
            paid = self._purchase(purchase)
            disputes.check_claim(paid, card, fen, utc_s)
            if self._credits.is_reversed(*purchase):
                raise LocalError("this purchase was given back at the terminal")
            merchant = self._db.one("SELECT merchant FROM terminal WHERE number = ?", purchase[0])
            number = connection.execute(
                "INSERT INTO dispute (terminal, serial, card, merchant, paid_fen, claimed_fen,"
                " said, opened_by, opened_utc_s, answer_until_utc_s, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (*purchase, card, merchant or "", paid and paid["amount_fen"], fen, said, by, utc_s,
                 utc_s + disputes.ANSWER_S, disputes.OPENED),
            ).fetchone()[0]  # fmt: skip
            return self._one(number)

    def answer(self, number: int, text: str, by: str, utc_s: int) -> None:
        """What the merchant says. LocalError: too late, or twice."""
        with self._db.transaction() as connection:
            state = disputes.after(self._one(number)["state"], disputes.ANSWER)
            connection.execute(
                "UPDATE dispute SET state = ?, answer = ?, answered_by = ?, answered_utc_s = ?"
                " WHERE id = ?",
                (state, text, by, utc_s, number),
            )

    def withdraw(self, number: int, utc_s: int) -> None:
        """The holder lets it be."""
        with self._db.transaction():
            self._end(self._one(number), disputes.WITHDRAW, "", utc_s)

    def uphold(self, number: int, fen: int, finding: str, by: str, utc_s: int) -> int:
        """It shall be refunded, `fen` of it; a second person must grant it. -> the request"""
        with self._db.transaction():
            row = self._one(number)
            disputes.check_heard(row, utc_s)
            if not 0 < fen <= row["claimed_fen"]:
                raise LocalError("a refund is at most what was claimed")
            self._decide(row, disputes.UPHOLD, fen, finding, by, utc_s)
            told = {"dispute": number, "place": row["place"], "card": row["card"]}
            return self._requests.ask(_DEED, number, told | {"amount_fen": fen}, by, utc_s)

    def refuse(self, number: int, finding: str, by: str, utc_s: int) -> None:
        """Nothing goes back; `finding` tells the holder why."""
        with self._db.transaction():
            row = self._one(number)
            disputes.check_heard(row, utc_s)
            self._decide(row, disputes.REFUSE, None, finding, by, utc_s)

    def refund_granted(self, number: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `dispute`: the money goes back to the holder; or the office thinks again."""
        row, connection = self._one(number), self._db.conn
        if not granted:
            state = disputes.after(row["state"], disputes.DENY)
            connection.execute("UPDATE dispute SET state = ? WHERE id = ?", (state, number))
            return
        card = self._credits.any_taker(row["card"])
        if card is None:
            raise LocalError("the holder has no card that could take it: give them one first")
        connection.execute(
            "INSERT INTO reversal (terminal, serial, by_serial) VALUES (?, ?, 0)",
            (row["terminal"], row["serial"]),
        )
        giver = disputes.seller(row["merchant"])
        given = self._credits.give(card, row["granted_fen"], giver, f"dispute {number}", utc_s)
        connection.execute(
            "UPDATE dispute SET refund_card = ?, action = ? WHERE id = ?", (*given, number)
        )
        self._end(row, disputes.GRANT, disputes.PAID, utc_s)

    # what terminals tell

    def given_back(self, purchases: list[Writer], utc_s: int) -> None:
        """The cashier gave these sales back: who disputed one has the money."""
        for purchase in purchases:
            for row in self._rows("WHERE d.terminal = ? AND d.serial = ?", *purchase):
                if disputes.REVERSE in disputes.TABLE[row["state"]]:
                    self._requests.drop(_DEED, row["id"], f"terminal {row['terminal']}", utc_s)
                    self._end(row, disputes.REVERSE, disputes.REVERSED, utc_s)

    def given_twice(self, purchases: list[tuple[Writer, int]], utc_s: int) -> None:
        """A terminal put back on its card what a dispute may have refunded, from `suspense
        reversal`: the refund is taken back, and the merchant bears the sale once."""
        for purchase, sale_fen in purchases:
            for row in self._rows(
                "WHERE d.terminal = ? AND d.serial = ? AND d.outcome = 'paid'"
                " AND d.taken_back_utc_s IS NULL",
                *purchase,
            ):
                there = (SUSPENSE, "reversal")
                self._credits.take_back(
                    row["refund_card"], row["granted_fen"], row["action"], there, utc_s
                )
                rest = disputes.beyond(row["merchant"], sale_fen, row["granted_fen"])
                self._accounts.book([rest] if rest else [], utc_s)
                self._db.conn.execute(
                    "UPDATE dispute SET taken_back_utc_s = ? WHERE id = ?", (utc_s, row["id"])
                )

    def close_old(self, utc_s: int) -> int:
        """Refused ones that everybody had time to see. -> how many"""
        with self._db.transaction():
            rows = self._rows(
                "WHERE d.state = 'refused' AND d.decided_utc_s <= ?", utc_s - disputes.SEEN_S
            )
            for row in rows:
                self._end(row, disputes.END, disputes.IN_VAIN, utc_s)
            return len(rows)

    # looks

    def one(self, number: int) -> dict[str, Any] | None:
        """Of one id."""
        rows = self._rows("WHERE d.id = ?", number)
        return rows[0] if rows else None

    def listed(
        self, merchant: str | None, is_open: bool, utc_s: int, limit: int
    ) -> list[dict[str, Any]]:
        """Open ones: overdue first, then by deadline; or those that ended, newest first. Of one
        merchant, or (None) of all."""
        states = "IN ('opened', 'answered', 'upheld', 'refused')"
        chosen = f"d.state {states}" if is_open else f"d.state NOT {states}"
        order = "d.answer_until_utc_s, d.id" if is_open else "d.id DESC"
        rows = self._rows(
            f"WHERE {chosen} AND (? = '' OR d.merchant = ?) ORDER BY {order} LIMIT ?",
            *(merchant or "", merchant or "", limit),
        )
        for row in rows:
            row["is_overdue"] = (
                row["state"] == disputes.OPENED and row["answer_until_utc_s"] <= utc_s
            )
        rows.sort(key=lambda row: not row["is_overdue"])
        return rows

    def of_cards(self, cards: list[int], limit: int) -> list[dict[str, Any]]:
        """Of these cards, newest first."""
        marks = ", ".join("?" * len(cards)) or "NULL"
        return self._rows(f"WHERE d.card IN ({marks}) ORDER BY d.id DESC LIMIT ?", *cards, limit)

    # steps

    def _decide(
        self, row: dict[str, Any], event: str, fen: int | None, finding: str, by: str, utc_s: int
    ) -> None:
        self._db.conn.execute(
            "UPDATE dispute SET state = ?, granted_fen = ?, finding = ?, decided_by = ?,"
            " decided_utc_s = ? WHERE id = ?",
            (disputes.after(row["state"], event), fen, finding, by, utc_s, row["id"]),
        )

    def _end(self, row: dict[str, Any], event: str, outcome: str, utc_s: int) -> None:
        self._db.conn.execute(
            "UPDATE dispute SET state = ?, outcome = ?, ended_utc_s = ? WHERE id = ?",
            (disputes.after(row["state"], event), outcome, utc_s, row["id"]),
        )

    def _purchase(self, purchase: Writer) -> dict[str, Any] | None:
        rows = self._db.rows(
            "SELECT type, outcome, card, amount_fen, received_utc_s FROM record"
            " WHERE terminal = ? AND serial = ?",
            *purchase,
        )
        return rows[0] if rows else None

    def _one(self, number: int) -> dict[str, Any]:
        row = self.one(number)
        if row is None:
            raise LocalError(f"there is no dispute {number}")
        return row

    def _rows(self, where: str, *values: Any) -> list[dict[str, Any]]:
        return self._db.rows(f"{_DISPUTE} {where}", *values)
