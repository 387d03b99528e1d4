"""What the live streams read: one shared snapshot of the server, at most three a second.

What it is not: a queue. A stream that falls behind simply sends the newest state, so a slow browser
costs nothing and a burst of 20,000 records a second makes three page updates. Limits: `limit`
streams at once, TAPS rows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sync_server.gateway.orders import Orders

PERIOD_S = 0.3
TAPS = 60


@dataclass(frozen=True)
class Snapshot:
    """One look at the server; `taps` newest first."""

    status: dict[str, Any]
    taps: list[dict[str, Any]]
    utc_s: int


class Full(Exception):
    """All places for live streams are taken."""


class Feed:
    """Shares snapshots among streams; any thread may call it."""

    def __init__(self, orders: Orders, limit: int):
        self._orders = orders
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(limit)
        self._closing = threading.Event()
        self._seen_changes = -1
        self._taken_s = 0.0
        self._snapshot: Snapshot | None = None

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places for streams; raises Full."""
        if not self._places.acquire(blocking=False):
            raise Full("too many live pages are open")
        try:
            yield
        finally:
            self._places.release()

    def snapshot(self) -> Snapshot:
        """The state not older than PERIOD_S; the same object while nothing changed."""
        with self._lock:
            now = time.monotonic()
            if self._snapshot is None or now - self._taken_s >= PERIOD_S:
                changes = self._orders.changes()
                self._taken_s = now
                if self._snapshot is None or changes != self._seen_changes:
                    self._seen_changes = changes
                    self._snapshot = Snapshot(
                        self._orders.status(), self._orders.recent(TAPS), int(time.time())
                    )
            return self._snapshot

    def pause(self) -> bool:
        """Wait one period; False when the server is going down."""
        return not self._closing.wait(PERIOD_S)

    def close(self) -> None:
        """Let every stream end."""
        self._closing.set()
