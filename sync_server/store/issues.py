"""Cards that the desk hands out, replaces and takes back. In the database (docs/desk.md).

Asked twice for one chip, the same card is meant: an answer that was lost costs nothing. Money is
booked when the card gets its number, for from then on it may be complete; given up, it goes back.
"""

from __future__ import annotations

from typing import Any

from protocol import messages
from sync_server.core import cards_life, ledger
from sync_server.core.ledger import Account, Transfer
from sync_server.store.accounts import Accounts
from sync_server.store.actions import Actions
from sync_server.store.cards import Cards
from sync_server.store.database import Database
from sync_server.store.lists import Lists, UnknownCard
from sync_server.store.records import Records
from sync_server.store.terminals import Terminals

OPEN, ISSUED, VOID, RETURNED, REPLACED = "open", "issued", "void", "returned", "replaced"
# The first counter that no card of this chip has had: an old purse block stays genuine for ever.
_UNUSED = (
    "SELECT 1 + coalesce(max(x.counter), -1) FROM (SELECT c.counter FROM closed c"
    " JOIN card k ON k.number = c.card WHERE k.uid = ? UNION ALL SELECT s.counter + 1 FROM step s"
    " JOIN card k ON k.number = s.card WHERE k.uid = ?) x"
)
# Cards that a card's holder has had before, phones and what was given up apart.
_HAD = (
    "SELECT count(*) FROM card n JOIN card c ON c.holder = n.holder AND c.number < n.number"
    " LEFT JOIN closed x ON x.card = c.number WHERE n.number = ? AND c.uid != '00000000'"
    " AND coalesce(x.why, '') != 'void'"
)
_WISHED = ("holder_kind", "name", "valid_until", "zones", "balance_fen")


class NotSo(LookupError):
    """The chip or card is not in a state for that; one line says in which."""


