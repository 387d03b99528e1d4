"""Those who leave, and their money, in the database. Rules: core.leavers.

Settling is done in steps of a few people a commit: it can stop anywhere and go on, and each leaver
is settled once, because a row that is settled is never taken again.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from protocol.errors import LocalError
from sync_server.core import cards_life, leavers
from sync_server.core.ledger import Account
from sync_server.store.accounts import Accounts
from sync_server.store.database import Database
from sync_server.store.requests import Requests
from sync_server.store.terminals import Terminals

_LEAVER = (
    "h.id, h.number, h.name, h.department, l.choice, l.donate_fen, l.bank, l.version,"
    " l.donated_fen, l.refund_fen, l.settled_utc_s, l.batch, l.roster"
)
_FROZEN = "l.settled_utc_s IS NULL"


class Leavers:
    """Frozen when their list is applied, settled when their records are in."""

    def __init__(self, db: Database, accounts: Accounts, terminals: Terminals, requests: Requests):
        self._db = db
        self._accounts = accounts
        self._terminals = terminals
        self._requests = requests

    def find(self, settled: bool, limit: int, after: int) -> list[dict[str, Any]]:
        """With the sum of their purses and accounts now."""
        chosen = "l.settled_utc_s IS NOT NULL" if settled else "l.settled_utc_s IS NULL"
        rows = self._db.rows(
            f"SELECT {_LEAVER} FROM leaver l JOIN holder h ON h.id = l.holder WHERE {chosen}"
            " ORDER BY h.number LIMIT ? OFFSET ?",
            *(limit, after),
        )
        marks = ", ".join("?" * len(rows)) or "NULL"
        held = self._balances(f"c.holder IN ({marks})", *[row["id"] for row in rows])
        for row in rows:
            row["balance_fen"] = sum(fen for _, fen in held.get(row["id"], ()))
        return rows

    def totals(self) -> dict[str, int]:
        """frozen, settled people; donated_fen, refund_fen, unlisted_fen (in no batch yet)."""
        row = self._db.conn.execute(
            "SELECT count(*) FILTER (WHERE settled_utc_s IS NULL),"
            " count(*) FILTER (WHERE settled_utc_s IS NOT NULL),"
            " coalesce(sum(donated_fen), 0), coalesce(sum(refund_fen), 0),"
            " coalesce(sum(refund_fen) FILTER (WHERE batch IS NULL), 0),"
            " count(*) FILTER (WHERE batch IS NULL AND refund_fen > 0 AND bank = '') FROM leaver"
        ).fetchone()
        names = ("frozen", "settled", "donated_fen", "refund_fen", "unlisted_fen", "no_bank")
        return dict(zip(names, row, strict=True))

    def waits(self) -> list[int]:
        """Terminals that may still have a record of somebody who is not settled."""
        newest = self._db.one("SELECT max(version) FROM leaver WHERE settled_utc_s IS NULL")
        return [] if newest is None else cards_life.owing(self._terminals.all(), newest)

    def settle(self, most: int, utc_s: int) -> dict[str, int]:
        """Settle some of those whose records are all in. -> settled, waiting, owing; left: settled
        was `most`, and there may be more."""
        with self._db.transaction() as connection:
            rows = connection.execute(
                "SELECT holder, choice, donate_fen, version FROM leaver"
                " WHERE settled_utc_s IS NULL ORDER BY version, holder"
            ).fetchall()
            told = {"settled": 0, "waiting": 0, "owing": 0, "left": 0}
            clear: dict[int, bool] = {}
            terminals, held, unfinished = (
                self._terminals.all(),
                self._balances(_FROZEN),
                self._open(),
            )
            splits: dict[int, leavers.Split] = {}
            for holder, choice, donate_fen, version in rows:
                if len(splits) == most:
                    told["left"] = 1
                    break
                if version not in clear:
                    clear[version] = not cards_life.owing(terminals, version)
                balances = held.get(holder, [])
                if not clear[version] or holder in unfinished:
                    told["waiting"] += 1
                elif sum(fen for _, fen in balances) < 0:
                    told["owing"] += 1
                else:
                    splits[holder] = leavers.split(balances, choice, donate_fen)
            self._close(splits, utc_s)
            return told | {"settled": len(splits)}

    def _close(self, splits: dict[int, leavers.Split], utc_s: int) -> None:
        """Their money goes where it was split to; by holder."""
        moved = [transfer for split in splits.values() for transfer in split.transfers]
        self._accounts.book(moved, utc_s)
        self._db.conn.executemany(
            "UPDATE leaver SET donated_fen = ?, refund_fen = ?, settled_utc_s = ? WHERE holder = ?",
            [(one.donated_fen, one.refund_fen, utc_s, holder) for holder, one in splits.items()],
        )
        self._db.conn.executemany(
            "UPDATE holder SET closed_utc_s = ? WHERE id = ?",
            [(utc_s, holder) for holder in splits],
        )

    def _open(self) -> set[int]:
        """The frozen of whom a record is grey, or money is on its way to a card."""
        whose = f"SELECT c.holder FROM leaver l JOIN card c ON c.holder = l.holder AND {_FROZEN}"
        rows = self._db.conn.execute(
            f"{whose} JOIN record r ON r.card = c.number AND r.outcome = 255"
            f" UNION {whose} JOIN action a ON a.card = c.number AND a.state = 'open'"
        )
        return {row[0] for row in rows}

    def _balances(self, chosen: str, *values) -> dict[int, list[tuple[Account, int]]]:
        """Holder -> what their purses and accounts hold, if that is anything."""
        rows = self._db.conn.execute(
            "SELECT c.holder, a.type, a.key, a.balance_fen FROM leaver l"
            " JOIN card c ON c.holder = l.holder JOIN account a"
            " ON a.type IN ('purse', 'account') AND a.key = CAST(c.number AS TEXT)"
            f" WHERE a.balance_fen != 0 AND {chosen} ORDER BY a.type, c.number",
            values,
        )
        held: defaultdict[int, list[tuple[Account, int]]] = defaultdict(list)
        for holder, kind, key, fen in rows:
            held[holder].append(((kind, key), fen))
        return held

    # refunds by the bank

    def make_refund(self, by: str, utc_s: int) -> int:
        """A batch of all refunds that are in none and have a bank account; a second person must
        grant it. -> its number. LocalError if there is nothing."""
        with self._db.transaction() as connection:
            people, total = connection.execute(
                "SELECT count(*), coalesce(sum(refund_fen), 0) FROM leaver"
                " WHERE batch IS NULL AND refund_fen > 0 AND bank != ''"
            ).fetchone()
            if not people:
                raise LocalError("nobody waits for a refund by the bank")
            number = connection.execute(
                "INSERT INTO refund (people, amount_fen, made_by, made_utc_s) VALUES (?, ?, ?, ?)"
                " RETURNING id",
                (people, total, by, utc_s),
            ).fetchone()[0]
            connection.execute(
                "UPDATE leaver SET batch = ? WHERE batch IS NULL AND refund_fen > 0 AND bank != ''",
                (number,),
            )
            told = {"people": people, "amount_fen": total}
            self._requests.ask("refund", number, told, by, utc_s)
            return number

    def refund_granted(self, number: int, granted: bool, by: str, utc_s: int) -> None:
        """The deed `refund`: the money leaves; or all of it waits for another batch."""
        connection = self._db.conn
        if not granted:
            connection.execute("UPDATE leaver SET batch = NULL WHERE batch = ?", (number,))
            connection.execute("UPDATE refund SET refused = 1 WHERE id = ?", (number,))
            return
        connection.execute(
            "UPDATE refund SET granted_by = ?, granted_utc_s = ? WHERE id = ?",
            (by, utc_s, number),
        )
        rows = connection.execute("SELECT refund_fen FROM leaver WHERE batch = ?", (number,))
        self._accounts.book([leavers.paid(row[0]) for row in rows], utc_s)

    def refunds(self) -> list[dict[str, Any]]:
        """Batches, newest first."""
        return self._db.rows("SELECT * FROM refund ORDER BY id DESC LIMIT 50")

    def refund_rows(self, number: int) -> list[dict[str, Any]] | None:
        """Who gets what, by number; None if the batch was not granted."""
        granted = self._db.one("SELECT granted_utc_s FROM refund WHERE id = ?", number)
        if granted is None:
            return None
        return self._db.rows(
            "SELECT h.number, h.name, l.bank, l.refund_fen FROM leaver l"
            " JOIN holder h ON h.id = l.holder WHERE l.batch = ? ORDER BY h.number",
            number,
        )
