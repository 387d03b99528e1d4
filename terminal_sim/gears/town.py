"""Gear 2: a campus of real programs, every event followed by the oracle.

The same scenario as gear 1's, played by the real firmware under MicroPython, real PN532 bytes, a
real server on SQLite, with `kill -9` and a bad line between them. In lockstep: an event is over
before the next begins, and before whatever could be in a race with an upload everything has arrived
that can, so what comes of it is the scenario's doing and not the clock's.
What differs from gear 1 is in docs/simulation.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from card_layout import keys
from protocol import keypage, messages
from protocol.aes import Aes
from terminal_sim import scenario
from terminal_sim.bad_line import BadLine
from terminal_sim.gears.server_room import ServerRoom
from terminal_sim.gears.stand import STUCK_S, Stand
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import Oracle, Violation
from terminal_sim.server import ServerProblem
from terminal_sim.weather import Weather

COPY = 1 << 24  # copy n of card c is known as c + n * COPY
_VALID_UNTIL = "2037-12-31"
_POLL_S = 0.002
_REPLUG_S = 1.5  # after a lost push the server would wait 20 s before it hangs up
_SUFFERS_S = 0.5  # with a full disk, before somebody makes room
_ASKS = "请刷卡"
_GREETING = 2  # frames that a terminal hears until its session is open
_PLACE = {messages.POS: "pos", messages.GATE: "gate"}


class Copied(Protocol):
    """A copied terminal (copied_terminal.py)."""

    async def reveal(self) -> None:
        """It meets the server."""

    async def close(self) -> None:
        """Off."""


class Town:
    """One seed's campus. Use: `await open()`, `play(event)`, ..., `await close()`."""

    def __init__(self, seed: int, folder: Path, weather: Weather | None = None):
        self.seed = seed
        weather = weather or scenario.draw(seed, 0).weather
        weather.cpu = weather.codes = 0  # it has MIFARE cards only (docs/simulation.md)
        self.score = scenario.draw(seed, 0, weather)
        self.weather = self.score.weather
        self.folder = folder
        self.oracle = Oracle()
        self.counts: Counter[str] = Counter()
        self.utc_s = int(time.time())  # as the server's: it only goes on from here
        self.room = ServerRoom(folder / "server")
        self.stands: dict[int, Stand] = {}
        self.wires: dict[int, BadLine] = {}
        self.cards: dict[int, MifareClassic] = {}
        self.images: dict[int, bytes] = {}  # of copies, as they were made
        self.copied: list[Copied] = []
        self.troubled_taps = 0  # that the server's fault still lasts
        self.served: set[int] = set()  # terminals whose line goes down before the next tap
        self.down_to_s: dict[int, int] = {}
        self._off_since_s: dict[int, int] = {}
        self.longest_off_s = 0
        self.began_s = time.monotonic()

    # from nothing to a campus that works

    async def open(self) -> None:
        """Enrol, issue, start; returns when every terminal has all that it needs."""
        limit = self.weather.offline_taps
        self.oracle.caps = limit, limit * 2000
        wishes = {"offline_taps_per_card": limit, "offline_fen_per_card": limit * 2000}
        await self.room.call("PUT", "/api/params", wishes)
        page = b""
        for number, kind in enumerate(self.score.kinds, 1):
            name = f"place {number}"
            made, page = self.room.process.enrol(_PLACE[kind], name, f"merchant {number}")
            assert made == number
            wire = self.wires[number] = BadLine(lambda: self.room.process.tcp)
            await wire.open()
            self.put_in(number, page, f"terminal-{number}")
        self._issue(Aes(keypage.unpack(page).purse).ecb)
        for stand in self.stands.values():
            await stand.boot()
            await self.meet(stand)

    async def meet(self, stand: Stand) -> None:
        """A new terminal is served until it has its parameters and asks for cards."""
        await self.serve(stand)
        async with asyncio.timeout(STUCK_S):
            await stand.terminal.panel.screen(_ASKS)

    def put_in(self, number: int, page: bytes, name: str) -> None:
        """A terminal with a new flash stands at its place; it is off, and its line down."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        wire, kind = self.wires[number], self.score.kinds[number - 1]
        wire.down()
        wire.calm()
        made = Stand(number, kind, folder, page, self.oracle, self.utc_s, wire)
        made.tells = partial(self.drain, made)
        self.stands[number] = made

    def _issue(self, encrypt: Callable[[bytes], bytes]) -> None:
        uids = [b"\x5a" + n.to_bytes(3, "big") for n in range(1, self.score.cards + 1)]
        wishes = [
            {
                "holder_kind": 2, "name": "somebody", "uid": uid.hex(), "zones": 1,
                "valid_until": _VALID_UNTIL, "balance_fen": self.score.start_fen,
            }
            for uid in uids
        ]  # fmt: skip
        for uid, (number, blocks) in zip(uids, self.room.process.issue(wishes), strict=True):
            card = self.cards[number] = MifareClassic(uid, blocks)
            key = keys.purse_key(encrypt, uid)
            self.oracle.add_card(number, uid, key, purses(card))

    async def close(self) -> list[dict[str, Any]]:
        """Switch everything off. -> what the terminals report."""
        reports = []
        for stand in self.stands.values():
            with contextlib.suppress(OSError, ValueError):
                reports.append(await asyncio.to_thread(stand.terminal.stop))
            stand.close()
        for copied in self.copied:
            await copied.close()
        for wire in self.wires.values():
            await wire.close()
        self.room.close()
        return reports

    # lines

    async def serve(self, stand: Stand) -> None:
        """The line is up, until terminal and server have nothing to tell each other."""
        wire = self.wires[stand.number]
        if not wire.is_up:
            off_s = self.utc_s - self._off_since_s.get(stand.number, self.utc_s)
            self.longest_off_s = max(self.longest_off_s, off_s)
            wire.up()
        await self.drain(stand)
        self.oracle.opened(stand.key)
        stand.set_clock(self.utc_s)

    def cut_line(self, stand: Stand) -> None:
        """The line is down until it is served again."""
        if self.wires[stand.number].is_up:
            self._off_since_s[stand.number] = self.utc_s
        self.wires[stand.number].down()

    async def hang_up(self, stand: Stand) -> None:
        """The same for a line that was served: it ends when all that was said is heard."""
        if self.wires[stand.number].is_up:
            self._off_since_s[stand.number] = self.utc_s
        await self.wires[stand.number].hang_up()

    async def drain(self, *stands: Stand) -> None:
        """Wait until these terminals have told all that they have, and have the newest list.

        A server that fell is started again; one whose disk is full gets room after a while.
        """
        stands = stands or tuple(self.stands.values())
        waiting = [one for one in stands if self.wires[one.number].is_up]
        began_s, replug_s = time.monotonic(), _REPLUG_S
        while waiting:  # ends: all is told, or it takes too long
            waiting = [one for one in waiting if not self.is_told(one)]
            waited_s = time.monotonic() - began_s
            is_stuck = self.room.fault.startswith("full") and waited_s > _SUFFERS_S
            if is_stuck or not self.room.process.is_running:
                await self.room.mend()
            if waited_s > STUCK_S:
                raise Violation("I3", self.why(waiting[0]))
            for one in waiting if waited_s > replug_s else ():
                replug_s += _REPLUG_S
                if self.wires[one.number].is_troubled:
                    self.wires[one.number].break_off()
                    self.counts["replugged"] += 1
            if waiting:
                await asyncio.sleep(_POLL_S)
        await self.look()

    def is_told(self, stand: Stand) -> bool:
        """The server has all that this terminal has, and it the newest list."""
        ledger = self.room.ledger
        wire = self.wires[stand.number]
        if wire.answers < _GREETING or stand.last_serial() > ledger.highest(stand.number):
            return False
        return self.oracle.terminals[stand.key].listed() == ledger.listed()

    def why(self, stand: Stand) -> str:
        """What it still waits for, in one line."""
        has, known = stand.last_serial(), self.room.ledger.highest(stand.number)
        lists = self.oracle.terminals[stand.key].listed()[0], self.room.ledger.listed()[0]
        return (
            f"terminal {stand.number} does not get rid of what it has: record {has} of {known}, "
            f"list {lists}, {self.wires[stand.number].answers} answers, {stand.terminal.last_line}"
        )

    async def look(self) -> None:
        """What is in the ledger and in the terminals' lists; the oracle judges."""
        ledger = self.room.ledger
        ledger.listed()
        for posting, is_unnamed in ledger.new_postings():
            self.oracle.booked(posting, ledger.sum_fen(), is_unnamed)
        for number, stand in self.stands.items():
            self.oracle.answered(stand.key, ledger.highest(number))
            listed = self.oracle.terminals[stand.key].listed()
            if listed != stand.listed:  # one version may be two lists, if a backup was put back
                stand.listed = listed
                self.oracle.look_at_list(stand.key, ledger.versions)

    async def relist(self, card: int, listed: bool) -> None:
        """A report of a lost card or its withdrawal, until all who hear know it."""
        if (card in self.room.ledger.listed()[1]) != listed:
            path = f"/api/cards/{card}/loss"
            try:
                made = await self.room.call("POST" if listed else "DELETE", path)
                if made.get("waits"):
                    await self.room.call("POST", f"{path}/approval")
            except ServerProblem:  # a fault came between the commit and the answer
                if (card in self.room.ledger.listed()[1]) != listed:
                    raise
            self.counts["list_versions"] += 1
        await self.drain()

    async def see_to_forks(self) -> None:
        """Cards that the server has flagged as copied are listed."""
        for card in sorted(self.room.ledger.faulty(67) - self.room.ledger.listed()[1]):
            await self.relist(card, True)


def purses(card: MifareClassic) -> Callable[[], tuple[bytes, bytes]]:
    """A card's two purse blocks, as they will be when asked."""
    return lambda: (card.block(5), card.block(6))