class Issues:
    """What the desk did with each card, and what became of a dead one."""

    def __init__(
        self,
        db: Database,
        accounts: Accounts,
        cards: Cards,
        lists: Lists,
        terminals: Terminals,
        actions: Actions,
        records: Records,
    ):
        self._db = db
        self._accounts = accounts
        self._cards = cards
        self._lists = lists
        self._terminals = terminals
        self._actions = actions
        self._records = records

    def begin(
        self, wish: dict[str, Any], credential: int, replaces: int | None, by: str, utc_s: int
    ) -> dict[str, Any]:
        """A number for a chip, or the one that it has got already. -> the issue. NotSo."""
        with self._db.transaction() as connection:
            living = self.living(wish["uid"])
            if living is not None:
                return self._begun(living, wish, credential, replaces)
            if replaces is not None:
                self._replaced(replaces, by, utc_s)
            (number,) = self._cards.issue([wish], utc_s)
            is_first = replaces is None and not self._db.one(_HAD, number)
            fee_fen = cards_life.fee_fen(wish["holder_kind"], is_first)
            if fee_fen:
                self._accounts.book([ledger.fee(fee_fen)], utc_s)
            counter = self._db.one(_UNUSED, wish["uid"], wish["uid"])
            connection.execute(
                "INSERT INTO issue (card, uid, credential, counter, fee_fen, replaces, made_by,"
                " made_utc_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (number, wish["uid"], credential, counter, fee_fen, replaces, by, utc_s),
            )
            if replaces is not None:
                connection.execute("UPDATE closed SET heir = ? WHERE card = ?", (number, replaces))
                connection.execute(  # it is the same person's
                    "UPDATE card SET holder = (SELECT o.holder FROM card o WHERE o.number = ?)"
                    " WHERE number = ? AND holder IS NULL",
                    (replaces, number),
                )
            return self._issue(number)

    def end(self, card: int, utc_s: int) -> dict[str, Any]:
        """It was read back right. -> the issue. UnknownCard, NotSo."""
        with self._db.transaction() as connection:
            found = self._issue(card)
            if found["state"] == OPEN:
                connection.execute(
                    "UPDATE issue SET state = ?, issued_utc_s = ? WHERE card = ?",
                    (ISSUED, utc_s, card),
                )
            elif found["state"] != ISSUED:
                raise NotSo(f"card {card} is {found['state']}")
            return self._issue(card)

    def void(self, card: int, by: str, utc_s: int) -> dict[str, Any]:
        """It will not be finished: the number is dead, the money goes back. -> the issue.
        UnknownCard, NotSo."""
        with self._db.transaction() as connection:
            found = self._issue(card)
            if found["state"] == VOID:
                return found
            if found["state"] != OPEN:
                raise NotSo(f"card {card} is {found['state']}")
            row = self._row(card)
            paid = (ledger.fee(found["fee_fen"]), ledger.paid_in(card, row["balance_fen"]))
            self._accounts.book([ledger.back(made) for made in paid if made.amount_fen], utc_s)
            connection.execute("UPDATE issue SET state = ? WHERE card = ?", (VOID, card))
            connection.execute(
                "UPDATE closed SET heir = NULL WHERE card = ? AND heir = ?",
                (found["replaces"], card),
            )
            self._close(card, VOID, by, utc_s)
            connection.execute(
                "UPDATE closed SET settled_utc_s = ?, counter = ? WHERE card = ?",
                (utc_s, found["counter"], card),
            )
            return self._issue(card)

    def take_back(self, card: int, fen: int, counter: int, by: str, utc_s: int) -> int:
        """The card is here and holds `fen`: with what waits for it that is paid out, or moved to
        the card that replaced it. -> fen to pay out, the same when asked again. UnknownCard."""
        with self._db.transaction() as connection:
            self._row(card)
            closing = self.closing(card)
            if self._is_settled(card):
                raise NotSo(f"the balance of card {card} was settled when its holder left")
            if closing is None:
                self._close(card, RETURNED, by, utc_s)
                paid_fen = fen + self._unload(card, utc_s)
                if fen:
                    self._accounts.book([ledger.back(ledger.paid_in(card, fen))], utc_s)
            elif closing["settled_utc_s"] is not None:
                return closing["paid_fen"]
            elif self._is_issued(closing["heir"]):
                paid_fen = 0
                self._move(card, closing["heir"], fen, by, utc_s)
            else:
                raise NotSo(f"card {card} is being replaced: finish the new card first")
            connection.execute(
                "UPDATE closed SET settled_utc_s = ?, counter = ?, paid_fen = ? WHERE card = ?",
                (utc_s, counter, paid_fen, card),
            )
            connection.execute(
                "UPDATE issue SET state = ? WHERE card = ? AND state = ?", (RETURNED, card, ISSUED)
            )
            return paid_fen

    def settle(self, by: str, utc_s: int) -> list[dict[str, Any]]:
        """Balances of replaced cards, all whose records are in, are loads for their heirs. -> card,
        heir, amount_fen, owing (numbers of terminals) of those that were not settled before."""
        unsettled = self._db.rows(
            "SELECT c.card, c.heir FROM closed c JOIN issue i ON i.card = c.heir"
            " WHERE c.settled_utc_s IS NULL AND i.state = 'issued' ORDER BY c.card"
        )
        if not unsettled:
            return []
        with self._db.transaction() as connection:
            terminals = self._terminals.all()
            for row in unsettled:
                card, heir = row["card"], row["heir"]
                is_listed, version, _ = self._lists.loss_state(card)
                owing = cards_life.owing(terminals, version)
                is_in = is_listed and not owing and not self._records.greys.get(card)
                row |= {"amount_fen": self.held_fen(card), "owing": owing, "settled": is_in}
                if is_in:
                    self._move(card, heir, row["amount_fen"], by, utc_s)
                    connection.execute(
                        "UPDATE closed SET settled_utc_s = ? WHERE card = ?", (utc_s, card)
                    )
        return unsettled

    def living(self, uid: str) -> int | None:
        """The card that this chip is, None if it is none or a dead one."""
        return self._db.one(
            "SELECT max(number) FROM card WHERE uid = ?"
            " AND number NOT IN (SELECT card FROM closed)",
            uid,
        )

    def closing(self, card: int) -> dict[str, Any] | None:
        """The row of a dead card."""
        rows = self._db.rows("SELECT * FROM closed WHERE card = ?", card)
        return rows[0] if rows else None

    def get(self, card: int) -> dict[str, Any] | None:
        """The issue of a card, None if it was not handed out by a desk."""
        rows = self._db.rows("SELECT * FROM issue WHERE card = ?", card)
        return rows[0] if rows else None

    def _issue(self, card: int) -> dict[str, Any]:
        found = self.get(card)
        if found is None:
            raise UnknownCard(f"card {card} was never issued at a desk")
        return found

    def _is_issued(self, card: int | None) -> bool:
        found = self.get(card) if card is not None else None
        return found is not None and found["state"] == ISSUED

    def _is_settled(self, card: int) -> bool:
        """Was the account of its holder closed (leavers)?"""
        query = "SELECT 1 FROM card c JOIN holder h ON h.id = c.holder WHERE c.number = ?"
        return self._db.one(f"{query} AND h.closed_utc_s IS NOT NULL", card) is not None

    def _row(self, card: int) -> dict[str, Any]:
        row = self._cards.get(card)
        if row is None:
            raise UnknownCard(f"card {card} was never issued")
        return row

    def _begun(
        self, card: int, wish: dict[str, Any], credential: int, replaces: int | None
    ) -> dict[str, Any]:
        found, row = self.get(card), self._row(card)
        if found is None or found["state"] != OPEN:
            raise NotSo(f"this chip is card {card} already")
        asked = [wish[name] for name in _WISHED], credential, replaces
        if asked != ([row[name] for name in _WISHED], found["credential"], found["replaces"]):
            raise NotSo(f"this chip was begun as card {card}: finish that, or give it up")
        return found

    def _replaced(self, card: int, by: str, utc_s: int) -> None:
        """Dead from now on; a replacement that was given up may be begun anew."""
        row, closing = self._row(card), self.closing(card)
        if closing is None:
            self._close(row["number"], REPLACED, by, utc_s)
        elif closing["why"] != REPLACED or closing["heir"] is not None:
            raise NotSo(f"card {card} is {closing['why']} already")

    def _close(self, card: int, why: str, by: str, utc_s: int) -> None:
        self._db.conn.execute(
            "INSERT INTO closed (card, why, by, utc_s) VALUES (?, ?, ?, ?)", (card, why, by, utc_s)
        )
        self._lists.loss_report(card, by, utc_s)

    def newest_of(self, uid: str) -> int | None:
        """The card that this chip was made last, living or dead; None: never any."""
        return self._db.one("SELECT max(number) FROM card WHERE uid = ?", uid)

    def highest_counter(self, card: int) -> int:
        """Of its purse on MIFARE, as far as records have come."""
        begun = self._db.one("SELECT counter FROM issue WHERE card = ?", card) or 0
        stepped = self._db.one("SELECT max(counter) + 1 FROM step WHERE card = ?", card) or 0
        return max(begun, stepped)

    def held_fen(self, card: int) -> int:
        """Its purse in the ledger."""
        query = "SELECT balance_fen FROM account WHERE (type, key) = (?, ?)"
        return self._db.one(query, *ledger.purse(card)) or 0

    def _move(self, card: int, heir: int, fen: int, by: str, utc_s: int) -> None:
        """What the old card held waits for the new one, loads that never met it as well, less what
        the old one owed. None of it leaves the college: the bank sees nothing."""
        new = ledger.account(heir)
        fen_waiting = self._unload(card, utc_s, new)
        moved = [Transfer(ledger.purse(card), new, fen, 0, 0)] if fen > 0 else []
        if fen < 0 and fen_waiting:
            moved = [Transfer(new, ledger.purse(card), min(-fen, fen_waiting), 0, 0)]
        self._accounts.book(moved, utc_s)
        if fen + fen_waiting > 0:
            self._actions.order_loads([(heir, fen + fen_waiting)], by, utc_s, is_there=True)

    def _unload(self, card: int, utc_s: int, taker: Account | None = None) -> int:
        """Loads that nobody can still be carrying out are taken back. -> their fen, which `taker`
        has now: the bank, if nobody is named."""
        rows = self._db.conn.execute(
            "UPDATE action SET state = 'withdrawn', ended_utc_s = ? WHERE state = 'open'"
            " AND card = ? AND op = ? AND terminal IS NULL AND counter IS NULL"
            " RETURNING amount_fen",
            (utc_s, card, messages.LOAD),
        ).fetchall()
        taker = taker or ledger.bank()
        back = [Transfer(ledger.account(card), taker, fen, 0, 0) for (fen,) in rows]
        self._accounts.book(back, utc_s)
        return sum(fen for (fen,) in rows)
