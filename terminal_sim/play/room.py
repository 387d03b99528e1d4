"""The room in which people play: terminals of their own, the table, the page."""

from __future__ import annotations

import asyncio
from pathlib import Path

from terminal_sim.fleet import Fleet
from terminal_sim.play import tray
from terminal_sim.play.page import Page
from terminal_sim.play.seat import Seat
from terminal_sim.plumbing import RELAY
from terminal_sim.server import ServerProcess
from terminal_sim.wire import Wire

# (what it is on the page, kind, place, merchant, display, has a scanner)
TERMINALS = (
    ("pos", "pos", "体验窗口", "第一食堂", "ili9341", True),
    ("gate", "gate", "体验门", "保卫处", "ssd1306", False),
    ("water", "water", "体验淋浴", "浴室", "ssd1306", False),
    ("relay", "water", "体验用电", "宿管中心", "ssd1306", False),
)
# of the POS: price keys of 1.50, 3, 8 and 12 yuan; who pays the same twice is asked
TILL = {"prices": "0096012c032004b0", "repeat_s": 20}
PARAMS = {"pos": TILL, "relay": RELAY}


class Room:
    """An async context manager; address: of the page."""

    def __init__(self, server: ServerProcess, folder: Path, host: str = "127.0.0.1", port: int = 0):
        self._server = server
        self._fleet = Fleet(server, folder / "play")
        self._at = host, port
        self._wires: list[Wire] = []
        self.seats: list[Seat] = []
        self.address = ""

    async def __aenter__(self) -> Room:
        await self._fleet.__aenter__()
        things = await asyncio.to_thread(tray.lay, self._server)
        for what, kind, name, merchant, display, scans in TERMINALS:
            wire = Wire(lambda: self._server.tcp)
            self._wires.append(wire)
            place = self._fleet.add(
                kind, name, merchant, has_scanner=scans, display=display, line=await wire.open()
            )
            self.seats.append(Seat(what, place, wire, things))
            if what in PARAMS:
                path = f"/api/terminals/{place.number}/params"
                await asyncio.to_thread(self._server.call, "PUT", path, PARAMS[what])
        await self._fleet.ready()
        self._page = Page(self.seats, things)
        self.address = await self._page.open(*self._at)
        return self

    async def __aexit__(self, *_) -> None:
        if self.address:
            await self._page.close()
        await self._fleet.__aexit__(*_)
        for wire in self._wires:
            await wire.close()
