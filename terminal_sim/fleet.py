"""Many terminals with the real firmware in one world: started together, tapped as people tap.

One event loop serves all readers, panels and doors; each terminal is a process of its own. What it
is not: it decides nothing, and what a tap came to is what the panel said.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

from terminal_sim.mifare import MifareClassic
from terminal_sim.psam import Line, Psam
from terminal_sim.server import ServerProcess
from terminal_sim.terminal import Terminal

READY_WAIT_S = 30
BEEP_WAIT_S = 10
ATTEMPTS = 3
ACCEPTED, REFUSED, TORN, SILENT = "accepted", "refused", "torn", "silent"
_SAID = {"ok": ACCEPTED, "error": REFUSED, "warn": TORN}
_ASKS_FOR_CARD = "应付 {} 元"
_READY = "请刷卡"


class Place(NamedTuple):
    """One terminal and where it stands. number: as enrolled."""

    number: int
    kind: str
    name: str
    terminal: Terminal


class Fleet:
    """Terminals of one server; use as an async context manager."""

    def __init__(self, server: ServerProcess, folder: Path):
        self._server = server
        self._folder = folder
        self.places: list[Place] = []

    async def __aenter__(self) -> Fleet:
        return self

    async def __aexit__(self, *_) -> None:
        for place in self.places:
            place.terminal.close()

    def add(
        self,
        kind: str,
        name: str,
        merchant: str,
        utc_s: int | None = None,
        serial: str | None = None,
        has_scanner: bool = False,
        display: str | None = None,
        line: str | None = None,
        has_psam: bool = False,
        pace: dict[str, Any] | None = None,
    ) -> Place:
        """Enrol and start one more terminal; with `utc_s` the world owns its clock, with `serial`
        (a pty) it is on a bus, with `line` (HOST:PORT) it reaches the server through that. pace:
        more of its board's configuration."""
        number, page = self._server.enrol(kind, name, merchant)
        psam = Line(Psam(*self._server.psam(number))) if has_psam else None
        folder = self._folder / f"terminal-{number}"
        terminal = Terminal(
            folder, page, line or self._server.tcp, utc_s, serial, has_scanner, pace, display,
            has_valve=kind == "water", psam=psam, has_door=kind == "gate",
        )  # fmt: skip
        terminal.attach(asyncio.get_running_loop())
        terminal.start()
        place = Place(number, kind, name, terminal)
        self.places.append(place)
        return place

    async def ready(self) -> None:
        """Wait until every terminal has met the server and asks for cards. TimeoutError."""
        for place in self.places:
            try:
                async with asyncio.timeout(READY_WAIT_S):
                    await place.terminal.panel.screen(_READY)
            except TimeoutError:
                rows = " / ".join(place.terminal.panel.rows)
                last = place.terminal.last_line
                raise TimeoutError(
                    f"terminal {place.number} ({place.name}) is not ready: {rows} {last}"
                ) from None


def yuan(amount_fen: int) -> str:
    """1250 -> "12.50", as panels show it."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


async def pay(terminal: Terminal, card: MifareClassic, amount_fen: int) -> str:
    """The cashier enters an amount, the card is held there until the terminal beeps."""
    panel = terminal.panel
    panel.press(f"{amount_fen}#")
    try:
        async with asyncio.timeout(BEEP_WAIT_S):
            await panel.screen(_ASKS_FOR_CARD.format(yuan(amount_fen)))
    except TimeoutError:
        return REFUSED if panel.led == "red" else SILENT
    return await present(terminal, card)


async def present(terminal: Terminal, card: MifareClassic) -> str:
    """Hold a card there until the terminal beeps, take it away; again if nothing was heard."""
    for _ in range(ATTEMPTS):
        beep = terminal.panel.beep()
        terminal.field.put(card)
        try:
            async with asyncio.timeout(BEEP_WAIT_S):
                return _SAID[await beep]
        except TimeoutError:
            continue
        finally:
            terminal.field.take(card)
    return SILENT
