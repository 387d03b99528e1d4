"""Finance's books: days, settlements, the bank's statement, both lines: asked by the web."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sync_server.core import books, days, settlements, sheets, statements, validity
from sync_server.core.days import Line
from sync_server.core.merchants import masked
from sync_server.gateway import looks
from sync_server.gateway.refusals import Impossible
from sync_server.store.settlements import is_ready

if TYPE_CHECKING:
    from sync_server.gateway.service import Gateway

_DAYS, _FILES, _POSTINGS, _ACCOUNTS = 40, 30, 500, 100
_CHECKED = 40  # newest closed days, with every look at their page


class Books:
    """Part of the orders. do: runs a change in the writer thread."""

    def __init__(self, gateway: Gateway, do: Callable[..., Any]):
        self._gateway = gateway
        self._store = gateway.store
        self._do = do

    # days

    def days(self) -> dict[str, Any]:
        """-> {next, today, days, open: what is open now, live: sums since the last close}"""
        today = validity.today(_now_s())
        live = [line for _, line in self._store.days.live()]
        return {
            "next": self._store.days.next(),
            "today": today,
            "days": self._store.days.all(_DAYS),
            "open": self._open(today),
            "live": {
                "count": sum(line.transfers for line in live),
                "amount_fen": sum(line.amount_fen for line in live),
            },
        }

    def day(self, day: int) -> dict[str, Any]:
        """-> {day, closed, lines, late, open, faults}: of a closed day as it was, of another as far
        as it is known. Impossible 404 for a day of which nothing is known."""
        close = self._store.days.get(day)
        lines = self._store.days.lines(day, day)
        if close is None:
            lines = [line for came, line in self._store.days.live() if came == day]
        if close is None and not lines:
            raise Impossible("nothing was booked on that day", 404)
        opened = close["open"] if close else self._store.days.open_now(day, self._heard())
        return {
            "day": day,
            "closed": None
            if close is None
            else {
                "closed_by": close["closed_by"],
                "closed_utc_s": close["closed_utc_s"],
                "link": close["link"].hex(),
                "last_transfer": close["last_transfer"],
            },
            "lines": [_plain(line) for line in lines],
            "late": [{"came": came} | _plain(line) for came, line in self._store.days.late(day)],
            "open": self._named(opened),
            "faults": self._store.days.check(day, day),
        }

    def close(self, until: int, by: str) -> list[int]:
        """Every open day up to this one. -> which"""
        return self._do(self._store.days.close, until, self._heard(), by, _now_s())

    def sold(self, merchant: str, day: int) -> dict[str, int]:
        """-> {count, fen}: what a merchant has taken on the last day, less what it gave back."""
        lines = self._store.days.since(day)
        took = settlements.turnover(merchant, lines)
        own = ("merchant", merchant)
        count = sum(line.transfers for line in lines if line.taker == own)
        return {"count": count, "fen": took.gross_fen - took.reversed_fen}

    def check(self) -> list[tuple[int, str]]:
        """Newest closed days that are not what was written; a day's own page counts it anew."""
        last = self._store.days.last()
        return self._store.days.check(last[0] - _CHECKED, last[0], anew=False) if last else []

    def places(self) -> dict[int, str]:
        """terminal -> where it stands."""
        return {row["number"]: row["place"] for row in self._store.terminals.all()}

    def _open(self, day: int) -> dict[str, Any]:
        return self._named(self._store.days.open_now(day, self._heard()))

    def _heard(self) -> dict[int, int]:
        """terminal -> when it was last heard of, as the loop knows."""
        rows = looks.terminals(self._gateway)
        return {row["number"]: row["contact_utc_s"] for row in rows if row["contact_utc_s"]}

    def _named(self, opened: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        """What is open, with the places of its terminals."""
        places = self.places()
        heads = {
            "greys": ("terminal", "serial", "utc_s", "amount_fen"),
            "missing": ("terminal", "first", "last"),
            "silent": ("terminal", "since_utc_s", "queue"),
        }
        return {
            name: [
                dict(zip(head, row, strict=True)) | {"place": places.get(row[0], "")}
                for row in opened[name]
            ]
            for name, head in heads.items()
        }

    # settlements

    def settlements(self) -> dict[str, Any]:
        """-> {until: the last closed day, due, batches}"""
        last = self._store.days.last()
        due = self._store.settlements.due(last[0]) if last else []
        return {
            "until": last[0] if last else None,
            "due": [one | {"bank": masked(one["bank"]), "is_ready": is_ready(one)} for one in due],
            "batches": self._store.settlements.batches(_FILES),
        }

    def settlement_rows(self, batch: int) -> list[dict[str, Any]]:
        """What a batch pays, accounts in full: for the bank. Impossible 404, 409."""
        rows = self._store.settlements.rows(batch)
        if not rows:
            raise Impossible("there is no such batch", 404)
        if rows[0]["granted_utc_s"] is None:
            raise Impossible("this batch is not granted", 409)
        return rows

    def settlement_batch(self, batch: int) -> list[dict[str, Any]]:
        """The same for people: accounts masked, whether it is granted or not. Impossible 404."""
        rows = self._store.settlements.rows(batch)
        if not rows:
            raise Impossible("there is no such batch", 404)
        return [row | {"bank": masked(row["bank"])} for row in rows]

    def let(self, merchant: int, until: int, reason: str, by: str) -> None:
        """It is paid though something is open."""
        self._do(self._store.settlements.let, merchant, until, reason, by, _now_s())

    def make_settlement(self, until: int, by: str) -> int:
        """A batch of all that are ready; a second person must grant it. -> its number"""
        return self._do(self._store.settlements.make, until, by, _now_s())

    # the bank's statement

    def put_statement(self, file: str, data: bytes, by: str) -> tuple[int, bool]:
        """Keep what is new of a file. -> (id, was it new). sheets.BadSheet"""
        entries, faults = statements.read(sheets.rows(data))
        if not entries and not faults:
            raise sheets.BadSheet("the file is empty")
        digest = hashlib.sha256(data).digest()
        put = self._store.statements.put
        return self._do(put, digest, file, entries, faults, by, _now_s())

    def statements(self) -> list[dict[str, Any]]:
        """Files as they came."""
        return self._store.statements.all(_FILES)

    def month(self, month: int) -> dict[str, Any]:
        """-> {month, finished, figures, pairs, missing, surplus, differ, said}"""
        made, ours, lines = self._store.statements.outcome(month)
        said = self._store.statements.resolutions(month)
        finished = self._store.statements.finished(month)
        return {
            "month": month,
            "finished": finished,
            "figures": finished["figures"] if finished else self._store.statements.figures(month),
            "pairs": [
                {"by": pair.by, "ours": [ours[n] for n in pair.ours], "line": lines[pair.line]}
                for pair in made.pairs
            ],
            "missing": [ours[n] | {"said": said.get(("ours", n))} for n in made.missing],
            "surplus": [lines[n] | {"said": said.get(("bank", n))} for n in made.surplus],
            "differ": [[ours[item], lines[line]] for item, line in made.differ],
        }

    def resolve(self, month: int, side: str, item: int, kind: str, note: str, by: str) -> None:
        """What finance says of one that has no partner."""
        work = self._store.statements.resolve
        self._do(work, month, side, item, kind, note, by, _now_s())

    def finish(self, month: int, by: str) -> dict[str, int]:
        """The month is reconciled."""
        return self._do(self._store.statements.finish, month, by, _now_s())

    # reports

    def report(self, month: int) -> dict[str, Any]:
        """-> {month, closed_to, sides, balances}: of a month as far as it is booked. closed_to:
        the last of its days that is closed, null if none is"""
        first, last = days.first_of(month), days.first_of(month + 1) - 1
        closed = self._store.days.last()
        live = self._store.days.live()
        before = self._store.days.lines(0, first - 1)
        before += [line for day, line in live if day < first]
        during = self._store.days.lines(first, last)
        during += [line for day, line in live if first <= day <= last]
        return {
            "month": month,
            "closed_to": min(last, closed[0]) if closed and closed[0] >= first else None,
            "is_closed": bool(closed and closed[0] >= last),
            "sides": [row._asdict() for row in books.sides(during)],
            "balances": [row._asdict() for row in books.balances(before, during)],
        }

    def groups(self) -> list[dict[str, Any]]:
        """Accounts by type."""
        return self._store.postings.groups()

    def accounts(self, kind: str, text: str, after: int) -> list[dict[str, Any]]:
        """Accounts of one type."""
        return self._store.postings.accounts(kind, text, _ACCOUNTS, after)

    def postings(self, number: int, first: int, last: int) -> dict[str, Any]:
        """-> {account, postings} of some days. Impossible 404."""
        account = self._store.postings.account(number)
        if account is None:
            raise Impossible("there is no such account", 404)
        rows = self._store.postings.of_account(number, first, last, _POSTINGS)
        return {"account": account, "postings": rows, "most": _POSTINGS}

    def way(self, terminal: int, serial: int) -> dict[str, Any]:
        """-> {record, transfers}: from the tap to the ledger. Impossible 404."""
        row = self._store.postings.record(terminal, serial)
        if row is None:
            raise Impossible("there is no such record", 404)
        moved = self._store.postings.of_record(terminal, serial, row["received_utc_s"])
        return {"record": row, "transfers": moved}


def _plain(line: Line) -> dict[str, Any]:
    return line._asdict() | {"merchant": days.merchant_of(line)}


def _now_s() -> int:
    return int(time.time())
