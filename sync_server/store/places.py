"""What the judge must know of each terminal (core.known.Place): read once, then remembered."""

from __future__ import annotations

from protocol import reasons, record
from sync_server.core.known import Place
from sync_server.store.database import Database


class Places:
    """`known`: what was read so far; the judge keeps it up to date (core.ingest)."""

    def __init__(self, db: Database):
        self._db = db
        self.known: dict[int, Place] = {}
        db.reminds(self)

    def remember(self) -> None:
        """Nothing: each is read when it is asked for."""
        self.known.clear()

    def changed(self, number: int) -> None:
        """A terminal has another merchant or place, or is new: it is read again."""
        self.known.pop(number, None)

    def of(self, number: int) -> Place:
        """Of one terminal; of one that is unknown, with nothing in it."""
        place = self.known.get(number)
        if place is None:
            place = self.known[number] = self._read(number)
        return place

    def _read(self, number: int) -> Place:
        connection = self._db.conn
        row = connection.execute(
            "SELECT merchant FROM terminal WHERE number = ?", (number,)
        ).fetchone()
        place = Place(row[0] if row else None)
        last = connection.execute(
            "SELECT serial, content FROM record WHERE terminal = ? ORDER BY serial DESC LIMIT 1",
            (number,),
        ).fetchone()
        if last:
            place.highest, place.chain = last[0], record.chain_of(last[1])
        self._pass_damaged(number, place)
        place.lost = tuple(
            connection.execute(
                "SELECT first, last FROM lost WHERE terminal = ? ORDER BY first", (number,)
            )
        )
        return place

    def _pass_damaged(self, number: int, place: Place) -> None:
        """What came damaged after the highest record counts as here (core.ingest)."""
        damaged = self._db.conn.execute(
            "SELECT raw FROM quarantine WHERE terminal = ? AND reason = ?",
            (number, reasons.BAD_RECORD),
        )
        for serial in sorted({int.from_bytes(raw[:4], "big") for (raw,) in damaged}):
            if serial == place.highest + 1 < 0xFFFFFFFF:
                place.highest, place.chain = serial, b""
