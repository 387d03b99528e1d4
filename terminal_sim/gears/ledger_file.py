"""The server's database as the oracle of gear 2 reads it: read-only, with SQL of its own.

It asks nothing of the server's code; the tables are those of docs/ledger.md and docs/ingest.md.
What is new since the last look is told; after a restore `begin_anew` looks at everything again.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from terminal_sim.oracle import Posting
from terminal_sim.truths import u24

FORKED, UNBALANCED = 67, 70  # faults that a copied card may cause (docs/ingest.md)
_GREY = 255
_TRANSFERS = (
    "SELECT t.id, g.type, g.key, k.type, k.key, t.amount_fen, t.terminal, t.serial FROM transfer t"
    " JOIN account g ON g.id = t.giver JOIN account k ON k.id = t.taker"
    " WHERE t.id > ? AND g.type <> 'bank' ORDER BY t.id"
)
_UNNAMED = ("suspense", "unnamed")


class LedgerFile:
    """path: of the SQLite file. versions: list version -> every set that was published as it."""

    def __init__(self, path: Path):
        self._path = path
        self.versions: dict[int, set[frozenset[int]]] = {0: {frozenset()}}
        self.begin_anew()

    def begin_anew(self) -> None:
        """The file is another one."""
        uri = f"file:{self._path}?mode=ro"
        self._db = sqlite3.connect(uri, uri=True, timeout=10, isolation_level=None)
        self._seen = 0
        self._version, self._listed = 0, frozenset[int]()

    def close(self) -> None:
        """Closed."""
        self._db.close()

    def new_postings(self) -> list[tuple[Posting, bool]]:
        """(posting, whether it goes to or comes from the unnamed), in order."""
        found = []
        for row in self._db.execute(_TRANSFERS, (self._seen,)).fetchall():
            self._seen, giver, giver_key, taker, taker_key, fen, terminal, serial = row
            card = int(giver_key) if giver == "purse" else 0
            unnamed = _UNNAMED in ((giver, giver_key), (taker, taker_key))
            found.append((Posting(card, terminal, serial, fen), unnamed))
        return found

    def sum_fen(self) -> int:
        """Over all accounts, and over all postings: what is not 0 of the two."""
        (balances,) = self._db.execute("SELECT sum(balance_fen) FROM account").fetchone()
        return balances or 0

    def accounts_fit(self) -> bool:
        """Each account is the sum of its postings."""
        query = (
            "SELECT count(*) FROM account a WHERE balance_fen <>"
            " (SELECT coalesce(sum(amount_fen), 0) FROM posting p WHERE p.account = a.id)"
        )
        return self._db.execute(query).fetchone() == (0,)

    def purse_fen(self, card: int) -> int:
        """What the ledger says a card holds."""
        query = "SELECT balance_fen FROM account WHERE type = 'purse' AND key = ?"
        row = self._db.execute(query, (str(card),)).fetchone()
        return row[0] if row else 0

    def highest(self, terminal: int) -> int:
        """The last record of a terminal, 0 for none."""
        query = "SELECT max(serial) FROM record WHERE terminal = ?"
        return self._db.execute(query, (terminal,)).fetchone()[0] or 0

    def serials(self, terminal: int) -> set[int]:
        """All its records."""
        query = "SELECT serial FROM record WHERE terminal = ?"
        return {row[0] for row in self._db.execute(query, (terminal,))}

    def rows(self) -> set[tuple[int, int]]:
        """(terminal, serial) of every transfer that a record caused."""
        query = "SELECT terminal, serial FROM transfer WHERE serial > 0"
        return set(self._db.execute(query))

    def greys(self) -> list[tuple[int, int, int, int]]:
        """(card, counter, terminal, serial) of each record whose outcome is not known."""
        query = "SELECT card, content, terminal, serial FROM record WHERE outcome = ?"
        rows = self._db.execute(query, (_GREY,))
        return [(card, u24(raw, 20), terminal, serial) for card, raw, terminal, serial in rows]

    def faulty(self, *faults: int) -> set[int]:
        """Cards with records of these faults."""
        marks = ",".join("?" * len(faults))
        query = f"SELECT DISTINCT card FROM record WHERE fault IN ({marks})"
        return {row[0] for row in self._db.execute(query, faults)}

    def faults(self) -> dict[int, int]:
        """Fault or reason of quarantine -> how many records have it."""
        query = (
            "SELECT fault, count(*) FROM (SELECT fault FROM record WHERE fault <> 0"
            " UNION ALL SELECT reason FROM quarantine) GROUP BY fault"
        )
        return dict(self._db.execute(query).fetchall())

    def listed(self) -> tuple[int, frozenset[int]]:
        """The newest version of the blacklist, and its cards; all versions on the way are kept."""
        query = "SELECT version FROM list_version WHERE list = 0 AND version > ? ORDER BY version"
        for (version,) in self._db.execute(query, (self._version,)).fetchall():
            changes = self._db.execute(
                "SELECT card, listed FROM list_change WHERE list = 0 AND version = ?", (version,)
            )
            for card, listed in changes:
                self._listed = self._listed | {card} if listed else self._listed - {card}
            self._version = version
            self.versions.setdefault(version, set()).add(self._listed)
        return self._version, self._listed

    def trace(self) -> tuple[int, int]:
        """What a stranger must not change: records, and transfers."""
        query = "SELECT (SELECT count(*) FROM record), (SELECT count(*) FROM transfer)"
        return self._db.execute(query).fetchone()

    def pages(self) -> int:
        """How big the file is."""
        return self._db.execute("PRAGMA page_count").fetchone()[0]
