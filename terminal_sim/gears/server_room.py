"""The server of gear 2, and what happens in the room where it stands.

The process is the real `campus serve` over a SQLite file. It is killed, restarted, finds its disk
full or its database locked, is put back to an old backup. Some faults are on order inside it
(sync_server.store.faults) and come when it commits; `mend` starts it anew if it fell, or without
the fault. What it is not: a judge; `ledger_file` reads what is in the file.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from terminal_sim.gears.ledger_file import LedgerFile
from terminal_sim.server import ServerProblem, ServerProcess

_TRIES = 5  # of a call that a fault may have cut off
_SPARE_PAGES = 2  # that a full disk has left
_LOCK_S = 0.2


class ServerRoom:
    """kills: how often it was killed or restarted. fault: what is on order inside it, or ""."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "campus.db"
        self.process = ServerProcess(folder)
        self.fault = ""
        self.kills = 0
        self.mended = 0
        self._backup: sqlite3.Connection | None = None
        self._locks: list[sqlite3.Connection] = []
        self.process.start()
        self.ledger = LedgerFile(self._path)

    def close(self) -> None:
        """Everything ends."""
        self._unlock()
        self.ledger.close()
        self.process.kill()

    async def call(self, method: str, path: str, body: dict | None = None) -> dict[str, Any]:
        """A call of the API; what a fault cut off is asked again of a server without it."""
        for _ in range(_TRIES):
            try:
                return await asyncio.to_thread(self.process.call, method, path, body)
            except ServerProblem:
                if not self.fault and self.process.is_running:
                    raise
                await self.mend()
        raise ServerProblem(f"{method} {path} is never answered")

    async def mend(self) -> None:
        """It runs, and without a fault."""
        if self.process.is_running and not self.fault:
            return
        await self._restart("")
        self.mended += 1

    async def suffer(self, fault: str, n: int) -> None:
        """One of weather.SERVER_FAULTS happens, now or when it next commits."""
        if fault == "locked":
            self._lock(n)
        elif fault == "disk_full":
            await self._restart(f"full@pages:{self.ledger.pages() + _SPARE_PAGES}")
        elif fault == "restart":
            await asyncio.to_thread(self.process.stop)
            await self._restart("")
        else:
            point = ("", "statement", "commit", "committed")[n % 4]
            await self._restart(f"kill@{point}:{1 + n}" if point else "")

    def backup(self) -> None:
        """Put the database aside as it is now."""
        self.forget_backup()
        self._backup = sqlite3.connect(":memory:")
        source = sqlite3.connect(self._path)
        source.backup(self._backup)
        source.close()

    def backed_up(self) -> dict[int, int] | None:
        """Terminal -> highest record in the backup; None if there is none."""
        if self._backup is None:
            return None
        query = "SELECT terminal, max(serial) FROM record GROUP BY terminal"
        return dict(self._backup.execute(query).fetchall())

    async def restore(self) -> None:
        """The database is the backup again, and the process another."""
        assert self._backup is not None
        self._unlock()
        self.process.kill()
        self.ledger.close()
        for path in self._path.parent.glob("campus.db*"):
            if path.suffix in (".db", ".db-wal", ".db-shm"):
                path.unlink()
        target = sqlite3.connect(self._path)
        self._backup.backup(target)
        target.close()
        self.forget_backup()
        await self._restart("")
        self.ledger.begin_anew()

    def forget_backup(self) -> None:
        """There is no backup any more."""
        if self._backup:
            self._backup.close()
        self._backup = None

    async def _restart(self, fault: str) -> None:
        """SIGKILL, and a new process."""
        self._unlock()
        self.process.kill()
        self.kills += 1
        self.fault = fault
        try:
            await asyncio.to_thread(self.process.start, fault)
        except ServerProblem:
            if not fault:
                raise
            self.process.kill()  # it did not even start with it
            self.fault = ""
            await asyncio.to_thread(self.process.start)

    def _lock(self, n: int) -> None:
        """Another process has the database for itself, for a while."""
        self._unlock()  # of two locks of ours the second would wait for the first for ever
        lock = sqlite3.connect(self._path, isolation_level=None, timeout=10)
        lock.execute("BEGIN IMMEDIATE")
        self._locks.append(lock)
        asyncio.get_running_loop().call_later(_LOCK_S * (1 + n % 5), self._unlock)

    def _unlock(self) -> None:
        for lock in self._locks:
            lock.close()
        self._locks.clear()
