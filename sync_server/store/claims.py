"""Claims and the devices that used them, in the database. What is sealed is the keyring's."""

from __future__ import annotations

from typing import Any

from protocol.errors import LocalError
from sync_server.store.database import Database
from sync_server.store.places import Places
from sync_server.store.terminals import Terminals

_CLAIM = "name, hidden_key, kind, place, merchant, boxes, until_utc_s"


class Claims:
    """A claim lets so many devices become terminals."""

    def __init__(self, db: Database, places: Places, terminals: Terminals):
        self._db = db
        self._places = places
        self._terminals = terminals

    def make(self, claim: dict[str, Any], with_kit: bool, utc_s: int) -> list[int]:
        """Keep a claim (its columns) and forget those that ended. -> numbers of its kit."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE claim SET hidden_key = ? WHERE until_utc_s < ? AND hidden_key != ?",
                (b"", utc_s, b""),
            )
            names = _CLAIM.split(", ")
            row = tuple(claim[name] for name in names) + (utc_s,)
            self._db.insert(f"claim ({_CLAIM}, made_utc_s)", [row])
            if not with_kit:
                return []
            numbers = [
                self._terminals.enrol(
                    claim["kind"], f"{claim['place']} {box}", claim["merchant"], utc_s
                )
                for box in range(1, claim["boxes"] + 1)
            ]
            self._db.insert("kit (terminal, claim)", [(n, claim["name"]) for n in numbers])
            return numbers

    def get(self, name: bytes) -> dict[str, Any] | None:
        """Its columns."""
        rows = self._db.rows(f"SELECT {_CLAIM} FROM claim WHERE name = ?", name)
        return rows[0] if rows else None

    def use(self, claim: dict[str, Any], device: bytes, wanted: int, place: str, utc_s: int) -> int:
        """The terminal that a device is from now on; the same again if it asks again before it has
        met the server. wanted: a number of the claim's kit, or 0. LocalError says why not."""
        with self._db.transaction() as connection:
            row = connection.execute(
                "SELECT t.number, t.kind, t.epoch FROM device d JOIN terminal t"
                " ON t.number = d.terminal WHERE d.id = ?",
                (device,),
            ).fetchone()
            if row is not None:
                number = self._again(row, claim, device, wanted)
            else:
                number = self._first(claim, device, wanted, place, utc_s)
            if place:
                connection.execute(
                    "UPDATE terminal SET place = ? WHERE number = ?", (place, number)
                )
                self._places.changed(number)
            return number

    def set_own_key(self, number: int, hidden: bytes) -> None:
        """The terminal's key was made at the device."""
        with self._db.transaction() as connection:
            connection.execute("UPDATE terminal SET own_key = ? WHERE number = ?", (hidden, number))

    def _again(self, row: Any, claim: dict[str, Any], device: bytes, wanted: int) -> int:
        number, kind, epoch = row
        name = device.hex()
        if kind != claim["kind"]:
            raise LocalError(f"device {name} is terminal {number}, a {kind}: the claim is another")
        if wanted not in (0, number):
            raise LocalError(f"device {name} is terminal {number} and not {wanted}")
        if epoch:
            raise LocalError(
                f"device {name} is terminal {number} and has met the server: two boards with one"
                " id, or a board that needs a replacement"
            )
        return number

    def _first(
        self, claim: dict[str, Any], device: bytes, wanted: int, place: str, utc_s: int
    ) -> int:
        taken = self._db.one("SELECT count(*) FROM device WHERE claim = ?", claim["name"])
        kit = self._kit(claim["name"])
        if wanted and wanted not in kit:
            raise LocalError(f"terminal {wanted} is not of this claim")
        other = kit.get(wanted)
        if other is not None:
            raise LocalError(f"terminal {wanted} is device {other.hex()} already")
        free = [number for number in kit if kit[number] is None]
        if wanted:
            number = wanted
        elif kit:
            if not free:
                raise LocalError(f"this claim was for {claim['boxes']} boxes, all are taken")
            number = free[0]
        elif taken >= claim["boxes"]:
            raise LocalError(f"this claim was for {claim['boxes']} boxes, all are taken")
        else:
            where = place or f"{claim['place']} {taken + 1}"
            number = self._terminals.enrol(claim["kind"], where, claim["merchant"], utc_s)
        row = (device, number, claim["name"], utc_s)
        self._db.insert("device (id, terminal, claim, claimed_utc_s)", [row])
        return number

    def _kit(self, name: bytes) -> dict[int, bytes | None]:
        """number -> the device that took it, in order."""
        return dict(
            self._db.conn.execute(
                "SELECT k.terminal, d.id FROM kit k LEFT JOIN device d USING (terminal)"
                " WHERE k.claim = ? ORDER BY k.terminal",
                (name,),
            ).fetchall()
        )
