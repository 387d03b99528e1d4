"""A noon of the invented campus (people.py) at a POS and a gate with the real firmware.

The holders come as the generator says; cards reported lost are reported over HTTP while taps go on,
and the next tap of such a card must be refused. Paced for people to watch, or as fast as it goes.
What it is not: a proof; `campus replay` and the tests compare record by record.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from terminal_sim import fleet, people
from terminal_sim.fleet import ACCEPTED, Fleet, Place
from terminal_sim.mifare import MifareClassic
from terminal_sim.people import Act
from terminal_sim.server import ServerProcess

UPLOAD_WAIT_S = 60
LIST_WAIT_S = 10
EXPIRED, VALID = "2020-06-30", "2037-12-31"


class Noon:
    """One noon. figures() of `run` are what the summary prints."""

    def __init__(self, server: ServerProcess, folder: Path, seed: int, holders: int, taps: int):
        self._server = server
        self._folder = folder
        self._holders = people.holders(seed, holders)
        self._acts = people.noon(seed, holders, taps)
        self._cards: list[tuple[int, MifareClassic]] = []
        self._counts = {"taps": 0, "accepted": 0, "refused": 0}

    async def run(self, pace_s: float = 0) -> dict[str, int]:
        """Play it, `pace_s` seconds from tap to tap on average. -> the summary."""
        self._issue()
        async with Fleet(self._server, self._folder) as made:
            pos = made.add("pos", "第一食堂 1 号窗", "第一食堂")
            gate = made.add("gate", "东门", "保卫处")
            grants = [
                card
                for (card, _), holder in zip(self._cards, self._holders, strict=True)
                if holder.may_pass
            ]
            path = f"/api/terminals/{gate.number}"
            self._server.call("PUT", f"{path}/params", {"grants_only": 1})
            self._server.call("PUT", f"{path}/grants", {"cards": grants})
            await made.ready()
            for act in self._acts:
                await self._do(act, pos, gate)
                if pace_s:
                    await asyncio.sleep(pace_s)
            return await self._summary()

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
            await self._report(number)
            return
        if act.what == "pass":
            said = await fleet.present(gate.terminal, body)
        else:
            said = await fleet.pay(pos.terminal, body, act.amount_fen)
            pos.terminal.panel.press("*")  # what was refused is not the next one's
        self._counts["taps"] += 1
        self._counts["accepted" if said == ACCEPTED else "refused"] += 1

    async def _report(self, card: int) -> None:
        """Report a card lost; go on when both terminals know (TimeoutError)."""
        path = f"/api/cards/{card}/loss"
        await asyncio.to_thread(self._server.call, "POST", path)
        async with asyncio.timeout(LIST_WAIT_S):
            reach = {"confirmed": 0, "terminals": 1}
            while reach["confirmed"] < reach["terminals"]:
                reach = await asyncio.to_thread(self._server.call, "GET", path)
                await asyncio.sleep(0.02)

    async def _summary(self) -> dict[str, int]:
        ends_s = time.monotonic() + UPLOAD_WAIT_S
        status = await asyncio.to_thread(self._server.call, "GET", "/api/status")
        while status["records"] < self._counts["taps"] and time.monotonic() < ends_s:
            await asyncio.sleep(0.1)
            status = await asyncio.to_thread(self._server.call, "GET", "/api/status")
        return self._counts | {
            "uploaded": status["records"],
            "ledger sum": status["ledger_sum"],
            "list version": status["list_version"],
        }
