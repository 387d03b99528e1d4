"""Lists and losses in the database: each version, who made it, who confirmed it and when.

What a version and a delta are is core.loss_lists'; their bytes are protocol.blacklist's. The set
that is in force is kept in a table of its own and, for one list at a time, in memory.
"""

from __future__ import annotations

from typing import Any

from protocol import blacklist, messages
from sync_server.core import loss_lists
from sync_server.store.cards import Cards
from sync_server.store.database import Database

BLACKLIST = messages.BLACKLIST
GRANTS = messages.GRANTS


class UnknownCard(LookupError):
    """There is no such card."""


class NotListed(LookupError):
    """The card is not reported lost, so there is nothing to withdraw or approve."""


class Lists:
    """`terminal` names the scope of GRANTS; the blacklist has one for all."""

    def __init__(self, db: Database, cards: Cards):
        self._db = db
        self._cards = cards

    def loss_report(self, card: int, by: str, utc_s: int) -> int:
        """The card is lost from now on. -> the version that says so (the old one if it must wait
        for `loss_approve`, or if it says so already). UnknownCard."""
        if card not in self._cards.issued:
            raise UnknownCard(f"card {card} was never issued")
        with self._db.transaction() as connection:
            if self._open_loss(card) or self.is_listed(card):
                return self.version(BLACKLIST, 0)  # the latter: its holder has left
            listed = self._db.one("SELECT count(*) FROM list_member WHERE list = 0")
            lately = self._db.one("SELECT count(*) FROM loss WHERE reported_utc_s > ?", utc_s - 60)
            waits = loss_lists.must_wait(listed, len(self._cards.issued), lately)
            version = None if waits else self.change(BLACKLIST, 0, {card: True}, utc_s)
            connection.execute(
                "INSERT INTO loss (card, reported_by, reported_utc_s, version) VALUES (?, ?, ?, ?)",
                (card, by, utc_s, version),
            )
            return self.version(BLACKLIST, 0)

    def loss_approve(self, card: int, by: str, utc_s: int) -> int:
        """A second person lets a report that waited take effect. -> version. NotListed."""
        with self._db.transaction() as connection:
            loss = self._open_loss(card)
            if not loss or loss["version"] is not None:
                raise NotListed(f"card {card} has no report that waits")
            version = self.change(BLACKLIST, 0, {card: True}, utc_s)
            connection.execute(
                "UPDATE loss SET version = ?, approved_by = ? WHERE id = ?",
                (version, by, loss["id"]),
            )
            return version

    def loss_withdraw(self, card: int, by: str, utc_s: int) -> int:
        """The card was found. -> the version that says so. UnknownCard, NotListed."""
        if card not in self._cards.issued:
            raise UnknownCard(f"card {card} was never issued")
        with self._db.transaction() as connection:
            why = self._db.one("SELECT why FROM closed WHERE card = ?", card)
            if why:
                raise NotListed(f"card {card} is {why} and stays stopped for good")
            loss = self._open_loss(card)
            if not loss:
                raise NotListed(f"card {card} is not reported lost")
            connection.execute(
                "UPDATE loss SET withdrawn_by = ?, withdrawn_utc_s = ? WHERE id = ?",
                (by, utc_s, loss["id"]),
            )
            if loss["version"] is None or self._is_ended(card):
                return self.version(BLACKLIST, 0)
            return self.change(BLACKLIST, 0, {card: False}, utc_s)

    def losses_waiting(self) -> list[dict[str, Any]]:
        """Reports that the brake holds: card, reported_by, reported_utc_s."""
        return self._db.rows(
            "SELECT card, reported_by, reported_utc_s FROM loss"
            " WHERE version IS NULL AND withdrawn_utc_s IS NULL ORDER BY id LIMIT 500"
        )

    def many_would_wait(self, cards: int, utc_s: int) -> bool:
        """Would the brake hold so many cards more on the blacklist?"""
        listed = self._db.one("SELECT count(*) FROM list_member WHERE list = 0")
        lately = self._db.one("SELECT count(*) FROM loss WHERE reported_utc_s > ?", utc_s - 60)
        return loss_lists.must_wait(listed + cards - 1, len(self._cards.issued), lately + cards - 1)

    def end_cards(self, cards: list[int], utc_s: int) -> int:
        """These never work again. -> the version that says so, one for all; inside the caller's
        transaction."""
        self._db.conn.executemany(
            "UPDATE card SET ended_utc_s = ? WHERE number = ? AND ended_utc_s IS NULL",
            [(utc_s, card) for card in cards],
        )
        fresh = {card: True for card in cards if not self.is_listed(card)}
        return self.change(BLACKLIST, 0, fresh, utc_s) if fresh else self.version(BLACKLIST, 0)

    def _is_ended(self, card: int) -> bool:
        query = "SELECT ended_utc_s IS NOT NULL FROM card WHERE number = ?"
        return bool(self._db.one(query, card))

    def is_listed(self, card: int) -> bool:
        """Is the card on the blacklist that is in force?"""
        found = self._db.one("SELECT 1 FROM list_member WHERE list = 0 AND card = ?", card)
        return found is not None

    def loss_state(self, card: int) -> tuple[bool, int, bool]:
        """(on the blacklist, version of its last change there or 0, a report waits). UnknownCard"""
        if card not in self._cards.issued:
            raise UnknownCard(f"card {card} was never issued")
        loss = self._open_loss(card)
        changed = "SELECT max(version) FROM list_change WHERE list = 0 AND card = ?"
        version = self._db.one(changed, card)
        return self.is_listed(card), version or 0, loss is not None and loss["version"] is None

    def confirmed_since(self, version: int) -> int | None:
        """When the last of those terminals confirmed that hold this version or a newer one."""
        return self._db.one(
            "SELECT max((SELECT min(c.confirmed_utc_s) FROM list_confirmed c"
            " WHERE c.terminal = t.number AND c.list = 0 AND c.version >= ?)) FROM terminal t",
            version,
        )

    def reported_since(self, card: int) -> int | None:
        """When it was reported lost, if it is."""
        query = "SELECT max(reported_utc_s) FROM loss WHERE card = ? AND withdrawn_utc_s IS NULL"
        return self._db.one(query, card)

    def loss_changed(self, card: int) -> int:
        """When it was last reported or found, 0: never."""
        query = (
            "SELECT max(CASE WHEN withdrawn_utc_s > reported_utc_s THEN withdrawn_utc_s"
            " ELSE reported_utc_s END) FROM loss"
        )
        return self._db.one(f"{query} WHERE card = ?", card) or 0

    def set_grants(self, terminal: int, numbers: list[int], utc_s: int) -> int:
        """Exactly these cards may pass at this gate. -> version. UnknownCard names the first."""
        wanted = set(numbers)
        unknown = wanted - self._cards.issued
        if unknown:
            raise UnknownCard(f"card {min(unknown)} was never issued")
        with self._db.transaction():
            have = self._members(GRANTS, terminal)
            change = dict.fromkeys(wanted - have, True) | dict.fromkeys(have - wanted, False)
            if not change:
                return self.version(GRANTS, terminal)
            return self.change(GRANTS, terminal, change, utc_s)

    def state(self, list_id: int, terminal: int) -> tuple[int, int, bytes]:
        """(version, universe, digest) in force; version 0 is the empty list before any change."""
        row = self._db.conn.execute(
            "SELECT version, universe, digest FROM list_version WHERE list = ? AND scope = ?"
            " ORDER BY version DESC LIMIT 1",
            (list_id, _scope(list_id, terminal)),
        ).fetchone()
        if row:
            return row[0], row[1], row[2]
        universe = loss_lists.universe(0)
        return 0, universe, loss_lists.digest((), universe)

    def full(self, list_id: int, terminal: int) -> tuple[int, bytes, bytes]:
        """(version, digest, the whole list in force, encoded)."""
        version, universe, digest = self.state(list_id, terminal)
        members = self._members(list_id, _scope(list_id, terminal))
        return version, digest, blacklist.encode(sorted(members), universe)

    def delta(self, list_id: int, terminal: int, before: int) -> tuple[int, bytes, bytes] | None:
        """(version, digest, what changed since `before`, encoded); None if it was never made."""
        scope = _scope(list_id, terminal)
        version, universe, digest = self.state(list_id, terminal)
        if not 0 <= before < version or before and not self._was_made(list_id, scope, before):
            return None
        now = self._members(list_id, scope)
        changes = self._db.conn.execute(
            "SELECT card, listed FROM list_change WHERE list = ? AND scope = ? AND version > ?"
            " ORDER BY version",
            (list_id, scope, before),
        )
        was = loss_lists.before(now, ((card, bool(listed)) for card, listed in changes))
        blob = blacklist.encode_delta(sorted(now - was), sorted(was - now), universe)
        return version, digest, blob

    def confirm(self, number: int, list_id: int, version: int, digest: bytes, utc_s: int) -> None:
        """A terminal said that it holds this version; the first time is what counts (R17)."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO list_confirmed VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (number, list_id, version, digest, utc_s),
            )

    def _open_loss(self, card: int) -> dict[str, Any] | None:
        rows = self._db.rows(
            "SELECT id, version FROM loss WHERE card = ? AND withdrawn_utc_s IS NULL", card
        )
        return rows[0] if rows else None

    def _was_made(self, list_id: int, scope: int, version: int) -> bool:
        """Numbers are left out after a backup was restored (restored.py)."""
        found = "SELECT 1 FROM list_version WHERE list = ? AND scope = ? AND version = ?"
        return self._db.one(found, list_id, scope, version) is not None

    def version(self, list_id: int, scope: int) -> int:
        """The newest of a list; 0 before any change."""
        return self.state(list_id, scope)[0]

    def _members(self, list_id: int, scope: int) -> set[int]:
        rows = self._db.conn.execute(
            "SELECT card FROM list_member WHERE list = ? AND scope = ?", (list_id, scope)
        )
        return {row[0] for row in rows}

    def change(
        self, list_id: int, scope: int, change: dict[int, bool], utc_s: int, least: int = 0
    ) -> int:
        """A new version, not below `least`; inside the caller's transaction."""
        connection = self._db.conn
        version = max(self.version(list_id, scope) + 1, least)
        connection.executemany(
            "INSERT INTO list_change VALUES (?, ?, ?, ?, ?)",
            [(list_id, scope, version, card, listed) for card, listed in change.items()],
        )
        for listed, statement in (
            (True, "INSERT INTO list_member VALUES (?, ?, ?)"),
            (False, "DELETE FROM list_member WHERE list = ? AND scope = ? AND card = ?"),
        ):
            rows = [(list_id, scope, card) for card, on in change.items() if on == listed]
            connection.executemany(statement, rows)
        universe = loss_lists.universe(max(self._cards.issued, default=0))
        digest = loss_lists.digest(self._members(list_id, scope), universe)
        connection.execute(
            "INSERT INTO list_version VALUES (?, ?, ?, ?, ?, ?)",
            (list_id, scope, version, universe, digest, utc_s),
        )
        return version


def _scope(list_id: int, terminal: int) -> int:
    return 0 if list_id == BLACKLIST else terminal
