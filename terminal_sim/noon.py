"""A noon of the invented campus (people.py) at a POS and a gate with the real firmware.

The holders come as the generator says; cards reported lost are reported over HTTP while taps go on,
and every tap of such a card after that must be refused. Played once as fast as it goes, or noon
after noon, paced for people to watch: what was lost is found again for the next one.
What it is not: a proof; `campus replay` and the tests compare record by record.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path

from protocol import record
from terminal_sim import draw, fleet, people
from terminal_sim.fleet import ACCEPTED, Fleet, Place
from terminal_sim.mifare import MifareClassic
from terminal_sim.people import Act
from terminal_sim.server import ServerProcess

UPLOAD_WAIT_S = 60
LIST_WAIT_S = 10
SHOWERS, UNITS, RICH_FEN = 3, 8, 2000
TAPS = (record.PURCHASE, record.PASS, record.REFUSAL)
EXPIRED, VALID = "2020-06-30", "2037-12-31"


class WrongDecision(RuntimeError):
    """A terminal accepted a card that it knew to be lost."""


class Noon:
    """A campus of `holders` people. figures() of `once` are what the summary prints."""

    def __init__(self, server: ServerProcess, folder: Path, seed: int, holders: int, taps: int):
        self._server = server
        self._folder = folder
        self._seed = seed
        self._taps = taps
        self._holders = people.holders(seed, holders)
        self._cards: list[tuple[int, MifareClassic]] = []
        self._lost: set[int] = set()
        self._counts = dict.fromkeys(("taps", "accepted", "refused", "lost_refused", "showers"), 0)

    async def once(self) -> dict[str, int]:
        """One noon. -> the summary. TimeoutError, ServerProblem, WrongDecision."""
        async with Fleet(self._server, self._folder) as made:
            pos, gate, valve = await self._open(made)
            await self._play(self._seed, pos, gate, 0)
            await self._showers(valve, SHOWERS)
            return await self._summary(pos, gate)

    async def forever(self, pace_s: float) -> None:
        """Noon after noon, `pace_s` seconds from tap to tap, until it is cancelled."""
        async with Fleet(self._server, self._folder) as made:
            pos, gate, valve = await self._open(made)
            for seed in itertools.count(self._seed):
                await self._play(seed, pos, gate, pace_s)
                await self._showers(valve, SHOWERS)
                for card in sorted(self._lost):
                    await self._change("DELETE", card)
                self._lost.clear()

    async def _open(self, made: Fleet) -> tuple[Place, Place, Place]:
        """Issue the cards, start the terminals, give the gate its list. -> POS, gate and valve."""
        self._issue()
        pos = made.add("pos", "第一食堂 1 号窗", "第一食堂")
        gate = made.add("gate", "东门", "保卫处")
        valve = made.add("water", "一号浴室", "浴室")
        grants = [
            card
            for (card, _), holder in zip(self._cards, self._holders, strict=True)
            if holder.may_pass
        ]
        path = f"/api/terminals/{gate.number}"
        self._server.call("PUT", f"{path}/params", {"grants_only": 1})
        self._server.call("PUT", f"{path}/grants", {"cards": grants})
        await made.ready()
        return pos, gate, valve

    async def _play(self, seed: int, pos: Place, gate: Place, pace_s: float) -> None:
        for act in people.noon(seed, len(self._holders), self._taps):
            await self._do(act, pos, gate)
            if pace_s:
                await asyncio.sleep(pace_s)

    def _issue(self) -> None:
        wishes = [
            {
                "holder_kind": holder.kind,
                "name": holder.name,
                "uid": holder.uid.hex(),
                "valid_until": EXPIRED if holder.is_expired else VALID,
                "zones": 1,
                "balance_fen": holder.balance_fen,
            }
            for holder in self._holders
        ]
        for holder, (number, blocks) in zip(self._holders, self._server.issue(wishes), strict=True):
            self._cards.append((number, MifareClassic(holder.uid, blocks)))

    async def _do(self, act: Act, pos: Place, gate: Place) -> None:
        number, body = self._cards[act.holder]
        if act.what == "report":
            await self._change("POST", number)
            self._lost.add(number)
            return
        if act.what == "pass":
            said = await fleet.present(gate.terminal, body)
        else:
            said = await fleet.pay(pos.terminal, body, act.amount_fen)
            pos.terminal.panel.press("*")  # what was refused is not the next one's
        self._counts["taps"] += 1
        self._counts["accepted" if said == ACCEPTED else "refused"] += 1
        if number in self._lost:
            self._counts["lost_refused"] += 1
            if said == ACCEPTED:
                raise WrongDecision(f"card {number} is reported lost and was accepted")

    async def _showers(self, valve: Place, count: int) -> None:
        """So many people take one, each of another length."""
        for (number, body), holder in zip(self._cards, self._holders, strict=True):
            is_good = number not in self._lost and not holder.is_expired
            if count and is_good and holder.balance_fen > RICH_FEN:
                count -= 1
                await draw.shower(valve.terminal, body, UNITS + 5 * count)
                self._counts["showers"] += 1

    async def _change(self, method: str, card: int) -> None:
        """Report a card lost or found; go on when both terminals know. TimeoutError."""
        path = f"/api/cards/{card}/loss"
        reach = await asyncio.to_thread(self._server.call, method, path)
        ends_s = time.monotonic() + LIST_WAIT_S
        while reach["confirmed"] < reach["terminals"]:
            if time.monotonic() > ends_s:
                raise TimeoutError(f"version {reach['version']} of the blacklist was not confirmed")
            await asyncio.sleep(0.02)
            reach = await asyncio.to_thread(self._server.call, "GET", path)

    async def _summary(self, *places: Place) -> dict[str, int]:
        """uploaded: records of the taps; a mark or an event of a tap is one more, a shower has its
        own."""
        ends_s = time.monotonic() + UPLOAD_WAIT_S
        uploaded = await asyncio.to_thread(self._uploaded, places)
        while uploaded < self._counts["taps"] and time.monotonic() < ends_s:
            await asyncio.sleep(0.1)
            uploaded = await asyncio.to_thread(self._uploaded, places)
        status = await asyncio.to_thread(self._server.call, "GET", "/api/status")
        return self._counts | {
            "uploaded": uploaded,
            "ledger_sum": status["ledger_sum"],
            "list_version": status["list_version"],
        }

    def _uploaded(self, places: tuple[Place, ...]) -> int:
        rows = [row for place in places for row in self._server.records(place.number)]
        return sum(row[1] in TAPS for row in rows)
