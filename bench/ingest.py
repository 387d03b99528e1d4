"""The store by itself: records stored a second, beside a plain loop over sqlite3 in the same run.

Both keep the same record row, the same money and the balances that follow, 500 records a commit,
write-ahead log, synchronous=FULL, on files in the same folder. The plain loop does it row by row
(record, two postings, two balances), as one would write it down first. Both are given the same
packed records. They take turns, and medians are compared. Bar: 1.0 times the plain loop.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from protocol import record
from sync_server.store.store import Store

RECORDS = 40_000
A_BATCH = 50
A_COMMIT = 500
CARDS = 1000
ROUNDS = 3
BAR = 1.0
_FEN = 450


def measure() -> dict[str, Any]:
    """Records a second of both, and their ratio."""
    ours, plain = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            ours.append(_ours(Path(folder)))
            plain.append(_plain(Path(folder)))
    ratio = statistics.median(ours) / statistics.median(plain)
    return {
        "records_per_s": round(statistics.median(ours)),
        "plain_records_per_s": round(statistics.median(plain)),
        "ratio": round(ratio, 3),
        "bar": BAR,
        "reached": ratio >= BAR,
        "cause": "ours also checks the chain (SHA-256), looks for the record it may have already, "
        "keeps each card's step so that forks and greys can be told, and counts",
    }


def _tape(terminal: int, cards: list[int]) -> list[bytes]:
    """Purchases that chain, each card's counter growing."""
    chain = record.first_chain(terminal)
    state = dict.fromkeys(cards, (0, 0, 0))
    tape = []
    for serial in range(1, RECORDS + 1):
        card = cards[serial % CARDS]
        counter, before, its = state[card]
        entry = record.Record(
            serial, record.PURCHASE, record.PURSE_READ | record.ONLINE, 0, 1_700_000_000 + serial,
            card, 1, _FEN, counter, 0, 0, 1, 0, before, its, record.UNKNOWN_AMOUNT_FEN, 0,
        )  # fmt: skip
        raw = record.pack(entry, chain, record.DONE)
        chain = record.chain_of(raw)
        state[card] = (counter + 1, terminal, serial)
        tape.append(raw)
    return tape


def _ours(folder: Path) -> float:
    store = Store(f"sqlite:///{folder / 'ours.db'}")
    terminal = store.terminals.enrol("pos", "bench", "bench", 1)
    wish = {"holder_kind": 2, "name": "n", "valid_until": 13000, "zones": 1, "balance_fen": 10**7}
    cards = store.cards.issue([wish | {"uid": f"{n:08x}"} for n in range(CARDS)], 1)
    tape = _tape(terminal, cards)
    batches = [b"".join(tape[at : at + A_BATCH]) for at in range(0, RECORDS, A_BATCH)]
    a_commit = A_COMMIT // A_BATCH
    began_s = time.perf_counter()
    for at in range(0, len(batches), a_commit):
        store.records.ingest([(terminal, tail) for tail in batches[at : at + a_commit]], 2)
    spent_s = time.perf_counter() - began_s
    counts = store.records.counts()
    if counts["accepted"] != RECORDS or counts["quarantined"] or store.accounts.sum_fen():
        raise RuntimeError(f"the store did not keep what it was given: {counts}")
    store.close()
    return RECORDS / spent_s


_TABLES = """
CREATE TABLE record (
    id INTEGER PRIMARY KEY, terminal, serial, type, outcome, reason, fault, flags, utc_s, card,
    amount_fen, balance_fen, content BLOB, received_utc_s, UNIQUE (terminal, serial)
);
CREATE TABLE posting (id INTEGER PRIMARY KEY, account, amount_fen, terminal, serial, booked_utc_s);
CREATE TABLE account (id INTEGER PRIMARY KEY, balance_fen);
"""
_RECORD = (
    "INSERT INTO record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card,"
    " amount_fen, balance_fen, content, received_utc_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " ?, ?)"
)
_POSTING = (
    "INSERT INTO posting (account, amount_fen, terminal, serial, booked_utc_s)"
    " VALUES (?, ?, ?, ?, ?)"
)
_BALANCE = "UPDATE account SET balance_fen = balance_fen + ? WHERE id = ?"


def _plain(folder: Path) -> float:
    """The same work, row by row."""
    db = sqlite3.connect(folder / "plain.db")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.executescript(_TABLES)
    db.executemany("INSERT INTO account VALUES (?, 0)", [(n,) for n in range(CARDS + 1)])
    db.commit()
    tape = _tape(1, list(range(1, CARDS + 1)))
    began_s = time.perf_counter()
    for at, raw in enumerate(tape, 1):
        entry = record.unpack(raw)
        serial, card, fen = entry.serial, entry.card, entry.amount_fen
        db.execute(
            _RECORD,
            (1, serial, entry.type, raw[60], entry.reason, 0, entry.flags, entry.utc_s, card, fen)
            + (entry.balance_fen, raw[:60], 2),
        )
        db.execute(_POSTING, (card, -fen, 1, serial, 2))
        db.execute(_POSTING, (0, fen, 1, serial, 2))
        db.execute(_BALANCE, (-fen, card))
        db.execute(_BALANCE, (fen, 0))
        if at % A_COMMIT == 0:
            db.commit()
    db.commit()
    spent_s = time.perf_counter() - began_s
    db.close()
    return RECORDS / spent_s
