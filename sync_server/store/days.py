"""Closed days in the database: what moved on each, what was open then. Rules: core.days.

Reading a day, a month or a year sums lines of closed days, some hundred a day, and counts transfers
only above the last close. A day is found among transfers by halving: they are booked in order.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from protocol import reasons
from protocol.errors import LocalError
from sync_server.core import days, validity
from sync_server.core.days import Close, Line
from sync_server.core.ledger import Account
from sync_server.store.audit import Audit
from sync_server.store.database import Database

_KEY = "CASE WHEN {0}.type IN ('purse', 'account') THEN '' ELSE {0}.key END"
_DAY = f"({{0}} + {days.OFFSET_S - days.DAY_0_UTC_S}) / 86400"
# a record whose clock was never set is of the day it came in
_FLOWS = (
    f"SELECT {_DAY.format('x.booked_utc_s')}, x.terminal, g.type, {_KEY.format('g')}, k.type,"
    f" {_KEY.format('k')}, CASE WHEN r.utc_s > 1577836800 THEN {_DAY.format('r.utc_s')}"
    f" ELSE {_DAY.format('x.booked_utc_s')} END, count(*), sum(x.amount_fen)"
    " FROM transfer x JOIN account g ON g.id = x.giver JOIN account k ON k.id = x.taker"
    " LEFT JOIN record r ON r.terminal = x.terminal AND r.serial = x.serial"
    " WHERE x.id > ? AND x.id <= ? GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7"
)
_LINE = "terminal, giver_type, giver_key, taker_type, taker_key, of_day, count, amount_fen"
_HOLES = (
    "SELECT before + 1, serial - 1 FROM (SELECT serial, coalesce(lag(serial)"
    " OVER (ORDER BY serial), ?) AS before FROM record WHERE terminal = ? AND serial > ?) x"
    " WHERE serial > before + 1"
)
LAST = (1 << 62) - 1  # above every transfer


class Days:
    """Links are made with the key of the log."""

    def __init__(self, db: Database, audit: Audit):
        self._db = db
        self._audit = audit

    # looks

    def last(self) -> tuple[int, int, bytes] | None:
        """(day, its last transfer, its link) of the last one that is closed."""
        row = self._db.conn.execute(
            "SELECT day, last_transfer, link FROM day_close ORDER BY day DESC LIMIT 1"
        ).fetchone()
        return (row[0], row[1], bytes(row[2])) if row else None

    def next(self) -> int | None:
        """The day that is closed next, None before anything was booked."""
        last = self.last()
        if last is not None:
            return last[0] + 1
        first = self._db.one("SELECT booked_utc_s FROM transfer ORDER BY id LIMIT 1")
        return None if first is None else validity.today(first)

    def all(self, limit: int) -> list[dict[str, Any]]:
        """Closed days, newest first: with count, amount_fen, late_fen, and how many were open."""
        rows = self._db.rows(
            "SELECT c.day, c.closed_by, c.closed_utc_s, c.open, c.link,"
            " coalesce(sum(l.count), 0) AS count, coalesce(sum(l.amount_fen), 0) AS amount_fen,"
            " coalesce(sum(CASE WHEN l.of_day <> c.day THEN l.amount_fen ELSE 0 END), 0)"
            " AS late_fen FROM (SELECT day, closed_by, closed_utc_s, open, link FROM day_close"
            " ORDER BY day DESC LIMIT ?) c LEFT JOIN day_line l ON l.day = c.day"
            " GROUP BY c.day, c.closed_by, c.closed_utc_s, c.open, c.link ORDER BY c.day DESC",
            limit,
        )
        for row in rows:
            opened = json.loads(row.pop("open"))
            row["open"] = {name: len(opened[name]) for name in ("greys", "missing", "silent")}
            row["link"] = bytes(row["link"]).hex()
        return rows

    def get(self, day: int) -> dict[str, Any] | None:
        """One close: its columns, `open` read."""
        rows = self._db.rows("SELECT * FROM day_close WHERE day = ?", day)
        if not rows:
            return None
        return rows[0] | {"open": json.loads(rows[0]["open"]), "link": bytes(rows[0]["link"])}

    def lines(self, first: int, last: int) -> list[Line]:
        """Of closed days from `first` to `last`, all terminals as one (0) if there are several
        days; of one day as they are."""
        if first == last:
            rows = self._db.conn.execute(
                f"SELECT {_LINE} FROM day_line WHERE day = ? ORDER BY {_LINE}", (first,)
            )
        else:
            rows = self._db.conn.execute(
                "SELECT 0, giver_type, giver_key, taker_type, taker_key, 0, sum(count),"
                " sum(amount_fen) FROM day_line WHERE day BETWEEN ? AND ?"
                " GROUP BY 2, 3, 4, 5 ORDER BY 2, 3, 4, 5",
                (first, last),
            )
        return [_line(row) for row in rows.fetchall()]

    def of_merchant(self, merchant: str, first: int, last: int) -> list[Line]:
        """Lines of closed days in and out of a merchant's account."""
        rows = self._db.conn.execute(
            "SELECT 0, giver_type, giver_key, taker_type, taker_key, 0, sum(count),"
            " sum(amount_fen) FROM day_line WHERE day BETWEEN ? AND ?"
            " AND ((giver_type = 'merchant' AND giver_key = ?)"
            " OR (taker_type = 'merchant' AND taker_key = ?)) GROUP BY 2, 3, 4, 5",
            (first, last, merchant, merchant),
        )
        return [_line(row) for row in rows.fetchall()]

    def live(self) -> list[tuple[int, Line]]:
        """(day, line) of what was booked since the last close."""
        last = self.last()
        return self._flows(last[1] if last else 0, LAST)

    def since(self, day: int) -> list[Line]:
        """What was booked from this day on, closed or not."""
        return [line for _, line in self._flows(self.span(day, day)[0], LAST)]

    def late(self, day: int) -> list[tuple[int, Line]]:
        """(day it came in, line) of what belongs to this day and came after it."""
        rows = self._db.conn.execute(
            f"SELECT day, {_LINE} FROM day_line WHERE of_day = ? AND day <> of_day"
            f" ORDER BY day, {_LINE}",
            (day,),
        ).fetchall()
        live = [(came, line) for came, line in self.live() if line.of_day == day != came]
        return [(row[0], _line(row[1:])) for row in rows] + live

    def _flows(self, after: int, last: int) -> list[tuple[int, Line]]:
        rows = self._db.conn.execute(_FLOWS, (after, last)).fetchall()
        return [(row[0], _line(row[1:])) for row in rows]

    def last_before(self, utc_s: int) -> int:
        """The last transfer that was booked before an instant, 0 if there is none."""
        low, high = 0, self._db.one("SELECT max(id) FROM transfer") or 0
        query = "SELECT booked_utc_s FROM transfer WHERE id >= ? ORDER BY id LIMIT 1"
        while low < high:
            middle = (low + high + 1) // 2
            if self._db.one(query, middle) < utc_s:
                low = middle
            else:
                high = middle - 1
        return low

    def span(self, first: int, last: int) -> tuple[int, int]:
        """(after, last) among transfers of the days from `first` to `last`."""
        before = self.get(first - 1)
        end = self.get(last)
        return (
            before["last_transfer"] if before else self.last_before(days.begins_utc_s(first)),
            end["last_transfer"] if end else self.last_before(days.begins_utc_s(last + 1)),
        )

    # what is open

    def open_now(self, of_day: int, heard: dict[int, int]) -> dict[str, Any]:
        """greys [terminal, serial, utc_s, amount_fen] up to a day, missing [terminal, first, last],
        silent [terminal, since_utc_s, queue], marks: terminal -> up to which serial all is here.
        heard: when a terminal was last heard of. Gates carry no money."""
        closed = self._db.one("SELECT open FROM day_close ORDER BY day DESC LIMIT 1")
        before = json.loads(closed)["marks"] if closed else {}
        end_utc_s = days.begins_utc_s(of_day + 1)
        missing: list[list[int]] = []
        silent: list[list[int]] = []
        marks = {}
        rows = self._db.rows(
            "SELECT number, contact_utc_s, report FROM terminal WHERE kind <> 'gate'"
            " ORDER BY number"
        )
        for row in rows:
            number = row["number"]
            holes = self._holes(number, before.get(str(number), 0))
            top = self._db.one("SELECT max(serial) FROM record WHERE terminal = ?", number) or 0
            marks[str(number)] = holes[0][0] - 1 if holes else top
            missing += [[number, *hole] for hole in holes]
            said_s = heard.get(number) or row["contact_utc_s"]
            queue = json.loads(row["report"])["queue"] if row["report"] else 0
            if said_s is not None and (said_s < end_utc_s or queue):
                silent.append([number, said_s, queue])
        greys = self._db.conn.execute(
            "SELECT terminal, serial, utc_s, amount_fen FROM record WHERE outcome = 255"
            " AND utc_s < ? ORDER BY card",  # the order of their index, or all records are read
            (end_utc_s,),
        ).fetchall()
        return {
            "greys": sorted(list(row) for row in greys),
            "missing": missing,
            "silent": silent,
            "marks": marks,
        }

    def _holes(self, terminal: int, above: int) -> list[tuple[int, int]]:
        """Numbers that are not here, were not declared lost and did not come damaged."""
        connection = self._db.conn
        found = connection.execute(_HOLES, (above, terminal, above)).fetchall()
        if not found:
            return []
        gone = connection.execute(
            "SELECT first, last FROM lost WHERE terminal = ?", (terminal,)
        ).fetchall()
        damaged = connection.execute(
            "SELECT raw FROM quarantine WHERE terminal = ? AND reason = ?",
            (terminal, reasons.BAD_RECORD),
        ).fetchall()
        serials = (int.from_bytes(bytes(raw[:4]), "big") for (raw,) in damaged)
        return without(list(found), [*gone, *((serial, serial) for serial in serials)])

    # closing

    def close(self, until: int, heard: dict[int, int], by: str, utc_s: int) -> list[int]:
        """Every day that is open, in order, up to `until`. -> which. LocalError."""
        first = self.next()
        if first is None:
            raise LocalError("nothing was booked yet: there is no day to close")
        if until >= validity.today(utc_s):
            raise LocalError("a day is closed once it is over")
        if until < first:
            raise LocalError(f"{validity.shown(until)} is closed")
        with self._db.transaction():
            for day in range(first, until + 1):
                self._close(day, heard, by, utc_s)
        return list(range(first, until + 1))

    def _close(self, day: int, heard: dict[int, int], by: str, utc_s: int) -> None:
        before = self.last()
        after = before[1] if before else 0
        last = max(after, self.last_before(days.begins_utc_s(day + 1)))
        opened = json.dumps(self.open_now(day, heard), sort_keys=True)
        close = Close(day, after, last, opened, by, utc_s)
        lines = self._made(close)
        link = days.link(self._audit.key, before[2] if before else b"", close, lines)
        self._db.insert(
            "day_close (day, after_transfer, last_transfer, open, closed_by, closed_utc_s, link)",
            [(*close, link)],
        )
        self._db.insert(
            f"day_line (day, {_LINE})",
            [(day, one.terminal, *one.giver, *one.taker, *one[3:]) for one in lines],
        )

    def _made(self, close: Close) -> list[Line]:
        """The lines of a close from its transfers: the same whenever it is asked."""
        total: defaultdict[tuple[int, Account, Account, int], list[int]] = defaultdict(
            lambda: [0, 0]
        )
        for booked, line in self._flows(close.after, close.last):
            of_day = close.day if line.of_day == booked else line.of_day
            sums = total[line.terminal, line.giver, line.taker, of_day]
            sums[0] += line.transfers
            sums[1] += line.amount_fen
        return [Line(*name, count, fen) for name, (count, fen) in sorted(total.items())]

    def check(self, first: int, last: int, anew: bool = True) -> list[tuple[int, str]]:
        """(day, why) of closed days that are not what was written; anew: or not what their
        transfers say, which are counted for it."""
        faults = []
        before = self._db.one("SELECT link FROM day_close WHERE day = ?", first - 1) or b""
        for day in range(first, last + 1):
            row = self.get(day)
            if row is None:
                continue
            opened = self._db.one("SELECT open FROM day_close WHERE day = ?", day)
            close = Close(
                day, row["after_transfer"], row["last_transfer"], opened, row["closed_by"],
                row["closed_utc_s"],
            )  # fmt: skip
            kept = sorted(self.lines(day, day))
            if anew and kept != self._made(close):
                faults.append((day, "its figures are not those of its transfers"))
            elif days.link(self._audit.key, bytes(before), close, kept) != row["link"]:
                faults.append((day, "it is not what was written"))
            before = row["link"]
        return faults


def _line(row: Any) -> Line:
    terminal, gives, giver, takes, taker, of_day, count, fen = row
    return Line(terminal, (gives, giver), (takes, taker), of_day, int(count), int(fen))


def without(ranges: list[tuple[int, int]], gone: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of numbers less other ranges."""
    for first, last in gone:
        cut = []
        for begin, end in ranges:
            if last < begin or end < first:
                cut.append((begin, end))
                continue
            cut += [(begin, first - 1)] * (begin < first) + [(last + 1, end)] * (last < end)
        ranges = cut
    return sorted(ranges)
