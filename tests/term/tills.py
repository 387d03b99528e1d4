"""Terminals of the term: the real firmware under the real interpreter, on lines that can be cut."""

import asyncio

from terminal_sim import fleet
from terminal_sim.bad_line import BadLine
from terminal_sim.terminal import Terminal

WAIT_S = 90
PACE = {"ticks_follow": True, "answer_ms": 60_000}  # how busy this machine is tears no card


class Till:
    """number, name of its merchant. has_scanner: it takes codes."""

    def __init__(self, number, merchant, place, line, terminal):
        self.number = number
        self.merchant = merchant
        self.place = place
        self._line = line
        self._terminal = terminal

    @classmethod
    async def open(cls, kind, merchant, place, enrolled, college):
        """enrolled: (number, key page). It asks for cards when this returns."""
        number, page = enrolled
        line = BadLine(lambda: college.server.ready["tcp"].replace("[::1]", "127.0.0.1"))
        await line.open()
        line.up()
        terminal = Terminal(
            college.folder / f"terminal-{number}", page, line.address, college.clock.utc_s,
            has_scanner=True, has_door=kind == "gate", pace=PACE,
        )  # fmt: skip
        college.clock.follows(terminal.rtc)
        terminal.attach(asyncio.get_running_loop())
        terminal.start()
        async with asyncio.timeout(WAIT_S):
            await terminal.panel.screen("请刷卡")
        return cls(number, merchant, place, line, terminal)

    async def close(self):
        """Off."""
        self._terminal.close()
        await self._line.close()

    async def pay(self, body, fen):
        """A card is held to it. -> did its screen say yes?"""
        paid = await self._keyed(fen) and await self.present(body)
        self._terminal.panel.press("*")
        return paid

    async def scan(self, text, fen):
        """A code is held to it. -> did its screen say yes?"""
        paid = await self._keyed(fen) and await self.read(text)
        self._terminal.panel.press("*")
        return paid

    async def _keyed(self, fen):
        """The cashier enters an amount. -> does the till ask for a card?"""
        panel = self._terminal.panel
        beep, asks = panel.beep(), panel.screen(f"应付 {fleet.yuan(fen)} 元")
        panel.press(f"{fen}#")
        async with asyncio.timeout(WAIT_S):
            await asyncio.wait({beep, asks}, return_when=asyncio.FIRST_COMPLETED)
        return asks.done()

    async def present(self, body):
        """A card is held to it. -> does it say yes?"""
        said = await fleet.present(self._terminal, body)
        assert said in (fleet.ACCEPTED, fleet.REFUSED), (said, self.says())
        return said == fleet.ACCEPTED

    async def read(self, text):
        """Its scanner reads a code. -> does it say yes?"""
        beep = self._terminal.panel.beep()
        self._terminal.scanner.show(text)
        async with asyncio.timeout(WAIT_S):
            return await beep == "ok"

    def says(self):
        """Its four rows."""
        return " / ".join(self._terminal.panel.rows)

    @property
    def is_there(self):
        """Its line has not been cut."""
        return self._line.is_up

    async def cut(self):
        """Its line is cut, and it knows."""
        self._line.down()
        await self._line.is_missed()

    def mend(self):
        """Its line is there again."""
        self._line.up()
