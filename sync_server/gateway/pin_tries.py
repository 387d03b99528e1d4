"""Whether a PIN that was keyed in at a terminal is right.

Three steps, so that no try is free: the writer thread counts it and commits; argon2id is computed
beside the loop; the writer thread keeps what came of it and commits; then the answer leaves. A
server that is killed in between has counted it. The PIN is in no log and in no error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from sync_server.core.pins import Begun, Verdict
from sync_server.gateway.commit import Writer

if TYPE_CHECKING:
    from sync_server.store.store import Store

AT_ONCE = 2  # each takes 64 MiB
Done = Callable[[Verdict | None, Exception | None], None]


class Hashing:
    """argon2id (RFC 9106, its second recommended choice), for some tries at once. Any thread."""

    def __init__(self) -> None:
        self.hasher = PasswordHasher()
        self._pool = ThreadPoolExecutor(AT_ONCE, "pin")

    def hashed(self, pin: str) -> str:
        """With its salt and costs; blocks."""
        return self._pool.submit(self.hasher.hash, pin).result()

    def is_right(self, hashed: str, pin: str) -> Future[bool]:
        """Is this the PIN?"""
        return self._pool.submit(self._verify, hashed, pin)

    def _verify(self, hashed: str, pin: str) -> bool:
        try:
            return self.hasher.verify(hashed, pin)
        except (Argon2Error, InvalidHashError):
            return False

    def close(self) -> None:
        """Begin no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class PinTries:
    """Only for the loop's thread."""

    def __init__(self, writer: Writer, store: Store, hashing: Hashing):
        self._writer = writer
        self._store = store
        self._hashing = hashing
        self._running: set[asyncio.Task[None]] = set()

    def judge(self, terminal: int, values: Any, pin: str, done: Done) -> None:
        """One try. `done(verdict, error)` on the loop; no verdict: nothing was looked at."""

        def begun(found: Begun | Verdict | None, error: Exception | None) -> None:
            if not isinstance(found, Begun):
                done(found, error)
                return
            task = asyncio.ensure_future(self._look(found, pin, done))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

        asked = (values.card, terminal, values.serial, values.amount_fen)
        self._writer.post(begun, self._store.pins.begin, *asked, int(time.time()))

    async def _look(self, found: Begun, pin: str, done: Done) -> None:
        is_right = await asyncio.wrap_future(self._hashing.is_right(found.hashed, pin))
        self._writer.post(done, self._store.pins.end, found.number, is_right, int(time.time()))
