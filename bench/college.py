"""A college of made-up size in a database: terminals, people, cards, and records with their money.

Rows are written as `store.records` would leave them after uploads, straight and many a statement:
what is measured afterwards is reading. What it is not: a history that a terminal could prove;
contents of records are empty but for their length.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from protocol import record
from sync_server.core import days, validity
from sync_server.store.store import Store

TERMINALS, PEOPLE, MERCHANTS = 217, 4341, 12
TOP_UP_EVERY = 20  # records
_CONTENT = bytes(record.SIZE - 4)
_PART = 100_000  # rows of one commit
_NAMES, _GIVEN = (
    "王李张刘陈杨赵黄周吴",
    ("伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "杰"),
)


def fill(path: Path, records: int, day_count: int, with_steps: bool) -> Store:
    """A store whose last of so many days was yesterday. with_steps: a card's payments too."""
    store = Store(f"sqlite:///{path}")
    first = validity.today(int(time.time())) - day_count
    begin_s = days.begins_utc_s(first)
    with store.group():
        _people(store, begin_s)
    counters: Counter[int] = Counter()
    balances: Counter[tuple[str, str]] = Counter()
    accounts = {key: n for n, key in enumerate(_accounts(), 1)}
    store.db.insert("account (id, type, key)", [(n, *key) for key, n in accounts.items()])
    for at in range(0, records, _PART):
        part = range(at, min(at + _PART, records))
        rows = [_record(n, records, day_count, begin_s) for n in part]
        with store.group():
            store.db.insert(
                "record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card,"
                " amount_fen, balance_fen, content, received_utc_s)",
                rows,
            )
            store.db.insert(
                "transfer (giver, taker, amount_fen, terminal, serial, booked_utc_s)",
                list(_transfers(rows, accounts, balances)),
            )
            if with_steps:
                store.db.insert(
                    "step (card, counter, terminal, serial)", list(_steps(rows, counters))
                )
    with store.group() as connection:
        connection.executemany(
            "UPDATE account SET balance_fen = ? WHERE id = ?",
            [(fen, accounts[key]) for key, fen in balances.items()],
        )
        tally = {"records": records, "taps": records, "accepted": records}
        store.db.insert("tally (name, value)", list(tally.items()))
    return store


def merchant_of(terminal: int) -> str:
    """Whose takings."""
    return f"商户 {terminal % MERCHANTS}"


def _accounts() -> Iterator[tuple[str, str]]:
    yield ("bank", "")
    for n in range(MERCHANTS):
        yield ("merchant", f"商户 {n}")
    for card in range(1, PEOPLE + 1):
        yield ("purse", str(card))


def _people(store: Store, utc_s: int) -> None:
    store.db.insert(
        "terminal (number, kind, place, merchant, enrolled_utc_s, contact_utc_s)",
        [
            (n, "pos", f"食堂 {n // 20 + 1}-{n % 20:02}", merchant_of(n), utc_s, int(time.time()))
            for n in range(1, TERMINALS + 1)
        ],
    )
    store.db.insert(
        "holder (id, number, kind, name, department, valid_until, made_utc_s)",
        [
            (
                n,
                str(180_000 + n),
                2,
                _NAMES[n % 10] + _GIVEN[n // 10 % 10],
                "软件技术",
                12_000,
                utc_s,
            )
            for n in range(1, PEOPLE + 1)
        ],
    )
    store.db.insert(
        "card (number, uid, holder_kind, name, valid_until, zones, list_stamp, balance_fen,"
        " issued_utc_s, holder)",
        [(n, f"{n:08x}", 2, "n", 12_000, 1, 0, 0, utc_s, n) for n in range(1, PEOPLE + 1)],
    )


def _record(n: int, records: int, day_count: int, begin_s: int) -> tuple:
    """Record n of all: evenly over days and terminals, a card now and then."""
    day, of_day = divmod(n * day_count, records)
    utc_s = begin_s + day * 86400 + 6 * 3600 + of_day * 50_000 // records
    terminal, serial = n % TERMINALS + 1, n // TERMINALS + 1
    card, fen = n * 7919 % PEOPLE + 1, 300 + n * 37 % 1500
    return (
        terminal, serial, record.PURCHASE, record.DONE, 0, 0, record.PURSE_READ, utc_s, card, fen,
        5000, _CONTENT, utc_s + 1,
    )  # fmt: skip


def _transfers(rows: list[tuple], accounts: dict, balances: Counter) -> Iterator[tuple]:
    for at, row in enumerate(rows):
        terminal, serial, card, fen, came_s = row[0], row[1], str(row[8]), row[9], row[12]
        purse, merchant = ("purse", card), ("merchant", merchant_of(terminal))
        if at % TOP_UP_EVERY == 0:
            balances["bank", ""] -= 10_000
            balances[purse] += 10_000
            yield (1, accounts[purse], 10_000, 0, 0, came_s)
        balances[purse] -= fen
        balances[merchant] += fen
        yield (accounts[purse], accounts[merchant], fen, terminal, serial, came_s)


def _steps(rows: list[tuple], counters: Counter) -> Iterator[tuple]:
    for row in rows:
        yield (row[8], counters[row[8]], row[0], row[1])
        counters[row[8]] += 1
