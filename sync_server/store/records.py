"""Records: taken in, counted, looked at. In the database; what becomes of each is core.ingest's.

One call is one transaction for the batches of many terminals. What the judge must know is read
with a few queries for the whole commit, and of a card that continues where it stood nothing is read
at all: the last step of each card and the last record of each terminal are remembered (and
forgotten after any rollback).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from protocol import batch, messages, reasons, record
from sync_server.core import ingest, ledger, meals, proof
from sync_server.core.actions import Load
from sync_server.core.chain import Grey, Writer
from sync_server.core.known import Known, Result
from sync_server.core.ledger import Transfer
from sync_server.store.accounts import Accounts
from sync_server.store.actions import Actions
from sync_server.store.cards import Cards
from sync_server.store.database import Database
from sync_server.store.disputes import Disputes
from sync_server.store.lost import Lost
from sync_server.store.places import Places

_ACCEPTED = (record.PURCHASE, record.PASS)
_TAPS = (*_ACCEPTED, record.REFUSAL)
Parsed = list[tuple[bytes, record.Record | None]]


class Records:
    """`greys`: of each card, records whose end is not certain yet.

    `tac_key`: UID -> the key of a CPU card's proofs.
    """

    def __init__(
        self,
        db: Database,
        accounts: Accounts,
        cards: Cards,
        places: Places,
        lost: Lost,
        actions: Actions,
        disputes: Disputes,
    ):
        self._db = db
        self._accounts = accounts
        self._cards = cards
        self._places = places
        self._lost = lost
        self._actions = actions
        self._disputes = disputes
        self.greys: dict[int, list[Grey]] = {}
        # card -> (counter, writer), (-1, ...) none
        self._last_step: dict[int, tuple[int, Writer]] = {}
        self.tac_key: Callable[[bytes], bytes] | None = None
        db.reminds(self)

    def ingest(self, batches: list[tuple[int, bytes]], received_utc_s: int) -> list[bytes]:
        """Take in (terminal, tail of BATCH) of many terminals. -> tail of ANSWERS for each.

        When it returns, all of it is committed. RemoteError for a tail that is no batch, and
        Trouble, leave everything as it was.
        """
        parsed = [(number, ingest.parse(tail)) for number, tail in batches]
        result = Result()
        with self._db.transaction():
            known = self._known(parsed)
            answers = [
                batch.pack(ingest.judge(number, rows, known, result)) for number, rows in parsed
            ]
            self._write(result, received_utc_s)
        for card, counter, terminal, serial, *_ in result.steps:
            if counter > self._last_step.get(card, (-1, (0, 0)))[0]:
                self._last_step[card] = (counter, (terminal, serial))
        return answers

    def highest_serial(self, number: int) -> int:
        """The highest record number that a terminal may have used as far as is known here, 0 for
        none: of its records, and of those that are lost."""
        return self._places.of(number).used

    def counts(self) -> dict[str, int]:
        """records, taps, accepted, refused, quarantined, grey: of all time."""
        counts = dict.fromkeys(("records", "taps", "accepted", "refused", "quarantined", "grey"), 0)
        counts |= dict(self._db.conn.execute("SELECT name, value FROM tally"))
        counts["grey"] = sum(len(greys) for greys in list(self.greys.values()))
        return counts

    def recent(self, limit: int) -> list[dict[str, Any]]:
        """The last records that came, newest first, with place and kind of their terminal."""
        return self._db.rows(
            "SELECT r.id, r.terminal, r.serial, r.type, r.outcome, r.reason, r.fault, r.flags,"
            " r.utc_s, r.card, r.amount_fen, r.balance_fen, r.received_utc_s, t.place, t.kind"
            " FROM record r LEFT JOIN terminal t ON t.number = r.terminal"
            " ORDER BY r.id DESC LIMIT ?",
            limit,
        )

    def of(self, terminal: int, after: int, limit: int) -> list[tuple[int, ...]]:
        """serial, type, outcome, reason, utc_s, card, amount_fen of a terminal's records with a
        serial above `after`, in order."""
        return self._db.conn.execute(
            "SELECT serial, type, outcome, reason, utc_s, card, amount_fen FROM record"
            " WHERE terminal = ? AND serial > ? ORDER BY serial LIMIT ?",
            (terminal, after, limit),
        ).fetchall()

    def alarms(self, limit: int) -> list[dict[str, Any]]:
        """The last events that tell of a meter, a valve, a case, a door or a fire, newest first."""
        return self._db.rows(
            "SELECT r.terminal, r.serial, r.reason, r.utc_s, t.place FROM record r"
            " LEFT JOIN terminal t ON t.number = r.terminal"
            " WHERE r.type = 8 AND (r.reason BETWEEN 34 AND 37 OR r.reason BETWEEN 40 AND 47)"
            " AND r.reason != ? AND (r.reason, substr(r.content, 45, 4)) != (?, ?)"
            " ORDER BY r.id DESC LIMIT ?",
            reasons.EMERGENCY,
            reasons.FIRE,
            bytes(4),  # that it is over is none
            limit,
        )

    def last_id(self) -> int:
        """Grows with every record that comes."""
        return self._db.one("SELECT max(id) FROM record") or 0

    # what the judge must know

    def _known(self, parsed: list[tuple[int, Parsed]]) -> Known:
        known = Known(
            cards=self._cards.issued,
            greys=self.greys,
            places=self._places.known,
            spans=self._lost.spans,
        )
        known.loads = dict(self._actions.loads)
        for number, rows in parsed:
            entries = [entry for _, entry in rows if entry is not None]
            place = self._places.of(number)
            serials = [entry.serial for entry in entries if entry.serial <= place.highest]
            if serials:
                self._load_records(number, min(serials), max(serials), known)
            self._load_steps(entries, known)
            for entry in entries:
                named = ingest.tells_of(entry) or proof.purchase_of(entry)
                if named:
                    self._load_named(number, named, known)
                if proof.purchase_of(entry):
                    self._load_tac_key(entry.card, known)
                if entry.type == record.LOAD:
                    self._load_load((number, entry.serial), known)
                if entry.type == record.REVERSAL:
                    self._load_reversed(number, entry.detail, known)
                self._load_meal(entry, known)
            for entry in entries if self.greys else ():
                for grey in self.greys.get(entry.card, ()):
                    # its record may be settled, and its money booked
                    self._places.of(grey.terminal)
                    if grey.entry.type == record.LOAD:
                        self._load_load(grey.writer, known)
                    if grey.entry.type == record.REVERSAL:
                        self._load_reversed(grey.terminal, grey.entry.detail, known)
                    self._load_meal(grey.entry, known)
        return known

    def _load_tac_key(self, card: int, known: Known) -> None:
        uid = self._db.one("SELECT uid FROM card WHERE number = ?", card)
        if uid and self.tac_key is not None:
            known.tac_keys[card] = self.tac_key(bytes.fromhex(uid))

    def _load_reversed(self, terminal: int, serial: int, known: Known) -> None:
        self._load_named(terminal, serial, known)
        query = "SELECT 1 FROM reversal WHERE terminal = ? AND serial = ?"
        if self._db.one(query, terminal, serial):
            known.reversed.add((terminal, serial))
        content, _ = known.records.get((terminal, serial), (b"", 0))
        if content:
            self._load_meal(record.unpack(content + b"\xff" * 4), known)

    def _load_meal(self, entry: record.Record, known: Known) -> None:
        meal = meals.of(entry)
        if meal is None or meal in known.meals:
            return
        row = self._db.conn.execute(
            "SELECT terminal, serial FROM meal WHERE (card, day, number) = (?, ?, ?)", meal
        ).fetchone()
        if row is not None:
            known.meals[meal] = (row[0], row[1])

    def _load_load(self, writer: Writer, known: Known) -> None:
        row = self._db.conn.execute(
            "SELECT id, card, amount_fen, before_fen, state FROM action"
            " WHERE (terminal, serial) = (?, ?)",
            writer,
        ).fetchone()
        if row is not None:
            known.loads[writer] = Load(row[0], row[1], row[2], row[3], row[4] == "done")

    def _load_records(self, number: int, low: int, high: int, known: Known) -> None:
        rows = self._db.conn.execute(
            "SELECT serial, content, outcome FROM record"
            " WHERE terminal = ? AND serial BETWEEN ? AND ?",
            (number, low, high),
        )
        for serial, content, outcome in rows:
            known.records[number, serial] = (content, outcome)

    def _load_steps(self, entries: list[record.Record], known: Known) -> None:
        """The steps before and after what each record read, as far as there are any; and the
        record that it names as the one before, if that is here and claimed nothing."""
        steps = known.steps
        for entry in entries:
            card, before = entry.card, entry.counter - 1
            if not entry.flags & record.PURSE_READ or card not in self._cards.issued:
                continue
            counter, writer = self._last_step.get(card) or self._last(card)
            if counter >= 0:
                steps[card, counter] = writer
            if before < counter:
                rows = self._db.conn.execute(
                    "SELECT counter, terminal, serial FROM step"
                    " WHERE card = ? AND counter BETWEEN ? AND ?",
                    (card, before, entry.counter),
                )
                for at, terminal, serial in rows:
                    steps[card, at] = (terminal, serial)
            if entry.previous_terminal and (card, before) not in steps:
                self._load_named(entry.previous_terminal, entry.previous_serial, known)
                if self._places.of(entry.previous_terminal).has_lost(entry.previous_serial):
                    known.knots[card] = self._lost.knots(card, before) | known.knots.get(card, {})

    def _load_named(self, terminal: int, serial: int, known: Known) -> None:
        if serial <= self._places.of(terminal).highest and (terminal, serial) not in known.records:
            self._load_records(terminal, serial, serial, known)

    def _last(self, card: int) -> tuple[int, tuple[int, int]]:
        row = self._db.conn.execute(
            "SELECT counter, terminal, serial FROM step WHERE card = ?"
            " ORDER BY counter DESC LIMIT 1",
            (card,),
        ).fetchone()
        last = self._last_step[card] = (row[0], (row[1], row[2])) if row else (-1, (0, 0))
        return last

    def remember(self) -> None:
        """The greys; the last step of a card is read when it is asked for."""
        self._last_step.clear()
        self.greys.clear()
        rows = self._db.conn.execute(
            "SELECT terminal, content, fault FROM record WHERE outcome = 255 ORDER BY id"
        )
        for terminal, content, fault in rows:
            entry = record.unpack(content + b"\xff" * 4)
            self.greys.setdefault(entry.card, []).append(Grey(terminal, entry, fault))

    # what the judge decided

    def _write(self, result: Result, received_utc_s: int) -> None:
        connection = self._db.conn
        self._db.insert(
            "record (terminal, serial, type, outcome, reason, fault, flags, utc_s,"
            " card, amount_fen, balance_fen, content, received_utc_s)",
            [
                (
                    terminal, entry.serial, entry.type, outcome, entry.reason, fault, entry.flags,
                    entry.utc_s, entry.card, entry.amount_fen, entry.balance_fen,
                    raw[: ingest.CONTENT], received_utc_s,
                )
                for terminal, raw, entry, outcome, fault in result.kept
            ],
        )  # fmt: skip
        connection.executemany(
            "UPDATE record SET outcome = ?, fault = ? WHERE terminal = ? AND serial = ?",
            [(settled.outcome, settled.fault, *settled.grey.writer) for settled in result.settled],
        )
        self._db.insert(
            "step (card, counter, terminal, serial, before_fen, after_fen)",
            result.steps,
            "ON CONFLICT DO NOTHING",
        )
        if result.rebuilt or result.told:
            self._lost.write_spans(result, received_utc_s)
        aside = connection.executemany(
            "INSERT INTO quarantine (terminal, raw, answer, reason, received_utc_s)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(*kept, received_utc_s) for kept in result.aside],
        )
        self._accounts.book(result.transfers, received_utc_s)
        self._db.insert(
            "reversal (terminal, serial, by_serial)",
            [(*writer, by_serial) for writer, by_serial in result.reversed],
        )
        connection.executemany(
            "DELETE FROM meal WHERE (card, day, number) = (?, ?, ?)", list(result.meals)
        )
        rows = [(*meal, *writer) for meal, writer in result.meals.items() if writer]
        self._db.insert("meal (card, day, number, terminal, serial)", rows)
        back = [row for row in result.transfers if row.taker[0] == ledger.ACCOUNT]
        if result.loaded or result.freed or back:
            self._write_actions(result, back, received_utc_s)
        self._disputes.given_back([writer for writer, _ in result.reversed], received_utc_s)
        self._disputes.given_twice(result.again, received_utc_s)
        self._tally(result, aside.rowcount if result.aside else 0)

    def _write_actions(self, result: Result, back: list[Transfer], received_utc_s: int) -> None:
        """back: money that no terminal could put on its card; the server loads it."""
        connection = self._db.conn
        connection.executemany(
            "INSERT INTO action (card, op, amount_fen, ordered_by, ordered_utc_s)"
            " VALUES (?, ?, ?, ?, ?)",
            [
                (int(row.taker[1]), messages.LOAD, row.amount_fen,
                 f"record {row.terminal}/{row.serial}", received_utc_s)
                for row in back
            ],
        )  # fmt: skip
        connection.executemany(
            "UPDATE action SET state = 'done', ended_utc_s = ? WHERE id = ?",
            [(received_utc_s, action) for action in result.loaded],
        )
        connection.executemany(
            "UPDATE action SET terminal = NULL, serial = NULL, counter = NULL"
            " WHERE state = 'open' AND (terminal, serial) = (?, ?)",
            result.freed,
        )
        self._actions.remember()

    def _tally(self, result: Result, aside: int) -> None:
        """aside: how many of them were not in quarantine before."""
        change = Counter(records=len(result.kept), quarantined=aside)
        alike = Counter((kept.entry.type, kept.outcome, kept.fault != 0) for kept in result.kept)
        for (kind, outcome, is_faulty), count in alike.items():
            change["quarantined"] += count * is_faulty
            change["taps"] += count * (kind in _TAPS)
            change["refused"] += count * (kind == record.REFUSAL)
            change["accepted"] += count * (outcome == record.DONE and kind in _ACCEPTED)
        for settled in result.settled:
            change["quarantined"] += settled.fault != settled.grey.fault and not settled.grey.fault
            is_tap = settled.grey.entry.type in _ACCEPTED
            change["accepted"] += settled.outcome == record.DONE and is_tap
        self._db.conn.executemany(
            "INSERT INTO tally (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = tally.value + excluded.value",
            [(name, value) for name, value in change.items() if value],
        )
