"""Records that are lost: declared so, rebuilt from the cards, named. In the database.

The rules are core.rebuild's. Once a terminal is replaced each later tap of its cards rebuilds what
it names (core.ingest); what had been named before is rebuilt here, when it is declared.
"""

from __future__ import annotations

import json
from typing import Any

from sync_server.core import ingest
from sync_server.core.known import Known, Result
from sync_server.core.rebuild import Knots, Named, Span
from sync_server.store.accounts import Accounts
from sync_server.store.cards import Cards
from sync_server.store.database import Database
from sync_server.store.places import Places

# No journal holds so many records (firmware.core.layout: a flash of 4 MB has 16,384).
BEYOND = 1 << 16
_SPAN = "card, first, last, exact, fen, terminal, serial, told, told_fen"
_MISSED = (
    "SELECT card, counter, terminal, serial, before_fen, after_fen FROM step s"
    " WHERE terminal = ? AND serial BETWEEN ? AND ? AND NOT EXISTS"
    " (SELECT 1 FROM record r WHERE r.terminal = s.terminal AND r.serial = s.serial)"
    " ORDER BY card, counter"
)
_HOLES = (
    "SELECT before + 1, serial - 1 FROM (SELECT serial, lag(serial, 1, 0) OVER (ORDER BY serial)"
    " AS before FROM record WHERE terminal = ?) r WHERE serial > before + 1"
)
# The record of the card's step before a span, and of the step after it: its time is between.
_TIMED = (
    "SELECT x.*, (SELECT r.utc_s FROM step s JOIN record r USING (terminal, serial)"
    " WHERE s.card = x.card AND s.counter < x.first ORDER BY s.counter DESC LIMIT 1) AS from_utc_s,"
    " (SELECT r.utc_s FROM step s JOIN record r USING (terminal, serial)"
    " WHERE s.card = x.card AND s.counter > x.last ORDER BY s.counter LIMIT 1) AS to_utc_s,"
    " EXISTS (SELECT 1 FROM record r WHERE r.terminal = x.terminal AND r.serial = x.serial)"
    " AS came FROM rebuilt x WHERE x.terminal = ? ORDER BY x.serial, x.card"
)


