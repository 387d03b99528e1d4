"""A terminal that is only a session and its messages: for load, and for the gateway's tests.

What it is not: the firmware. It has no flash, no cards and no journal; it speaks the protocol as
`firmware/core/uploader.py` does and keeps its list as a set in memory.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from typing import Any

from protocol import blacklist, frame, hkdf, messages, record, states
from protocol.errors import RemoteError
from protocol.session import Session

NO_DIGEST = bytes(16)


class PlainTerminal(asyncio.Protocol):
    """One terminal over TCP; reconnect with a new call of `connect` and a higher epoch."""

    def __init__(self, number: int, key: bytes, kind: int = messages.POS):
        self.number = number
        self.kind = kind
        self.cards: set[int] = set()
        self.versions = {messages.BLACKLIST: 0, messages.GRANTS: 0}
        self.digests = {messages.BLACKLIST: NO_DIGEST, messages.GRANTS: NO_DIGEST}
        self.params_version = 0
        self.params = b""
        self.rejected: int | None = None
        self.pushes: list[int] = []  # numbers of the messages that were pushed
        self.pushed_s = 0.0  # time of the last one
        self.fetches = 0
        self.faults = 0  # frames that were not the server's
        self.deaf = False  # do not answer pushes
        self.queue = 0
        self.acked_to = 0
        self.closed: asyncio.Future[None]
        self.transport: asyncio.Transport
        self._key = key
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._lost = True

    async def connect(self, port: int, epoch: int, report: bool = True) -> None:
        """Connect, shake hands and (as the proof) report. ConnectionError when turned away."""
        self._begin()
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", port)
        await self._greet(epoch, report)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._session = Session(states.TERMINAL, self.number, self._derive, os.urandom)
        self._receiver = frame.Receiver()
        self._waiting.clear()
        self._turn = asyncio.Lock()
        self._challenged = loop.create_future()
        self._lost = False
        self.closed = loop.create_future()

    async def _greet(self, epoch: int, report: bool) -> None:
        self.transport.write(self._session.hello(epoch))
        await self._challenged
        if report:
            await self.report()

    def _derive(self, salt: bytes, info: bytes, length: int) -> bytes:
        return hkdf.derive(self._key, salt, info, length)

    def connection_made(self, transport) -> None:
        """asyncio: connected."""
        self.transport = transport

    def connection_lost(self, exc) -> None:
        """asyncio: gone; whoever waits learns it."""
        self._lost = True
        if not self.closed.done():
            self.closed.set_result(None)
        for waiting in (self._challenged, *self._waiting):
            if not waiting.done():
                waiting.set_exception(ConnectionError(f"closed, rejected {self.rejected}"))
                waiting.exception()  # seen, even if nobody waits any more

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes."""
        for _, kind, payload in self._receiver.feed(data):
            try:
                events = self._session.receive(kind, payload)
            except RemoteError:
                self.faults += 1
                continue
            if kind == frame.CHALLENGE and not self._challenged.done():
                self._challenged.set_result(None)
            for name, value in events:
                if name == "send":
                    self.transport.write(value)
                elif name == "reply":
                    self._waiting.popleft().set_result(value)
                elif name == "rejected":
                    self.rejected = value
                elif name == "request":
                    self._pushed(value)

    def send(self, body: bytes) -> asyncio.Future[bytes]:
        """Send a request; the future is its reply's body. LocalError if one is outstanding."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        if self._lost:
            answer.set_exception(ConnectionError("not connected"))
        else:
            self.transport.write(self._session.request(body))
        return answer

    async def ask(self, number: int, values: tuple = (), tail: bytes = b"") -> tuple:
        """A request and its decoded reply: (number, values, tail); one after another."""
        async with self._turn:
            return messages.decode(await self.send(messages.encode(number, values, tail)))

    async def report(self) -> Any:
        """Say what this terminal has; the server's STATE."""
        lists, digests = self.versions, self.digests
        values = (
            int(time.time()), 1, 0, 0, self.kind, lists[messages.BLACKLIST],
            digests[messages.BLACKLIST][:8], lists[messages.GRANTS], self.params_version,
            self.acked_to + self.queue + 1, self.acked_to, self.queue, 0, 16384, 90_000,
            1, 0, 0, 1, 0,
        )  # fmt: skip
        return (await self.ask(messages.REPORT, values))[1]

    # pushes

    def _pushed(self, body: bytes) -> None:
        number, values, tail = messages.decode(body, states.SERVER)
        self.pushes.append(number)
        self.pushed_s = time.perf_counter()
        if self.deaf:
            return
        if number == messages.PARAMS:
            self.params_version, self.params = values.version, tail
            answer: tuple[int, tuple] = (
                messages.PARAMS_STATE,
                (values.version, messages.APPLIED),
            )
        elif number == messages.DELTA:
            answer = (messages.LIST_STATE, self._apply(values, tail))
        elif number == messages.NEWS:
            state = (values.list, values.version, NO_DIGEST, messages.FETCHING)
            answer = (messages.LIST_STATE, state)
            asyncio.get_running_loop().create_task(self.fetch(values.list))
        else:
            answer = (messages.COMMAND_STATE, (values.op, messages.APPLIED))
        self.transport.write(self._session.reply(messages.encode(*answer)))

    def _apply(self, values, tail: bytes) -> tuple:
        number = values.list
        if values.before != self.versions[number]:
            return number, self.versions[number], self.digests[number], messages.NEED_FULL
        universe, added, removed = blacklist.decode_delta(tail)
        cards = (self.cards | set(added)) - set(removed)
        digest = blacklist.digest(blacklist.bitmap(sorted(cards), universe))
        if digest != values.digest:
            return number, self.versions[number], self.digests[number], messages.NEED_FULL
        if number == messages.BLACKLIST:
            self.cards = cards
        self.versions[number], self.digests[number] = values.after, digest
        return number, values.after, digest, messages.APPLIED

    async def fetch(self, number: int) -> None:
        """Get a full list chunk by chunk, then report it."""
        self.fetches += 1
        version, blob = 0, b""
        while True:  # ends with the last chunk or the connection
            _, head, tail = await self.ask(messages.FETCH, (number, version, len(blob)))
            if head.version != version:
                version, blob = head.version, b""
            blob = blob[: head.offset] + tail
            if len(blob) >= head.total:
                break
        self.versions[number], self.digests[number] = version, head.digest
        if number == messages.BLACKLIST:
            self.cards = set(blacklist.decode(blob))
        await self.report()

    def close(self) -> None:
        """Hang up."""
        self.transport.close()


