"""Water drawn by people of the world: a card is put to a valve, so many units flow, it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from terminal_sim.mifare import MifareClassic
from terminal_sim.pipework import MICRO
from terminal_sim.terminal import Terminal

WAIT_S = 60


async def shower(terminal: Terminal, card: MifareClassic, units: int) -> int:
    """The card lies there until `units` have flowed and the tap is turned off; it is taken when the
    valve has shut and the rest is back on it. -> units that flowed. TimeoutError."""
    plumbing = terminal.plumbing
    assert plumbing is not None
    pipe = plumbing.pipe
    begin = pipe.flowed // MICRO
    ends = (begin + units) * MICRO + MICRO // 4
    pipe.tap_open, pipe.stops_at = True, ends
    terminal.field.put(card)
    try:
        await until(lambda: pipe.flowed >= ends)
        terminal.panel.press("*")
        await until(lambda: terminal.panel.shows("余额"))
    finally:
        terminal.field.take(card)
        pipe.stops_at = None
    return pipe.flowed // MICRO - begin


async def until(what: Callable[[], bool]) -> None:
    """TimeoutError if it does not come true."""
    async with asyncio.timeout(WAIT_S):
        while not what():
            await asyncio.sleep(0.01)
