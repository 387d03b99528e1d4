"""Bringing every connected terminal to the newest lists and parameters.

Rules:
1. One push is outstanding per terminal (the session is stop-and-wait). What changes meanwhile is
   not queued: when the reply comes, the terminal is told the newest version then (coalescing).
2. A terminal's own word decides what it has: its REPORT and its LIST_STATE, digest included. A
   version with another digest counts as nothing.
3. A delta goes from exactly the version the terminal has; if there is none, or it is too large, or
   the terminal could not apply it, it gets NEWS and fetches the full list at its own pace.
4. What a terminal refuses is not sent again before its next report, so no pair of faults can spin.

What it is not: a promise. Only a confirmed version counts, and the store keeps when (evidence).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from protocol import messages
from sync_server.gateway.commit import Writer
from sync_server.gateway.limits import DELTA_BYTES, FETCHING_S, NOTE_S
from sync_server.gateway.shelf import Shelf

if TYPE_CHECKING:
    from sync_server.gateway.connection import Connection
    from sync_server.keyring import Keyring
    from sync_server.store.store import Store

log = logging.getLogger(__name__)

BLACKLIST = messages.BLACKLIST
GRANTS = messages.GRANTS
PARAMETERS = 2  # not a list on the wire; versioned like one
IMAGE = 3  # the firmware; its version as one number
EMERGENCY = 9  # the order that is in force; its version is its number; of each session anew
WAITING = 4  # the filter of cards that something waits for; of each session anew
KEYS = 5  # card keys of all versions, where there are more than one; of each session anew
SUBJECTS = (EMERGENCY, BLACKLIST, KEYS, GRANTS, PARAMETERS, WAITING, IMAGE)

NOTHING = -1  # the terminal has no version that a delta could start from


class Parcel(NamedTuple):
    """One message ready to be sealed; `digest` is what LIST_STATE must say."""

    subject: int
    version: int
    digest: bytes
    body: bytes


class Hand:
    """What one terminal has, shall have, and is being given."""

    def __init__(self) -> None:
        self.has = dict.fromkeys(SUBJECTS, NOTHING)
        self.wants = dict.fromkeys(SUBJECTS, NOTHING)
        self.parcel: Parcel | None = None
        self.sent_s = 0.0  # monotonic, of the outstanding request; 0.0 without one
        self.preparing = False
        self._not_before_s: dict[int, float] = {}

    def rest(self, subject: int, seconds: float) -> None:
        """Leave this subject alone for a while, or until the next report."""
        self._not_before_s[subject] = time.monotonic() + seconds

    def wake(self) -> None:
        """A report came: everything may be tried again, but for what takes the terminal long."""
        image_s = self._not_before_s.get(IMAGE, 0.0)
        self._not_before_s = {IMAGE: image_s}

    def next_subject(self) -> int | None:
        """What to give next, most urgent first."""
        for subject in SUBJECTS:
            wanted = self.wants[subject]
            lacking = wanted not in (NOTHING, self.has[subject])
            if lacking and time.monotonic() >= self._not_before_s.get(subject, 0.0):
                return subject
        return None


class Pusher:
    """Only for the loop's thread."""

    def __init__(self, writer: Writer, store: Store, keyring: Keyring):
        self._writer = writer
        self._store = store
        self._keyring = keyring
        self._shelf = Shelf(writer)
        self._given: list[tuple[int, int, int]] = []  # to be kept: terminal, version, when
        self.sent = 0
        self.confirmed = 0

    def changed(self, subject: int, version: int, connections: Iterable[Connection]) -> None:
        """These terminals shall have `version` now; returns when what is idle has been sent."""
        for connection in list(connections):
            hand = connection.hand
            if hand.wants[subject] == NOTHING:
                continue  # it has not reported yet; its report will say what it shall have
            hand.wants[subject] = max(version, hand.wants[subject])
            self.look(connection)

    def look(self, connection: Connection) -> None:
        """Send the most urgent thing that this terminal lacks, if it can take one now."""
        hand = connection.hand
        if hand.preparing or not connection.may_be_asked():
            return
        subject = hand.next_subject()
        if subject is None:
            return
        if subject == IMAGE:
            offer = connection.gateway.offer(connection)
            if offer is not None:
                self._send(connection, Parcel(IMAGE, offer[0], b"", offer[1]), None)
            return
        if subject == KEYS:  # made here: no shelf keeps keys
            kind = connection.gateway.terminals[connection.number].kind
            version, tail = self._keyring.newest, self._keyring.card_keys(kind)
            body = messages.encode(messages.KEYS, (version,), tail)
            self._send(connection, Parcel(KEYS, version, b"", body), None)
            return
        hand.preparing = True
        before, version = hand.has[subject], hand.wants[subject]
        scope = 0 if subject in (EMERGENCY, BLACKLIST, WAITING) else connection.number
        self._shelf.get(
            (subject, scope, before, version),
            lambda parcel, error: self._send(connection, parcel, error),
            self._make,
            subject,
            connection.number,
            before,
        )

    def _make(self, subject: int, number: int, before: int) -> Parcel:
        """In the writer thread: the message that brings `before` to the newest version."""
        if subject == PARAMETERS:
            version, blob = self._store.terminals.params(number)
            return Parcel(subject, version, b"", messages.encode(messages.PARAMS, (version,), blob))
        if subject == EMERGENCY:
            version, signed = self._store.emergencies.signed()
            return Parcel(subject, version, b"", messages.encode(messages.EMERGENCY, (), signed))
        if subject == WAITING:
            version, bits = self._store.actions.waiting()
            body = messages.encode(messages.WAITING, (version,), bits)
            return Parcel(subject, version, b"", body)
        if before != NOTHING:
            delta = self._store.lists.delta(subject, number, before)
            if delta is not None and len(delta[2]) <= DELTA_BYTES:
                after, digest, blob = delta
                values = (subject, before, after, digest)
                return Parcel(subject, after, digest, messages.encode(messages.DELTA, values, blob))
        version, _, digest = self._store.lists.state(subject, number)
        return Parcel(subject, version, digest, messages.encode(messages.NEWS, (subject, version)))

    def _send(self, connection: Connection, parcel: Parcel | None, error: Exception | None) -> None:
        hand = connection.hand
        hand.preparing = False
        if parcel is None:
            log.error("push to terminal %d: %s", connection.number, error)
            return
        if not connection.may_be_asked():
            return
        hand.wants[parcel.subject] = max(parcel.version, hand.wants[parcel.subject])
        hand.parcel = parcel
        hand.sent_s = time.monotonic()
        self.sent += 1
        connection.ask(parcel.body)
        if parcel.subject == BLACKLIST:
            self._note(connection, parcel.version)

    def _note(self, connection: Connection, version: int) -> None:
        """Keep when a terminal was given a list; those of a moment together (R17)."""
        if not self._given:
            connection.gateway.loop.call_later(NOTE_S, self._keep_given)
        self._given.append((connection.number, version, int(time.time())))

    def _keep_given(self) -> None:
        given, self._given = self._given, []
        self._writer.post(_logged, self._store.evidence.lists_sent, given)

    def replied(self, connection: Connection, number: int, values) -> None:
        """The terminal answered what it was given."""
        hand = connection.hand
        parcel, hand.parcel, hand.sent_s = hand.parcel, None, 0.0
        if number == messages.IMAGE_STATE:
            connection.gateway.images.said(connection, values)
        if parcel is not None:
            status = self._status(parcel, number, values)
            subject = parcel.subject
            if subject == EMERGENCY:  # refused is refused: who asks in vain must not ask for ever
                hand.has[subject] = parcel.version
                self._answered(connection.number, parcel.version, status)
            elif status in (messages.APPLIED, messages.SAME):
                hand.has[subject] = parcel.version
                if subject == BLACKLIST:
                    connection.gateway.holds(connection.number, parcel.version)
                if subject == KEYS:
                    confirm = self._store.card_keys.confirm
                    self._writer.post(_logged, confirm, connection.number, parcel.version)
                self.confirm(connection.number, subject, parcel.version, parcel.digest)
            elif status == messages.FETCHING:
                hand.rest(subject, FETCHING_S)
            elif status == messages.NEED_FULL and hand.has[subject] != NOTHING:
                hand.has[subject] = NOTHING
            else:
                log.warning("terminal %d refused a push (%s)", connection.number, status)
                hand.rest(subject, 10 * FETCHING_S)
        self.look(connection)

    def _status(self, parcel: Parcel, number: int, values) -> int:
        """What the reply says about this parcel; REFUSED when it speaks of something else."""
        if parcel.subject == PARAMETERS:
            if number == messages.PARAMS_STATE and values.version == parcel.version:
                return values.status
            return messages.REFUSED
        if parcel.subject == EMERGENCY:
            is_it = number == messages.EMERGENCY_STATE and values.number == parcel.version
            return values.status if is_it else messages.REFUSED
        if parcel.subject == WAITING:
            return values.status if number == messages.WAITING_STATE else messages.REFUSED
        if parcel.subject == IMAGE:
            return values.status if number == messages.IMAGE_STATE else messages.REFUSED
        if parcel.subject == KEYS:
            return values.status if number == messages.KEYS_STATE else messages.REFUSED
        if number != messages.LIST_STATE or values.list != parcel.subject:
            return messages.REFUSED
        if values.status in (messages.APPLIED, messages.SAME) and (
            values.version != parcel.version or values.digest != parcel.digest
        ):
            return messages.NEED_FULL
        return values.status

    def _answered(self, number: int, order: int, status: int) -> None:
        """Keep what a terminal made of an order."""
        self.confirmed += 1
        now_s = int(time.time())
        self._writer.post(_logged, self._store.emergencies.answered, order, number, status, now_s)

    def confirm(self, number: int, subject: int, version: int, digest: bytes) -> None:
        """Keep when a terminal confirmed a list: the evidence of who bears a later loss."""
        self.confirmed += 1
        if subject in (BLACKLIST, GRANTS):
            now_s = int(time.time())
            self._writer.post(
                _logged, self._store.lists.confirm, number, subject, version, digest, now_s
            )


def _logged(result: object, error: Exception | None) -> None:
    """Errors of the writer thread are in its log already; the next report confirms again."""