class Tape:
    """Makes the records of one terminal, numbered and chained as its journal would."""

    def __init__(self, terminal: int, cards: list[int] | None = None, balance_fen: int = 0):
        self.serial = 0
        self._terminal = terminal
        self._chain = record.first_chain(terminal)
        self._cards = cards or [0]
        # counter, balance, serial and amount of the last record, of cards used nowhere else
        unused = (0, balance_fen, 0, record.UNKNOWN_AMOUNT_FEN)
        self._purses = dict.fromkeys(self._cards, unused)
        self._passes = not balance_fen

    def take(self, count: int) -> bytes:
        """The next `count` records as the tail of a BATCH: purchases, or passes without money."""
        return b"".join(self._next() for _ in range(count))

    def _next(self) -> bytes:
        self.serial += 1
        card = self._cards[self.serial % len(self._cards)]
        values = dict.fromkeys(record.Record._fields, 0)
        values.update(
            serial=self.serial,
            type=record.PASS,
            flags=record.ONLINE | record.CLOCK_TRUSTED,
            utc_s=1_700_000_000 + self.serial,
            card=card,
            credential=record.credential(record.MIFARE, 0),
        )
        if not self._passes:
            self._pay(values, card)
        raw = record.pack(record.Record(**values), self._chain, record.DONE)
        self._chain = record.chain_of(raw)
        return raw

    def _pay(self, values: dict[str, int], card: int) -> None:
        counter, balance_fen, serial, amount_fen = self._purses[card]
        price_fen = 100 + self.serial % 900
        values.update(
            type=record.PURCHASE,
            flags=values["flags"] | record.PURSE_READ,
            amount_fen=price_fen,
            counter=counter,
            balance_fen=balance_fen - price_fen,
            previous_terminal=self._terminal if serial else 0,
            previous_serial=serial,
            previous_amount_fen=amount_fen,
        )
        self._purses[card] = (counter + 1, balance_fen - price_fen, self.serial, price_fen)
