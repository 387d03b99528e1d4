"""Gear 2: somebody copies a terminal, flash and keys, and takes money with the copy.

The copy is a process of its own with the same firmware; its customers are copies of one card. When
all else has converged it meets the server. It may be turned away, for its epochs are old; if not,
none of what it took may pass for a record of the terminal that it was copied from.
"""

from __future__ import annotations

import asyncio
import shutil

from terminal_sim import scenario
from terminal_sim.bad_line import BadLine
from terminal_sim.gears.stand import Stand
from terminal_sim.gears.town import COPY, Town, purses
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import Violation

_COPY_OF_TERMINAL = 1 << 16
_TRIES_S = 2.0  # to meet the server


class CopiedTerminal:
    """The n-th copy of a terminal; `await take(event)`, and in the end `await reveal()`."""

    def __init__(self, town: Town, event: scenario.Clone, n: int):
        self._town = town
        self._event = event
        self._n = n
        real = town.stands[event.terminal]
        self._page = real.page
        folder = town.folder / f"copy-{n}"
        folder.mkdir()
        shutil.copy(real.folder / "flash.bin", folder / "flash.bin")
        kind = town.score.kinds[event.terminal - 1]
        key = event.terminal + n * _COPY_OF_TERMINAL
        self._made_of = folder, self._page, town.oracle, town.utc_s
        self._known_as = kind, key
        self._line = BadLine(lambda: town.room.process.tcp)  # down until it is revealed
        self._stand: Stand | None = None

    async def take(self) -> None:
        """It sells to copies of a card, and hides."""
        event, oracle = self._event, self._town.oracle
        kind, known_as = self._known_as
        await self._line.open()
        self._stand = Stand(event.terminal, kind, *self._made_of, self._line, known_as)
        key = event.card + (scenario.COPIES + self._n) * COPY
        card = MifareClassic.load(self._town.cards[event.card].dump())
        oracle.add_copy(key, event.card, purses(card))
        await self._stand.boot()
        for _ in range(event.taps):
            await self._stand.sell(key, card, 1 + event.terminal, 0)
        self._stand.power_off()

    async def reveal(self) -> None:
        """It meets the server with what it has; I7 if that is taken for the terminal's own."""
        town, number = self._town, self._event.terminal
        if self._stand is None or town.stands[number].page != self._page:
            return  # the terminal was replaced since: this key opens no session any more
        before = town.room.ledger.serials(number)
        town.stands[number].power_off()
        self._line.up()
        await self._stand.boot()
        await asyncio.sleep(_TRIES_S)
        self._stand.power_off()
        made = {serial for at, serial in town.oracle.cloned if at == number}
        passed = made & (town.room.ledger.serials(number) - before)
        if passed:
            raise Violation("I7", f"records {sorted(passed)} of a copied terminal passed")
        await town.look()
        town.counts["clones_revealed"] += 1

    async def close(self) -> None:
        """Off."""
        await self._line.close()
        if self._stand:
            self._stand.close()