class Lost:
    """`spans`: of each card, what was rebuilt of steps that no record has told."""

    def __init__(self, db: Database, accounts: Accounts, cards: Cards, places: Places):
        self._db = db
        self._accounts = accounts
        self._cards = cards
        self._places = places
        self.spans: dict[int, list[Span]] = {}
        db.reminds(self)

    def replace(self, number: int, utc_s: int) -> tuple[int, int]:
        """The terminal's flash is gone: a new key generation, its epochs begin anew, and what it
        has not sent is lost. -> (first, last) number that is lost. LookupError."""
        with self._db.transaction() as connection:
            row = connection.execute(
                "SELECT report FROM terminal WHERE number = ?", (number,)
            ).fetchone()
            if row is None:
                raise LookupError(f"there is no terminal {number}")
            report = json.loads(row[0]) if row[0] else {}
            used = self._places.of(number).used
            named = self._db.one("SELECT max(serial) FROM step WHERE terminal = ?", number) or 0
            told = max(report.get("acked_to", 0), report.get("serial_next", 1) - 1)
            last = min(max(used, named, told) + BEYOND, 0xFFFFFFFE)
            connection.execute(
                "UPDATE terminal SET generation = generation + 1, epoch = 0, report = NULL,"
                " own_key = NULL, key_version = 0"
                " WHERE number = ?",
                (number,),
            )
            whole = [(first, end, end) for first, end in self._holes(number)]
            self._give_up(number, [*whole, (used + 1, last, max(used, told))], utc_s)
        return used + 1, last

    def give_up(self, number: int, utc_s: int) -> None:
        """Numbers below the highest that did not come will not: after a backup was restored."""
        with self._db.transaction():
            whole = [(first, end, end) for first, end in self._holes(number)]
            self._give_up(number, whole, utc_s)

    def of(self, number: int) -> dict[str, list[dict[str, Any]]]:
        """declared: ranges of numbers; rebuilt: records, `came` if the real one is here; missing:
        ranges of numbers up to the highest that anybody named; spans: what unnamed steps took, and
        what of it was told since."""
        rows = self._db.rows(_TIMED, number)
        exact = {row["serial"] for row in rows if row["exact"]}
        missing = []
        for first, last in self._unknown(number):
            for serial in sorted(serial for serial in exact if first <= serial <= last):
                missing += [{"first": first, "last": serial - 1}] * (serial > first)
                first = serial + 1
            missing += [{"first": first, "last": last}] * (last >= first)
        return {
            "declared": self._db.rows(
                "SELECT first, last, declared_utc_s FROM lost WHERE terminal = ? ORDER BY first",
                number,
            ),
            "rebuilt": [_record(row) for row in rows if row["exact"]],
            "missing": missing,
            "spans": [_span(row) for row in rows if not row["exact"]],
        }

    def _unknown(self, number: int) -> list[tuple[int, int]]:
        """Numbers without a record: below the highest, and above it as far as they are named; but
        of a flash that is gone, none above what it is known to have used."""
        connection = self._db.conn
        named = "SELECT max(serial) FROM step WHERE terminal = ? AND serial BETWEEN ? AND ?"
        top = self._db.one("SELECT max(serial) FROM record WHERE terminal = ?", number) or 0
        highest = self._db.one(named, number, top, 0xFFFFFFFF) or 0
        ranges = [*connection.execute(_HOLES, (number,)), (top + 1, highest)]
        never = []  # used: of flashes that are gone
        begun = []  # what such a flash used above all that came
        for first, last, used_to in connection.execute(
            "SELECT first, last, used_to FROM lost WHERE terminal = ?", (number,)
        ).fetchall():
            used = max(used_to, self._db.one(named, number, first, last) or 0)
            never.append((used + 1, last))
            if last > top:
                begun.append((max(first, highest + 1), used))
        begun = [(first, last) for first, last in begun if first <= last]
        return sorted(_without(ranges, never) + begun)

    def _holes(self, number: int) -> list[tuple[int, int]]:
        """Below the highest record, and not declared yet."""
        known = self._places.of(number).lost
        found = self._db.conn.execute(_HOLES, (number,)).fetchall()
        return [
            (first, last)
            for first, last in found
            if not any(start <= last and first <= end for start, end in known)
        ]

    def _give_up(self, number: int, ranges: list[tuple[int, int, int]], utc_s: int) -> None:
        """ranges: first, last, and the highest that was certainly used."""
        connection = self._db.conn
        connection.executemany(
            "INSERT INTO lost (terminal, first, last, used_to, declared_utc_s)"
            " VALUES (?, ?, ?, ?, ?)",
            [(number, *row, utc_s) for row in ranges],
        )
        place = self._places.of(number)
        place.lost += tuple((first, last) for first, last, _ in ranges)
        known = Known(places=self._places.known, cards=self._cards.issued, spans=self.spans)
        result = Result()
        for first, last, _ in ranges:
            for row in connection.execute(_MISSED, (number, first, last)).fetchall():
                named = Named(*row)
                known.knots[named.card] = self.knots(named.card, named.counter)
                ingest.find(named, known, result)
        self.write_spans(result, utc_s)
        self._accounts.book(result.transfers, utc_s)

    def knots(self, card: int, counter: int) -> Knots:
        """The balance before this step, or the last one that is known of."""
        row = self._db.conn.execute(
            "SELECT counter + 1, after_fen FROM step WHERE card = ? AND counter < ?"
            " ORDER BY counter DESC LIMIT 1",
            (card, counter),
        ).fetchone()
        if row is not None:
            return {row[0]: row[1]}
        return {0: self._db.one("SELECT balance_fen FROM card WHERE number = ?", card)}

    def remember(self) -> None:
        """All that was rebuilt."""
        self.spans.clear()
        for row in self._db.conn.execute(f"SELECT {_SPAN} FROM rebuilt"):
            span = Span(*row)
            self.spans.setdefault(span.card, []).append(span)

    def write_spans(self, result: Result, utc_s: int) -> None:
        """Keep what was rebuilt, and what was told; inside the caller's transaction."""
        connection = self._db.conn
        connection.executemany(
            f"INSERT INTO rebuilt ({_SPAN}, rebuilt_utc_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (s.card, s.first, s.last, s.exact, s.fen, s.terminal, s.serial, s.told, s.told_fen,
                 utc_s)
                for s in result.rebuilt
            ],
        )  # fmt: skip
        connection.executemany(
            "UPDATE rebuilt SET told = ?, told_fen = ? WHERE card = ? AND first = ? AND exact = ?",
            [(s.told, s.told_fen, s.card, s.first, s.exact) for s in result.told],
        )


def _without(ranges: list[tuple[int, int]], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of ranges (first, last) that do not overlap, without those that are taken."""
    left = []
    away = sorted(one for one in taken if one[0] <= one[1])
    at = 0
    for start, end in sorted(ranges):
        first = start
        while at < len(away) and away[at][1] < first:  # ends with what is taken before this range
            at += 1
        while at < len(away) and away[at][0] <= end:
            left.append((first, away[at][0] - 1))
            first = max(first, away[at][1] + 1)
            if away[at][1] > end:
                break  # it takes from the next range too
            at += 1
        left.append((first, end))
    return [(first, last) for first, last in left if first <= last]


def _times(row: dict[str, Any]) -> dict[str, Any]:
    to_utc_s = row["to_utc_s"]
    return {
        "from_utc_s": row["from_utc_s"],
        "to_utc_s": row["rebuilt_utc_s"] if to_utc_s is None else to_utc_s,
    }


def _record(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "serial": row["serial"],
        "card": row["card"],
        "counter": row["first"],
        "amount_fen": row["fen"],
        "came": bool(row["came"]),
    } | _times(row)


def _span(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "card": row["card"],
        "first_counter": row["first"],
        "last_counter": row["last"],
        "total_fen": row["fen"],
        "found_by": row["serial"],
        "told": row["told"],
        "told_fen": row["told_fen"],
    } | _times(row)
