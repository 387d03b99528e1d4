"""Payments of a channel in the database. Rules: core.topups.

Each change is one transaction with the money it moves, so a payment and its booking cannot come
apart. The channel itself is asked elsewhere: nothing here waits.
"""

from __future__ import annotations

import json
from typing import Any

from protocol.errors import LocalError
from sync_server.core import ledger, topups, validity
from sync_server.core.ledger import Account, Transfer
from sync_server.core.topups import Told
from sync_server.store.accounts import Accounts
from sync_server.store.credits import Credits
from sync_server.store.database import Database
from sync_server.store.fees import Fees
from sync_server.store.requests import Requests

_TOPUP = (
    "t.id, t.channel, t.number, t.card, t.amount_fen, t.state, t.why, t.made_by, t.made_utc_s,"
    " t.expires_utc_s, t.paid_as, t.paid_utc_s, t.told_utc_s, t.ended_utc_s, t.action, t.fee"
)
_WHO = (
    "c.holder, h.name AS holder_name, h.number AS holder_number FROM topup t"
    " LEFT JOIN card c ON c.number = t.card LEFT JOIN holder h ON h.id = c.holder"
)


class TopUps:
    """Of all channels."""

    def __init__(
        self,
        db: Database,
        accounts: Accounts,
        credits: Credits,
        requests: Requests,
        fees: Fees,
    ):
        self._db = db
        self._accounts = accounts
        self._credits = credits
        self._requests = requests
        self._fees = fees

    def order(
        self, channel: str, card: int, fen: int, wish: str, by: str, utc_s: int
    ) -> dict[str, Any]:
        """-> the row of this wish, new or as it is. LocalError: above a limit, or a dead card."""
        with self._db.transaction() as connection:
            found = self._db.one("SELECT id FROM topup WHERE wish = ?", wish)
            if found is None:
                if self._credits.taker(card) is None:
                    raise LocalError("this card is closed: nothing can be loaded on it")
                topups.check_limits(fen, self._today_fen(card, utc_s))
                found = self._new(connection, (channel, wish, card, fen, None, by), utc_s)
            return self._one(found)

    def order_for_fee(
        self, channel: str, card: int, fee: int, wish: str, by: str, utc_s: int
    ) -> dict[str, Any]:
        """The same for a fee that is due: of this wish, or one that can still be paid. LocalError.

        card: the phone that asks."""
        with self._db.transaction() as connection:
            found = self._db.one("SELECT id FROM topup WHERE wish = ?", wish) or self._db.one(
                "SELECT id FROM topup WHERE fee = ? AND channel = ? AND card = ? AND state = ?"
                " AND expires_utc_s > ? ORDER BY id DESC LIMIT 1",
                *(fee, channel, card, topups.ORDERED, utc_s),
            )
            if found is None:
                fen = self._fees.due_fen(fee)
                found = self._new(connection, (channel, wish, card, fen, fee, by), utc_s)
            return self._one(found)

    def _new(self, connection: Any, order: tuple[Any, ...], utc_s: int) -> int:
        found = connection.execute(
            "INSERT INTO topup (number, state, why, made_utc_s, expires_utc_s, channel, wish, card,"
            " amount_fen, fee, made_by) VALUES ('', ?, '', ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (topups.ORDERED, utc_s, utc_s + topups.EXPIRES_S, *order),
        ).fetchone()[0]
        number = f"CC{validity.shown(validity.today(utc_s)).replace('-', '')}{found:08d}"
        connection.execute("UPDATE topup SET number = ? WHERE id = ?", (number, found))
        return found

    def arrived(self, channel: str, told: Told, utc_s: int) -> dict[str, Any]:
        """The channel's authentic word that it was paid. -> the payment, as it is now."""
        with self._db.transaction() as connection:
            known = self._db.rows(
                "SELECT id, number, amount_fen FROM topup WHERE channel = ? AND paid_as = ?",
                *(channel, told.transaction),
            )
            if known:
                row = known[0]
                if (row["number"], row["amount_fen"]) != (told.number, told.amount_fen):
                    self._note(channel, told, utc_s)
                return self._one(row["id"])
            order = self._ordered(channel, told.number)
            why = topups.verdict(order, told)
            if order is None or why:
                number = connection.execute(
                    "INSERT INTO topup (channel, number, card, amount_fen, state, why, made_by,"
                    " made_utc_s, expires_utc_s, paid_as, paid_utc_s, told_utc_s)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                    (channel, told.number, order and order["card"], told.amount_fen, topups.PAID,
                     why, f"channel {channel}", utc_s, utc_s, told.transaction, told.paid_utc_s,
                     utc_s),
                ).fetchone()[0]  # fmt: skip
                self._keep(told.amount_fen, utc_s)
                return self._one(number)
            return self._paid(order, told, utc_s)

    def expire(self, number: int, utc_s: int) -> None:
        """The channel says that it was not paid in time. Paid by now: it stays so."""
        with self._db.transaction() as connection:
            row = self._one(number)
            if topups.EXPIRE in topups.TABLE[row["state"]] and utc_s >= row["expires_utc_s"]:
                connection.execute(
                    "UPDATE topup SET state = ? WHERE id = ?",
                    (topups.after(row["state"], topups.EXPIRE), number),
                )

    def ask_return(self, number: int, by: str, utc_s: int) -> int:
        """Kept money shall go back to who paid; a second person must grant it. -> the request"""
        with self._db.transaction():
            row = self.one(number)
            if row is None:
                raise LocalError(f"there is no payment {number}")
            topups.after(row["state"], topups.GIVE_BACK)
            told = {"payment": row["number"], "amount_fen": row["amount_fen"], "why": row["why"]}
            return self._requests.ask("return", number, told, by, utc_s)

    def release(self, number: int, giver: Account, utc_s: int) -> None:
        """The fee that it paid is refunded, inside the caller's transaction: the money is kept,
        and the channel will be asked to give it back."""
        row = self._one(number)
        self._accounts.book([Transfer(giver, topups.KEPT, row["amount_fen"], 0, 0)], utc_s)
        self._move(number, topups.RELEASE, utc_s)
        self._db.conn.execute("UPDATE topup SET why = ? WHERE id = ?", (topups.REFUND, number))
        self._move(number, topups.GIVE_BACK, utc_s)

    def return_granted(self, number: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `return`: the channel will be asked to give it back."""
        if granted:
            self._move(number, topups.GIVE_BACK, utc_s)

    def returned(self, number: int, is_taken: bool, utc_s: int) -> None:
        """The channel's answer to a return; asked twice, answered twice: the same."""
        with self._db.transaction():
            row = self._one(number)
            if row["state"] != topups.RETURNING:
                return
            self._move(number, topups.TAKEN if is_taken else topups.REFUSED, utc_s)
            if is_taken:
                back = Transfer(topups.KEPT, ledger.bank(), row["amount_fen"], 0, 0)
                self._accounts.book([back], utc_s)

    # looks

    def one(self, number: int) -> dict[str, Any] | None:
        """Of one id."""
        rows = self._db.rows(f"SELECT {_TOPUP}, {_WHO} WHERE t.id = ?", number)
        return rows[0] if rows else None

    def to_ask(self, utc_s: int, limit: int) -> list[dict[str, Any]]:
        """Whom the channel must be asked about: orders whose callback is late, returns."""
        return self._db.rows(
            f"SELECT {_TOPUP} FROM topup t WHERE t.state = 'returning' OR"
            " (t.state = 'ordered' AND t.made_utc_s <= ?) ORDER BY t.id LIMIT ?",
            *(utc_s - topups.ASK_AFTER_S, limit),
        )

    def of_card(self, card: int, limit: int) -> list[dict[str, Any]]:
        """Of this card and of the others of its holder, newest first."""
        return self._db.rows(
            f"SELECT {_TOPUP} FROM topup t WHERE t.wish IS NOT NULL AND (t.card = ? OR t.card IN"
            " (SELECT o.number FROM card o JOIN card c ON c.holder = o.holder WHERE c.number = ?))"
            " ORDER BY t.id DESC LIMIT ?",
            *(card, card, limit),
        )

    def listed(self, only_kept: bool, before: int, limit: int) -> list[dict[str, Any]]:
        """Payments below an id, newest first; kept ones: paid and not booked."""
        kept = " AND t.state IN ('paid', 'returning')" if only_kept else ""
        return self._db.rows(
            f"SELECT {_TOPUP}, {_WHO} WHERE t.id < ?{kept} ORDER BY t.id DESC LIMIT ?",
            *(before, limit),
        )

    def notes(self, limit: int) -> list[dict[str, Any]]:
        """Words that contradict others, newest first."""
        rows = self._db.rows("SELECT * FROM channel_note ORDER BY id DESC LIMIT ?", limit)
        return [row | {"said": json.loads(row["said"])} for row in rows]

    def totals(self) -> dict[str, int]:
        """Of all time, in fen: booked, kept, refunded."""
        rows = self._db.conn.execute(
            "SELECT state, sum(amount_fen) FROM topup WHERE paid_as IS NOT NULL GROUP BY state"
        )
        sums = {state: int(fen) for state, fen in rows}
        kept = sums.get(topups.PAID, 0) + sums.get(topups.RETURNING, 0)
        return {
            "booked_fen": sums.get(topups.BOOKED, 0),
            "kept_fen": kept,
            "refunded_fen": sums.get(topups.REFUNDED, 0),
        }

    def left_fen(self, card: int, utc_s: int) -> int:
        """What this card's holder may still top up today."""
        return max(topups.DAY_FEN - self._today_fen(card, utc_s), 0)

    # steps

    def _paid(self, order: dict[str, Any], told: Told, utc_s: int) -> dict[str, Any]:
        """The order is paid, and booked if its card, or its fee, can take it."""
        number, fen = order["id"], order["amount_fen"]
        state = topups.after(order["state"], topups.PAY)
        card, why, action, ended_utc_s = order["card"], "", None, None
        if order["fee"] is not None:
            why = self._fees.pay_by_channel(order["fee"], number, utc_s)
        else:
            card = self._credits.taker(card)
            why = topups.CARD if card is None else ""
        if why:
            self._keep(fen, utc_s)
        else:
            state, ended_utc_s = topups.after(state, topups.BOOK), utc_s
        if card is not None and order["fee"] is None:
            by = f"top-up {order['number']}"
            card, action = self._credits.give(card, fen, ledger.bank(), by, utc_s)
        self._db.conn.execute(
            "UPDATE topup SET state = ?, why = ?, paid_as = ?, paid_utc_s = ?, told_utc_s = ?,"
            " ended_utc_s = ?, action = ?, card = ? WHERE id = ?",
            (state, why, told.transaction, told.paid_utc_s, utc_s, ended_utc_s, action,
             card or order["card"], number),
        )  # fmt: skip
        return self._one(number)

    def _keep(self, fen: int, utc_s: int) -> None:
        self._accounts.book([Transfer(ledger.bank(), topups.KEPT, fen, 0, 0)], utc_s)

    def _move(self, number: int, event: str, utc_s: int) -> None:
        state = topups.after(self._one(number)["state"], event)
        ended_utc_s = utc_s if state == topups.REFUNDED else None
        self._db.conn.execute(
            "UPDATE topup SET state = ?, ended_utc_s = ? WHERE id = ?", (state, ended_utc_s, number)
        )

    def _note(self, channel: str, told: Told, utc_s: int) -> None:
        said = json.dumps(told._asdict(), ensure_ascii=False, sort_keys=True)
        self._db.conn.execute(
            "INSERT INTO channel_note (channel, said, utc_s) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (channel, said, utc_s),
        )

    def _ordered(self, channel: str, number: str) -> dict[str, Any] | None:
        rows = self._db.rows(
            f"SELECT {_TOPUP} FROM topup t WHERE t.channel = ? AND t.number = ?"
            " AND t.wish IS NOT NULL",
            *(channel, number),
        )
        return rows[0] if rows else None

    def _one(self, number: int) -> dict[str, Any]:
        row = self.one(number)
        assert row is not None
        return row

    def _today_fen(self, card: int, utc_s: int) -> int:
        """Of the holder of a card, or the card: what was paid today or may still be."""
        begin_s = utc_s - (utc_s + validity.OFFSET_S) % 86400
        return int(
            self._db.one(
                "SELECT sum(t.amount_fen) FROM topup t JOIN card o ON o.number = t.card,"
                " card c WHERE c.number = ? AND (o.number = c.number OR o.holder = c.holder)"
                " AND t.wish IS NOT NULL AND t.fee IS NULL AND t.made_utc_s >= ?"
                " AND t.state <> 'expired'"
                " AND t.state <> 'refunded'",
                *(card, begin_s),
            )
            or 0
        )
