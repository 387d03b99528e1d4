"""Holders in the database: found, looked at, extended, given a card. Rules: core.validity."""

from __future__ import annotations

from typing import Any

from protocol import record
from protocol.errors import LocalError
from sync_server.store.database import Database

_HOLDER = (
    "id, number, kind, name, department, valid_until, made_utc_s, ended_why, ended_utc_s,"
    " closed_utc_s"
)
_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


class Holders:
    """By id, which is nobody's card number and not the office's number either."""

    def __init__(self, db: Database):
        self._db = db

    def find(self, text: str, kind: int, limit: int, after: int) -> list[dict[str, Any]]:
        """Whose number begins with it, whose name has it in it, whose card it is; kind 0: any."""
        plain = text.strip().translate(_LIKE)
        card = int(text) if text.isascii() and text.isdigit() and len(text) <= 8 else 0
        return self._db.rows(
            f"SELECT {_HOLDER}, (SELECT count(*) FROM card c WHERE c.holder = h.id) AS cards"
            " FROM holder h WHERE (? = 0 OR h.kind = ?)"
            " AND (lower(h.number) LIKE lower(?) ESCAPE '\\'"
            " OR lower(h.name) LIKE lower(?) ESCAPE '\\'"
            " OR h.id = (SELECT holder FROM card WHERE number = ?))"
            " ORDER BY h.ended_utc_s IS NOT NULL, h.number LIMIT ? OFFSET ?",
            *(kind, kind, f"{plain}%", f"%{plain}%", card, limit, after),
        )

    def get(self, number: int) -> dict[str, Any] | None:
        """Of one id."""
        rows = self._db.rows(f"SELECT {_HOLDER} FROM holder WHERE id = ?", number)
        return rows[0] if rows else None

    def of_card(self, card: int) -> int | None:
        """The id of whose it is, None of a card that is nobody's, or no card."""
        return self._db.one("SELECT holder FROM card WHERE number = ?", card)

    def counts(self) -> dict[str, int]:
        """How many of each kind there are, and how many have left."""
        rows = self._db.conn.execute(
            "SELECT CASE WHEN ended_utc_s IS NULL THEN kind ELSE 0 END, count(*) FROM holder"
            " GROUP BY 1"
        )
        return {str(kind): count for kind, count in rows}

    def cards_of(self, holder: int) -> list[dict[str, Any]]:
        """Each with what it holds, by the ledger, what waits for it, and how it stands."""
        return self._db.rows(
            "SELECT c.number, c.uid, c.valid_until, c.issued_utc_s, c.ended_utc_s,"
            " coalesce(p.balance_fen, 0) AS purse_fen, coalesce(a.balance_fen, 0) AS account_fen,"
            " EXISTS (SELECT 1 FROM list_member m WHERE m.list = 0 AND m.card = c.number)"
            " AS listed,"
            " EXISTS (SELECT 1 FROM loss l WHERE l.card = c.number AND l.withdrawn_utc_s IS NULL)"
            " AS lost, (SELECT x.why FROM closed x WHERE x.card = c.number) AS closed,"
            " EXISTS (SELECT 1 FROM phone f WHERE f.card = c.number) AS phone"
            " FROM card c"
            " LEFT JOIN account p ON (p.type, p.key) = ('purse', CAST(c.number AS TEXT))"
            " LEFT JOIN account a ON (a.type, a.key) = ('account', CAST(c.number AS TEXT))"
            " WHERE c.holder = ? ORDER BY c.number DESC",
            holder,
        )

    def payments_of(self, holder: int, limit: int) -> list[dict[str, Any]]:
        """What the purses of somebody's cards were written with, newest first: rows as `recent`."""
        return self._db.rows(
            "SELECT r.terminal, r.serial, r.type, r.outcome, r.reason, r.fault, r.flags, r.utc_s,"
            " r.card, r.amount_fen, r.balance_fen, t.place, t.kind FROM card c"
            " JOIN step s ON s.card = c.number"
            " JOIN record r ON (r.terminal, r.serial) = (s.terminal, s.serial)"
            " LEFT JOIN terminal t ON t.number = r.terminal"
            " WHERE c.holder = ? AND r.type != ? ORDER BY r.utc_s DESC, s.counter DESC LIMIT ?",
            *(holder, record.EVENT, limit),
        )

    def extensions_of(self, holder: int) -> list[dict[str, Any]]:
        """Every one, newest first, with who answers for it."""
        return self._db.rows("SELECT * FROM extension WHERE holder = ? ORDER BY id DESC", holder)

    def extend(self, holder: int, until: int, word: dict[str, str], by: str, utc_s: int) -> None:
        """A later last day. word: approver, paper. The cards of the holder follow. LocalError."""
        with self._db.transaction() as connection:
            row = self.get(holder)
            if row is None or row["ended_utc_s"] is not None:
                raise LocalError("who has left is not extended")
            connection.execute("UPDATE holder SET valid_until = ? WHERE id = ?", (until, holder))
            self.date_cards(holder, until)
            self.note_extension(holder, row["valid_until"], until, word, by, utc_s)

    def link_card(self, holder: int, card: int) -> None:
        """A card that was nobody's is this holder's. LocalError."""
        with self._db.transaction() as connection:
            row = self.get(holder)
            found = connection.execute(
                "SELECT holder, holder_kind, ended_utc_s FROM card WHERE number = ?", (card,)
            ).fetchone()
            if row is None or found is None:
                raise LocalError("this card was never issued")
            if found[0] is not None:
                raise LocalError("this card is somebody's already")
            if found[1] != row["kind"] or row["ended_utc_s"] is not None:
                raise LocalError("this card is of another kind, or its holder has left")
            connection.execute("UPDATE card SET holder = ? WHERE number = ?", (holder, card))

    def date_cards(self, holder: int, until: int) -> None:
        """The living cards of a holder end with this day; inside the caller's transaction."""
        self._db.conn.execute(
            "UPDATE card SET valid_until = ? WHERE holder = ? AND ended_utc_s IS NULL",
            (until, holder),
        )

    def note_extension(
        self, holder: int, was: int, until: int, word: dict[str, str], by: str, utc_s: int
    ) -> None:
        """Who answers for it is kept; inside the caller's transaction. word: approver, paper."""
        self._db.conn.execute(
            "INSERT INTO extension (holder, was_until, valid_until, approved_by, paper, entered_by,"
            " entered_utc_s) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (holder, was, until, word["approver"] or by, word["paper"], by, utc_s),
        )
