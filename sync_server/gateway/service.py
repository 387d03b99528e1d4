"""The gateway itself: who is enrolled, who is connected, what is counted; opening and closing.

What it is not: it holds no truth. All of it is read from the store at start and can be lost at any
instant (SIGKILL) without losing anything that was acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync_server.gateway.commit import Writer
from sync_server.gateway.connection import Connection
from sync_server.gateway.images import Images
from sync_server.gateway.keylog import KeyLog
from sync_server.gateway.limits import CONNECTIONS, SERVING_S, SWEEP_S
from sync_server.gateway.pin_tries import Hashing, PinTries
from sync_server.gateway.push import PARAMETERS, WAITING, Pusher
from sync_server.gateway.shelf import Shelf
from sync_server.gateway.tcp import Line, Outlet

if TYPE_CHECKING:
    from sync_server.centre import Centre
    from sync_server.gateway.channel import Channel
    from sync_server.keyring import Keyring
    from sync_server.store.store import Store

log = logging.getLogger(__name__)


@dataclass
class Enrolled:
    """What the gateway must know of a terminal before it speaks."""

    number: int
    kind: str
    place: str
    generation: int
    epoch: int  # the highest that was admitted
    own_key: bytes | None = None  # hidden; made at the device
    contact_utc_s: int | None = None  # last frame that was authentic
    held: int | None = None  # version of the blacklist that it said it has


class Gateway:
    """Only for the loop's thread, except where `orders` says otherwise."""

    def __init__(self, store: Store, keyring: Keyring):
        self.store = store
        self.loop = asyncio.get_running_loop()
        self.writer = Writer(store, self.loop)
        self.pusher = Pusher(self.writer, store, keyring)
        self.hashing = Hashing()
        self.pin_tries = PinTries(self.writer, store, self.hashing)
        self.fulls = Shelf(self.writer)
        self.terminals: dict[int, Enrolled] = {}
        self.connections: set[Connection] = set()
        self.live: dict[int, Connection] = {}
        self.counts: Counter[str] = Counter()
        self.changes = 0
        self.keyring = keyring
        self.centre: Centre | None = None  # who signs emergencies
        store.records.tac_key = keyring.tac_key
        store.audit.key = keyring.audit_key
        self.images = Images()
        self.channels: dict[str, Channel] = {}  # for top-ups, by name
        self.key_log: KeyLog | None = None
        self._waiting_told = store.actions.waiting_version
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._started_s = 0
        self._open_to_all = True

    def tell_waiting(self) -> None:
        """Something may have been ordered for a card by nobody at a desk: by the record of a sale
        that is cancelled, by a balance that moves to a new card. Then the terminals shall ask for
        it at once, not from their next session on."""
        version = self.store.actions.waiting_version
        if version != self._waiting_told:
            self._waiting_told = version
            self.pusher.changed(WAITING, version, self.live.values())

    def retell(self) -> None:
        """Merchants were admitted, suspended or ended: their terminals get other parameters."""
        self.writer.post(self._retold, self._told)

    def _told(self) -> dict[int, int]:
        """In the writer thread. -> terminal -> version of its parameters, of those concerned"""
        numbers = self.store.merchants.take_told()
        return {number: self.store.terminals.params(number)[0] for number in numbers}

    def _retold(self, versions: dict[int, int] | None, error: Exception | None) -> None:
        for number, version in (versions or {}).items():
            if number in self.live:
                self.pusher.changed(PARAMETERS, version, [self.live[number]])

    async def start(self, host: str, port: int) -> int:
        """Listen; the port that was opened (for 0, the one the system chose). OSError if taken."""
        for row in self.store.terminals.all():
            self.enrolled(row)
        self._server = await self.loop.create_server(
            lambda: Line(self.opened), host, port, backlog=4096, reuse_address=True
        )
        self.writer.start()
        self._started_s = int(time.time())
        self._sweeper = self.loop.create_task(self._sweep())
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Take nothing new, answer what was handed to the writer, hang up."""
        self._open_to_all = False
        if self._server is not None:
            self._server.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.hashing.close()
        self._note_serving()  # until now: evidence of who was away begins here
        await self.loop.run_in_executor(None, self.writer.stop)
        await asyncio.sleep(0)  # the last answers were handed to the loop: let them out
        for connection in list(self.connections):
            connection.close()

    def enrolled(self, row) -> None:
        """A terminal exists (at start, and when one is enrolled)."""
        said = [row.get("list_version"), (row.get("report") or {}).get("list_version")]
        self.terminals[row["number"]] = Enrolled(
            row["number"],
            row["kind"],
            row["place"],
            row["generation"],
            row["epoch"],
            row["own_key"],
            row["contact_utc_s"],
            max((version for version in said if version is not None), default=None),
        )
        self.changes += 1

    def replaced(self, row) -> None:
        """A terminal has a new key: whoever speaks with the old one is hung up on."""
        self.enrolled(row)
        for connection in list(self.connections):
            if connection.number == row["number"]:
                connection.close()

    def derive_for(self, terminal: Enrolled) -> Callable[[bytes, bytes, int], bytes]:
        """The session's key derivation for one terminal: derive(salt, info, length)."""
        derive = self.keyring.deriver(terminal.number, terminal.generation, terminal.own_key)
        return derive if self.key_log is None else self.key_log.watching(terminal.number, derive)

    def opened(self, line: Outlet) -> Connection | None:
        """Somebody new on a line; None: it is refused."""
        if not self._open_to_all or len(self.connections) >= CONNECTIONS:
            self.counts["turned away"] += 1
            return None
        connection = Connection(self, line)
        self.connections.add(connection)
        return connection

    def admit(self, connection: Connection, epoch: int, done: Callable[[bool], None]) -> None:
        """Store an authentic hello's epoch; `done(False)` if a higher one was there already."""
        terminal = self.terminals[connection.number]

        def stored(admitted: bool | None, error: Exception | None) -> None:
            if admitted:
                terminal.epoch = max(terminal.epoch, epoch)
            done(bool(admitted))

        generation = connection.generation
        self.writer.post(
            stored, self.store.terminals.admit_epoch, connection.number, epoch, generation
        )

    def adopt(self, connection: Connection) -> None:
        """From now on this connection is the terminal; the old one ends."""
        old = self.live.get(connection.number)
        self.live[connection.number] = connection
        self.counts["sessions"] += 1
        self.changes += 1
        if old is not None and old is not connection:
            self.counts["replaced"] += 1
            old.close()

    def forget(self, connection: Connection) -> None:
        """The connection ends; the terminal is offline unless another one took its place."""
        if self.live.get(connection.number) is connection:
            del self.live[connection.number]
            self.changes += 1
        terminal = self.terminals.get(connection.number)
        if terminal is not None and connection.live:
            terminal.contact_utc_s = self.contact_utc_s(connection)

    def holds(self, number: int, version: int | None) -> None:
        """A terminal said which version of the blacklist it has; None: nothing usable."""
        self.terminals[number].held = version

    def offer(self, connection: Connection) -> tuple[int, bytes] | None:
        """(version's number, body) of the image for a terminal, None without one."""
        return self.images.offer(self.terminals[connection.number].kind)

    def contact_utc_s(self, connection: Connection) -> int:
        """When this connection last brought a valid frame."""
        return int(time.time() - (time.monotonic() - connection.heard_s))

    def _settled(self, rows: list[dict] | None, error: Exception | None) -> None:
        """Balances of replaced cards are loads now, which wait for the new ones."""
        if rows:
            self.tell_waiting()

    def _note_serving(self) -> None:
        """This server is there now."""
        self.writer.post(_noted, self.store.evidence.serving, self._started_s, int(time.time()))

    async def _sweep(self) -> None:
        noted_s = float("-inf")
        while True:  # ends with stop(), which cancels it
            now_s = time.monotonic()
            if now_s - noted_s >= SERVING_S:
                noted_s = now_s
                self._note_serving()
                self.writer.post(
                    self._settled, self.store.issues.settle, "server", int(time.time())
                )
                self.writer.post(_noted, self.store.merchants.expire, int(time.time()))
                self.retell()
            await asyncio.sleep(SWEEP_S)
            for connection in list(self.connections):
                why = connection.overdue(now_s)
                if why:
                    connection.abort(why)
                elif connection.live:
                    self.pusher.look(connection)


def _noted(result: object, error: Exception | None) -> None:
    """Errors of the writer thread are in its log already."""
