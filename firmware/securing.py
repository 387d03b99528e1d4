"""The PSAM in its socket, waited for: reset, asked, and reset once more when it stops answering.

drivers.psam knows the bytes; here is the patience. The line stays at the speed of a reset, which is
9600 baud. Limits: the waits named below; a command that was under way at a reset
is said again, so whoever counts on a state of the chip has to look at what it answers.
"""

import asyncio

from firmware.credential import air
from firmware.drivers import psam
from firmware.drivers.psam import PsamFault

ANSWER_MS = 1000  # longest silence, after a reset (ISO 7816-3, 6.2.1) and in a command
SLICE_MS = 5  # longest time that an exchange keeps other tasks waiting
PIN = "psam"  # the line to its reset contact: 0 holds it


class Socket:
    """The PSAM on a pipe of `board`."""

    def __init__(self, board):
        self._board = board
        self._pipe = board.pipe("psam")
        self._chip = psam.Psam()

    async def exchange(self, apdu):
        """(status of air, data and status word): air.GONE where no PSAM answers."""
        for _ in range(2):
            is_fresh = not self._chip.atr
            try:
                if is_fresh:
                    await self._reset()
                self._pipe.write(self._chip.begin(apdu))
                return air.OK, await self._heard()
            except PsamFault:
                self._chip.reset()
                if is_fresh:
                    break
        return air.GONE, b""

    async def _reset(self):
        """Until it has said its ATR."""
        self._board.pin(PIN, 0)
        self._chip.reset()
        while self._pipe.read():  # what it said before now
            pass
        self._board.pin(PIN, 1)
        await self._heard()

    async def _heard(self):
        """What it says, whole. PsamFault when it is silent or is no PSAM."""
        give_up_ms = self._board.ticks_ms() + ANSWER_MS
        while self._board.ticks_ms() < give_up_ms:
            if not self._pipe.wait(SLICE_MS):
                await asyncio.sleep_ms(0)
                continue
            out, answer = self._chip.feed(self._pipe.read())
            if out:
                self._pipe.write(out)
            if answer is not None:
                return answer
            give_up_ms = self._board.ticks_ms() + ANSWER_MS
        raise PsamFault("no PSAM answers")
