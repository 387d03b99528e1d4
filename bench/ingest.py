"""The store by itself: records stored a second, beside a plain loop over sqlite3 in the same run.

Both get the same 64 bytes, unpack them and keep the same row, two postings and the balances that
follow, 500 a commit, write-ahead log, synchronous=FULL, on files in the same folder; the plain loop
does it row by row, as one would write it down first. They take turns, and medians are compared.
Bar: 1.0 times the plain loop.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from protocol import record
from sync_server.store.sqlite import Store

RECORDS = 20_000
A_BATCH = 50
A_COMMIT = 500
CARDS = 1000
ROUNDS = 3
BAR = 1.0


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
        "cause": "ours also checks each record's chain and duplicates, keeps each card's step so "
        "that forks and grey records can be told, and counts; the plain loop does none of that",
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
            card, 1, 450, counter, 0, 0, 1, 0, before, its, record.UNKNOWN_AMOUNT_FEN, 0,
        )  # fmt: skip
        raw = record.pack(entry, chain, record.DONE)
        chain = record.chain_of(raw)
        state[card] = (counter + 1, terminal, serial)
        tape.append(raw)
    return tape


def _ours(folder: Path) -> float:
    store = Store(f"sqlite:///{folder / 'ours.db'}")
    terminal = store.enrol("pos", "bench", "bench", 1)
    wish = {"holder_kind": 2, "name": "n", "valid_until": 13000, "zones": 1, "balance_fen": 10**7}
    cards = store.issue_cards([wish | {"uid": f"{n:08x}"} for n in range(CARDS)], 1)
    tape = _tape(terminal, cards)
    batches = [b"".join(tape[at : at + A_BATCH]) for at in range(0, RECORDS, A_BATCH)]
    a_commit = A_COMMIT // A_BATCH
    began_s = time.perf_counter()
    for at in range(0, len(batches), a_commit):
        store.ingest([(terminal, tail) for tail in batches[at : at + a_commit]], 2)
    spent_s = time.perf_counter() - began_s
    assert store.counts()["accepted"] == RECORDS and store.ledger_sum() == 0
    store.close()
    return RECORDS / spent_s


def _plain(folder: Path) -> float:
    """The same work, row by row."""
    db = sqlite3.connect(folder / "plain.db")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute(
        "CREATE TABLE record (id INTEGER PRIMARY KEY, terminal, serial, type, outcome, reason,"
        " fault, flags, utc_s, card, amount_fen, balance_fen, content BLOB, received_utc_s,"
        " UNIQUE (terminal, serial))"
    )
    db.execute("CREATE TABLE posting (account, amount_fen, terminal, serial)")
    db.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, balance_fen)")
    db.executemany("INSERT INTO account VALUES (?, 0)", [(n,) for n in range(CARDS + 1)])
    db.commit()
    tape = _tape(1, list(range(1, CARDS + 1)))
    began_s = time.perf_counter()
    for serial, raw in enumerate(tape, 1):
        entry = record.unpack(raw)
        card = entry.card
        db.execute(
            "INSERT INTO record VALUES (NULL, 1, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, 2)",
            (
                serial, entry.type, record.outcome_of(raw), entry.reason, entry.flags, entry.utc_s,
                card, entry.amount_fen, entry.balance_fen, raw[:60],
            ),
        )  # fmt: skip
        db.execute("INSERT INTO posting VALUES (?, -450, 1, ?)", (card, serial))
        db.execute("INSERT INTO posting VALUES (0, 450, 1, ?)", (serial,))
        db.execute("UPDATE account SET balance_fen = balance_fen - 450 WHERE id = ?", (card,))
        db.execute("UPDATE account SET balance_fen = balance_fen + 450 WHERE id = 0")
        if serial % A_COMMIT == 0:
            db.commit()
    db.commit()
    spent_s = time.perf_counter() - began_s
    db.close()
    return RECORDS / spent_s
