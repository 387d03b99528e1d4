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
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from card_layout import keys
from protocol import keypage, messages
from protocol.aes import Aes
from terminal_sim import scenario
from terminal_sim.bad_line import DOWN, BadLine
from terminal_sim.flash import PowerCut
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
_LATER_CUT = 2  # where gear 1 cuts a flash operation, gear 2 cuts a card command this much later
_GREETING = 2  # frames that a terminal hears until its session is open
_PLACE = {messages.POS: "pos", messages.GATE: "gate"}


class Town:
    """One seed's campus. Use: `await open()`, `play(event)`, ..., `await close()`."""

    def __init__(self, seed: int, folder: Path, weather: Weather | None = None):
        self.seed = seed
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
        self._images: dict[int, bytes] = {}  # of copies, as they were made
        self._down_to_s: dict[int, int] = {}
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
            self.stands[number] = self._stand(number, kind, page, f"terminal-{number}")
        self._issue(Aes(keypage.unpack(page).purse).ecb)
        for stand in self.stands.values():
            await stand.boot()
            await self.serve(stand)

    def _stand(self, number: int, kind: int, page: bytes, name: str) -> Stand:
        folder = self.folder / name
        folder.mkdir(parents=True)
        wire = self.wires[number]
        return Stand(number, kind, folder, page, self.oracle, self.utc_s, wire)

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
            self.oracle.add_card(number, uid, key, _purses(card))

    async def close(self) -> list[dict[str, Any]]:
        """Switch everything off. -> what the terminals report."""
        reports = []
        for stand in self.stands.values():
            with contextlib.suppress(OSError, ValueError):
                reports.append(await asyncio.to_thread(stand.terminal.stop))
            stand.close()
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
        wire.calm()

    def cut_line(self, stand: Stand) -> None:
        """The line is down until it is served again."""
        if self.wires[stand.number].is_up:
            self._off_since_s[stand.number] = self.utc_s
        self.wires[stand.number].down()

    async def drain(self, *stands: Stand) -> None:
        """Wait until these terminals have told all that they have, and have the newest list.

        A server that fell is started again; one whose disk is full gets room after a while.
        """
        stands = stands or tuple(self.stands.values())
        waiting = [one for one in stands if self.wires[one.number].is_up]
        began_s, replug_s = time.monotonic(), _REPLUG_S
        while waiting:  # ends: all is told, or it takes too long
            waiting = [one for one in waiting if not self._is_told(one)]
            waited_s = time.monotonic() - began_s
            is_stuck = self.room.fault.startswith("full") and waited_s > _SUFFERS_S
            if is_stuck or not self.room.process.is_running:
                await self.room.mend()
            if waited_s > STUCK_S:
                raise Violation("I3", self._why(waiting[0]))
            for one in waiting if waited_s > replug_s else ():
                replug_s += _REPLUG_S
                if self.wires[one.number].is_troubled:
                    self.wires[one.number].break_off()
                    self.counts["replugged"] += 1
            if waiting:
                await asyncio.sleep(_POLL_S)
        await self.look()

    def _is_told(self, stand: Stand) -> bool:
        ledger = self.room.ledger
        wire = self.wires[stand.number]
        if wire.answers < _GREETING or stand.last_serial() > ledger.highest(stand.number):
            return False
        return self.oracle.terminals[stand.key].listed()[0] == ledger.listed()[0]

    def _why(self, stand: Stand) -> str:
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
            version = self.oracle.terminals[stand.key].listed()[0]
            if version != stand.list[0]:
                stand.list = version, 0
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

    # what happens

    async def play(self, event: scenario.Event) -> None:
        """One event, and what the oracle says to it."""
        if not isinstance(event, (scenario.Later, scenario.Tap, scenario.Link)):
            await self.drain()
        await _PLAYS[type(event)](self, event)

    async def _later(self, event: scenario.Later) -> None:
        self.utc_s += event.seconds
        for stand in self.stands.values():
            stand.shows_time(self.utc_s)

    async def _tap(self, event: scenario.Tap) -> None:
        """One presentation; torn, or cut off; then the oracle."""
        stand, key = self.stands[event.terminal], event.card + event.copy * COPY
        card = self.cards[key]
        in_a_race = event.tear or event.cut or self.weather.copies or self.room.fault
        if in_a_race:
            await self.drain()
        if event.tear:
            card.tear_after(*event.tear)
            self.counts["card_tears"] += 1
        stand.cut_at_card(_at_card(event.cut))
        before = len(self.oracle.cards[key].writes)
        try:
            said = await stand.sell(key, card, event.amount_fen, event.retaps)
        except PowerCut:
            await self.reboot(stand)
            said = await self._resume(stand, event, key, before)
        stand.cut_at_card(0)
        card.leave_after(None)  # what did not tear this tap tears no other
        self.counts["taps"] += 1
        self.counts[said or "gone"] += 1
        self.counts["forged_taps"] += event.copy > 0
        if in_a_race:
            await self.drain()
        if self.weather.copies:
            await self.see_to_forks()

    async def _resume(self, stand: Stand, event: scenario.Tap, key: int, before: int) -> str | None:
        """Power was cut in a sale: the cashier enters it again, and it must be one sale still."""
        self.oracle.tapped(stand.key, key)
        if self.oracle.is_confirmed(stand.key, key, before):
            self.counts["paid_unseen"] += 1
        if not stand.is_pos or not event.resumes:
            return "cut"
        self.counts["resumed"] += 1
        return await stand.sell(key, self.cards[key], event.amount_fen, 1, before)

    async def reboot(self, stand: Stand) -> None:
        """Power was cut; it comes back. Its line waits until it is served."""
        self.counts["power_cuts"] += 1
        self.cut_line(stand)
        stand.power_off()
        await stand.boot()
        await self.look()

    async def _serve(self, event: scenario.Serve) -> None:
        """A line is served; power may fail at one of the server's words."""
        stand, wire = self.stands[event.terminal], self.wires[event.terminal]
        if self.utc_s < self._down_to_s.get(event.terminal, 0):
            return
        if event.cut:
            left = event.cut.n

            def passed(way: str) -> None:
                nonlocal left
                left -= way == DOWN
                if not left:
                    stand.power_off()

            wire.on_frame = passed
            wire.up()
            await self._until_off(stand)
            wire.on_frame = lambda way: None
            if not stand.terminal.is_running:
                await self.reboot(stand)
        await self.serve(stand)
        if not self.weather.hurry:
            self.cut_line(stand)
        await self.see_to_forks()

    async def _until_off(self, stand: Stand) -> None:
        """It has lost its power, or has told all."""
        began_s = time.monotonic()
        while stand.terminal.is_running and not self._is_told(stand):  # ends: see drain
            if not self.room.process.is_running or self.room.fault:
                await self.room.mend()
            if time.monotonic() - began_s > STUCK_S:
                raise Violation("I3", self._why(stand))
            await asyncio.sleep(_POLL_S)

    async def _link(self, event: scenario.Link) -> None:
        self.wires[event.terminal].trouble(event.fault, event.messages, event.noise)

    async def _down(self, event: scenario.Down) -> None:
        self.cut_line(self.stands[event.terminal])
        self._down_to_s[event.terminal] = self.utc_s + event.seconds
        self.counts["spells"] += 1

    async def _loss(self, event: scenario.Loss) -> None:
        await self.relist(event.card, event.listed)

    async def _server(self, event: scenario.Server) -> None:
        room = self.room
        if event.fault == "backup":
            room.backup()
        elif event.fault == "restore":
            await self._restore()
        else:
            self.counts[f"server_{event.fault}"] += 1
            await room.suffer(event.fault, event.n)
            await self.drain()

    async def _restore(self) -> None:
        """The server comes back as it was; what it lacks the terminals still have."""
        highest = self.room.backed_up()
        if highest is None:
            return
        had = {number: highest.get(number, 0) for number in self.stands}
        if not self.oracle.still_has(had):
            self.counts["restores_too_old"] += 1
            return
        await self.room.restore()
        for wire in self.wires.values():
            wire.break_off()
        for number, stand in self.stands.items():
            self.oracle.has_up_to(stand.key, had[number])
        unnamed = [posting for posting, is_so in self.room.ledger.new_postings() if is_so]
        self.oracle.restored(self.room.ledger.rows(), unnamed)
        self.counts["restores"] += 1
        await self.drain()

    async def _clock(self, event: scenario.Clock) -> None:
        stand = self.stands[event.terminal]
        if event.fault == "jump":
            stand.off_s += event.seconds
        elif event.fault == "drift":
            stand.drift_s = event.seconds
        else:
            stand.set_clock(event.seconds)
        stand.shows_time(self.utc_s)
        self.counts["clock_faults"] += 1

    async def _brownout(self, event: scenario.Brownout) -> None:
        """Power comes and goes while it starts."""
        stand = self.stands[event.terminal]
        self.cut_line(stand)
        stand.power_off()
        for cut in event.cuts:
            stand.terminal.start()
            await asyncio.sleep(cut.noise % 150 / 1000)
            stand.power_off()
            self.counts["cuts_in_recovery"] += 1
        await self.reboot(stand)

    async def _copy(self, event: scenario.Copy) -> None:
        """Somebody copies a card as it is now."""
        key = event.card + event.copy * COPY
        self._images[key] = self.cards[event.card].dump()
        card = self.cards[key] = MifareClassic.load(self._images[key])
        self.oracle.add_copy(key, event.card, _purses(card))
        self.counts["copies"] += 1

    async def _rollback(self, event: scenario.Rollback) -> None:
        key = event.card + event.copy * COPY
        self.cards[key].memory[:] = self._images[key]
        self.oracle.cards[key].rolled_back()
        self.counts["rollbacks"] += 1

    async def _not_played(self, event: scenario.Event) -> None:
        """Copied and burnt terminals, strangers: gear 1's."""
        self.counts["not_played"] += 1


def _at_card(cut: scenario.Cut | None) -> int:
    """At which card command power fails; a cut in flash becomes one of these."""
    if cut is None:
        return 0
    return cut.n if cut.where == "card" else cut.n + _LATER_CUT


def _purses(card: MifareClassic) -> Callable[[], tuple[bytes, bytes]]:
    return lambda: (card.block(5), card.block(6))


_PLAYS: dict[type, Callable[[Town, Any], Awaitable[None]]] = {
    scenario.Later: Town._later,
    scenario.Tap: Town._tap,
    scenario.Serve: Town._serve,
    scenario.Link: Town._link,
    scenario.Down: Town._down,
    scenario.Loss: Town._loss,
    scenario.Server: Town._server,
    scenario.Clock: Town._clock,
    scenario.Brownout: Town._brownout,
    scenario.Copy: Town._copy,
    scenario.Rollback: Town._rollback,
    scenario.Clone: Town._not_played,
    scenario.WrongKey: Town._not_played,
    scenario.Burn: Town._not_played,
}
