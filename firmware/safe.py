"""Safe mode: an image that failed again and again still brings its records to the server.

The link and the upload of the journal, and a screen that says so; no reader, no keys, no taps, no
outputs. It ends by a restart that the server asks for, or by a person who pulls the plug: both
begin the count of failed starts anew. Limits: no update is taken; what the terminal finds in flash
at its start must be readable.
"""

import asyncio
import gc
import sys

from firmware import boards, release
from firmware.core import layout, slots
from firmware.core.terminal import Terminal
from firmware.drivers import panel
from firmware.linking import Link
from firmware.screens.render import render

TICK_MS = 100
AGAIN_MS = 2000  # how often the screen is drawn


class Safe:
    """A terminal that serves nobody."""

    def __init__(self, board):
        self.board = board
        laid = layout.LAYOUTS[board.name]
        self.terminal = Terminal(board.flash, None, laid, release.VERSION)
        self.terminal.mount()
        self.terminal.images = board.images
        self.terminal.fit = False
        self._link = Link(board, self.terminal, self._now, self._draw, self._turned_away)
        self._panel = panel.Panel()
        self._drawn_ms = 0

    async def main(self):
        """Work until the power goes."""
        self._draw()
        works = [self._ticks()]
        if self.board.server:
            works.append(self._link.run())
        tasks = [asyncio.create_task(self._guarded(work)) for work in works]
        await tasks[0]  # which never ends

    async def _guarded(self, work):
        try:
            await work
        except Exception as fault:
            sys.print_exception(fault)
            self.board.restart("safe mode failed")

    async def _ticks(self):
        while True:  # until the power goes
            self.board.alive()
            for effect in self.terminal.effects():
                if effect[0] == "clock":
                    self.board.set_utc_s(effect[1])
                elif effect[0] == "restart":
                    self.board.images.begin_anew()
                    self.board.restart("the server asked for it")
            if self.board.ticks_ms() - self._drawn_ms >= AGAIN_MS:
                self._panel.forget()
                self._draw()
                gc.collect()
            self._link.pump()
            await asyncio.sleep_ms(TICK_MS)

    def _now(self):
        return self.terminal.moment(self.board.utc_s(), self.board.ticks_ms())

    def _draw(self):
        self._show("safe_mode", (self.terminal.address, self.terminal.journal.queue))

    def _turned_away(self, reason):
        self._show("turned_away", (reason,))

    def _show(self, screen, values):
        led, beep, rows, _ = render(self.terminal.params["language"], screen, values)
        self.board.pipe("panel").write(self._panel.show(led, beep, rows))
        self._drawn_ms = self.board.ticks_ms()


def run(path, slot):
    """Run it with the configuration file of the terminal, started from this slot."""
    gc.collect()
    board = boards.open_board(path)
    board.started(slots.Start(slot, slots.SAFE), release.KEYS)
    asyncio.run(Safe(board).main())
