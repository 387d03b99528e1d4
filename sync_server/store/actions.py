"""What waits for cards, in the database: ordered, granted, done, withdrawn (docs/actions.md).

When it may be granted is core.actions'. A grant is committed before it is answered. What a terminal
must know before it asks is a filter of card numbers; its version grows when there is something new
to ask for, not when something is done: a card that is asked for in vain costs one question.
"""

from __future__ import annotations

from typing import Any

from protocol import messages, record
from sync_server.core import actions, ledger
from sync_server.core.actions import Load, Made, Reserved
from sync_server.core.chain import Writer
from sync_server.store.accounts import Accounts
from sync_server.store.cards import Cards
from sync_server.store.database import Database
from sync_server.store.lists import Lists, UnknownCard

FILTER_BYTES = 1024
_OPEN = (
    "SELECT id, op, amount_fen, terminal, serial, counter, before_fen FROM action"
    " WHERE state = 'open'"
)


class NotOpen(LookupError):
    """There is no such action, or it is done, withdrawn or perhaps being carried out."""


class Actions:
    """`loads`: those that are granted and not done, by the record that is to do them."""

    def __init__(self, db: Database, accounts: Accounts, cards: Cards, lists: Lists):
        self._db = db
        self._accounts = accounts
        self._cards = cards
        self._lists = lists
        self.loads: dict[Writer, Load] = {}
        self.waiting_version = 0
        self._waiting: set[int] = set()
        self._newest = 0  # action that the filter knows of
        db.reminds(self)

    def order_loads(
        self, wishes: list[tuple[int, int]], by: str, utc_s: int, is_there: bool = False
    ) -> list[int]:
        """(card, fen) was paid in for each, to be loaded at its next tap; is_there: it is in the
        card's account already. -> numbers of the actions. UnknownCard, and then nothing is
        ordered."""
        with self._db.transaction() as connection:
            made = []
            for card, fen in wishes:
                if card not in self._cards.issued:
                    raise UnknownCard(f"card {card} was never issued")
                row = connection.execute(
                    "INSERT INTO action (card, op, amount_fen, ordered_by, ordered_utc_s)"
                    " VALUES (?, ?, ?, ?, ?) RETURNING id",
                    (card, messages.LOAD, fen, by, utc_s),
                ).fetchone()
                made.append(row[0])
            if not is_there:
                self._accounts.book([ledger.order(card, fen) for card, fen in wishes], utc_s)
            self.remember()
        return made

    def withdraw_load(self, number: int, utc_s: int) -> None:
        """The money goes back. NotOpen, and then it stays."""
        with self._db.transaction() as connection:
            row = connection.execute(
                "SELECT card, amount_fen, counter FROM action WHERE id = ? AND state = 'open'",
                (number,),
            ).fetchone()
            if row is None:
                raise NotOpen(f"action {number} is not open: it was carried out or withdrawn")
            if row[2] is not None:
                raise NotOpen(f"action {number} may be on the card already: its next tap tells")
            connection.execute(
                "UPDATE action SET state = 'withdrawn', ended_utc_s = ? WHERE id = ?",
                (utc_s, number),
            )
            self._accounts.book([ledger.back(ledger.order(row[0], row[1]))], utc_s)
            self.remember()

    def of(self, card: int) -> list[dict[str, Any]]:
        """All that was ever ordered for a card, newest first."""
        return self._db.rows("SELECT * FROM action WHERE card = ? ORDER BY id DESC", card)

    def waiting(self) -> tuple[int, bytes]:
        """(version, filter) for the terminals: 0 or a power of two bytes, bit n mod 8L for card
        n."""
        cards = self._waiting
        if not cards:
            return self.waiting_version, b""
        size = 16
        while size < FILTER_BYTES and 2 * size < len(cards):
            size *= 2
        bits = bytearray(size)
        for card in cards:
            at = card % (8 * size)
            bits[at >> 3] |= 1 << (at & 7)
        return self.waiting_version, bytes(bits)

    def ask(self, terminal: int, asked: Any, utc_s: int) -> tuple[int, int, int]:
        """A terminal has this card (a named tuple of ACTION). -> (action, op, fen) of GRANT."""
        with self._db.transaction() as connection:
            # It has not used this number yet, so what was granted to it was never begun.
            connection.execute(
                "UPDATE action SET terminal = NULL, serial = NULL,"
                " counter = CASE WHEN credential = ? THEN counter END"
                " WHERE state = 'open' AND terminal = ? AND serial >= ?",
                (record.CPU, terminal, asked.serial),
            )
            given = self._given(terminal, asked, utc_s)
            self.remember()
        return given

    def ask_at_desk(self, asked: Any, utc_s: int) -> tuple[int, int, int]:
        """The same of a card that lies at the desk. What the desk writes has no record: the card's
        own word, here or at a terminal, proves it done."""
        with self._db.transaction():
            given = self._given(actions.DESK, asked, utc_s)
            self.remember()
        return given

    def _given(self, terminal: int, asked: Any, utc_s: int) -> tuple[int, int, int]:
        nothing = (0, messages.NOTHING, 0)
        if self._lists.is_listed(asked.card):
            return nothing
        if asked.credential & messages.MARKED:
            return 0, messages.FREE, 0
        for number, op, fen, *reserved in self._open_actions(asked.card):
            if asked.credential & 15 == record.CPU:
                return number, op, fen  # what it may do is settled when its load is signed
            held = _reserved(*reserved)
            told = actions.verdict(fen, held, asked.counter, self._maker_of(asked, held.counter))
            if told == actions.LATER:
                return nothing
            if told == actions.GRANT:
                step = (asked.counter, asked.balance_fen, record.MIFARE)
                serial = number if terminal == actions.DESK else asked.serial
                self._reserve(number, (terminal, serial), step)
                return number, op, fen
            self._done(number, asked.card, fen, held, utc_s)
        return (0, messages.REKEY, 0) if asked.credential & messages.OLD else nothing

    def sign_load(self, terminal: int, asked: Any, utc_s: int) -> bool:
        """A CPU card proved its count to us (a named tuple of SIGN). -> may it be loaded? Then
        this record has the action."""
        with self._db.transaction():
            row = self._db.conn.execute(f"{_OPEN} AND id = ?", (asked.action,)).fetchone()
            if row is None:
                return False
            held = _reserved(*row[3:])
            card = self._db.one("SELECT card FROM action WHERE id = ?", asked.action)
            told = actions.counted(held, asked.count)
            if told == actions.GRANT:
                self._db.conn.execute(
                    "UPDATE action SET terminal = NULL, serial = NULL"
                    " WHERE (terminal, serial) = (?, ?) AND state = 'open'",
                    (terminal, asked.serial),
                )
                step = (asked.count, asked.balance_fen, record.CPU)
                self._reserve(asked.action, (terminal, asked.serial), step)
            elif told == actions.DONE:
                self._done(asked.action, card, row[2], held, utc_s)
            self.remember()
            return told == actions.GRANT

    def card_of_uid(self, uid: bytes) -> int:
        """The card that this chip was issued as last, 0 if it is none or is reported lost."""
        query = "SELECT max(number) FROM card WHERE uid = ?"
        number = self._db.one(query, uid.hex()) or 0
        return 0 if self._lists.is_listed(number) else number

    def load_of(self, action: int) -> tuple[str, int] | None:
        """(UID, fen) of an open load, None if it is not open."""
        return self._db.conn.execute(
            "SELECT c.uid, a.amount_fen FROM action a JOIN card c ON c.number = a.card"
            " WHERE a.id = ? AND a.state = 'open'",
            (action,),
        ).fetchone()

    def _reserve(self, number: int, writer: Writer, step: tuple[int, int, int]) -> None:
        self._db.conn.execute(
            "UPDATE action SET terminal = ?, serial = ?, counter = ?, before_fen = ?,"
            " credential = ? WHERE id = ?",
            (*writer, *step, number),
        )

    def _done(self, number: int, card: int, fen: int, held: Reserved, utc_s: int) -> None:
        self._db.conn.execute(
            "UPDATE action SET state = 'done', ended_utc_s = ? WHERE id = ?", (utc_s, number)
        )
        done = ledger.loaded(card, fen, *(held.writer or (0, 0)))
        self._accounts.book([done], utc_s)

    def _open_actions(self, card: int) -> list[tuple]:
        return self._db.conn.execute(f"{_OPEN} AND card = ? ORDER BY id", (card,)).fetchall()

    def _maker_of(self, asked: Any, counter: int | None) -> Made:
        """The step of a card from `counter`, as records tell it, or the card itself."""
        if counter is not None and asked.counter == counter + 1 and asked.previous_terminal:
            return Made((asked.previous_terminal, asked.previous_serial), asked.balance_fen)
        row = self._db.conn.execute(
            "SELECT terminal, serial, after_fen FROM step WHERE card = ? AND counter = ?",
            (asked.card, counter),
        ).fetchone()
        return Made((row[0], row[1]), row[2]) if row else Made(None, None)

    def remember(self) -> None:
        """Remember whom terminals shall ask for, and what is granted."""
        rows = self._db.conn.execute(
            "SELECT id, card, amount_fen, before_fen, terminal, serial FROM action"
            " WHERE state = 'open' ORDER BY id"
        ).fetchall()
        self._waiting = {row[1] for row in rows}
        self.loads = {
            (row[4], row[5]): Load(row[0], row[1], row[2], row[3], False)
            for row in rows
            if row[4] is not None
        }
        if rows and (not self.waiting_version or rows[-1][0] > self._newest):
            self.waiting_version += 1
            self._newest = rows[-1][0]


def _reserved(
    terminal: int | None, serial: int | None, counter: int | None, before_fen: int | None
) -> Reserved:
    writer = None if terminal is None or serial is None else (terminal, serial)
    return Reserved(writer, counter, before_fen)
