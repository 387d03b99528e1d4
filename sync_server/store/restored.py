"""A database that was restored from a backup: noticed from what terminals know and it does not.

A terminal reports how far it was acknowledged, and which versions it has; anything above what is
here was lost with the backup. It is kept as a sign, and versions jump above what terminals have, so
that one number never means two things. What it is not: proof of what was lost; people look at it.
"""

from __future__ import annotations

from typing import Any

from sync_server.store.database import Database
from sync_server.store.lists import BLACKLIST, GRANTS, Lists
from sync_server.store.parameters import Parameters
from sync_server.store.places import Places
from sync_server.store.terminals import Terminals

# A terminal that errs must not use up the numbers: a record has 24 bits for a list's version.
JUMP_MOST = 1 << 16
_REFILLING = (
    "SELECT terminal FROM restored x WHERE what = 'records' GROUP BY terminal HAVING max(told)"
    " > (SELECT coalesce(max(serial), 0) FROM record r WHERE r.terminal = x.terminal)"
    " AND max(told) > (SELECT coalesce(max(last), 0) FROM lost l WHERE l.terminal = x.terminal)"
)


class Restored:
    """Looked for at every report of a terminal."""

    def __init__(
        self,
        db: Database,
        places: Places,
        parameters: Parameters,
        terminals: Terminals,
        lists: Lists,
    ):
        self._db = db
        self._places = places
        self._parameters = parameters
        self._terminals = terminals
        self._lists = lists

    def compare(self, number: int, told: Any, utc_s: int) -> bool:
        """What a terminal reports (a named tuple of REPORT) beside what is here.

        -> True if the blacklist has another version now: every terminal shall have it.
        """
        highest = self._places.of(number).used
        if told.acked_to > highest:
            self._sign(number, "records", highest, told.acked_to, utc_s)
        version, _ = self._terminals.params(number)
        if self._may_jump(number, "parameters", version, told.params_version, utc_s):
            self._parameters.add(number, above=told.params_version)
        version = self._lists.version(GRANTS, number)
        if self._may_jump(number, "grants", version, told.grants_version, utc_s):
            self._lists.change(GRANTS, number, {}, utc_s, told.grants_version + 1)
        version = self._lists.version(BLACKLIST, 0)
        jumps = self._may_jump(number, "blacklist", version, told.list_version, utc_s)
        if jumps:
            self._lists.change(BLACKLIST, 0, {}, utc_s, told.list_version + 1)
        return jumps

    def signs(self) -> list[dict[str, Any]]:
        """Signs, newest first: terminal, what, had (here), told (by it), noticed_utc_s."""
        return self._db.rows(
            "SELECT terminal, what, had, told, noticed_utc_s FROM restored"
            " ORDER BY id DESC LIMIT 1000"
        )

    def refilling(self) -> set[int]:
        """Terminals that were acknowledged further than their records here reach."""
        return {row[0] for row in self._db.conn.execute(_REFILLING)}

    def _may_jump(self, number: int, what: str, had: int, told: int, utc_s: int) -> bool:
        if told <= had:
            return False
        self._sign(number, what, had, told, utc_s)
        return told - had <= JUMP_MOST

    def _sign(self, number: int, what: str, had: int, told: int, utc_s: int) -> None:
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO restored (terminal, what, had, told, noticed_utc_s)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (number, what, had, told, utc_s),
            )
