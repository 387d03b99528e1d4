"""The reader, waited for: set up, asked for cards, driven through the exchanges of a tap.

drivers.pn532 knows the bytes; here is the patience. A list of targets is left pending in the chip,
so an idle reader costs nothing and a card is seen the instant it comes. The few exchanges of a tap
poll the pipe directly for up to a tick before they let other tasks run: going through the event
loop for each would cost more than the exchange. A card that was served is let go: it is not seen
again until it has left, or until `look_again`. Limits: the waits named below.
"""

import asyncio

from firmware.drivers import pn532
from firmware.drivers.pn532 import ReaderFault

ANSWER_MS = 500  # longest wait for the answer to any command but a list of targets
SLICE_MS = 5  # longest time that an exchange keeps other tasks waiting
STALE_READS = 16  # of up to 512 bytes


class Reader:
    """The PN532 on `pipe` of a board."""

    def __init__(self, pipe, ticks_ms, answer_ms=ANSWER_MS):
        self._pipe = pipe
        self._ticks_ms = ticks_ms
        self._answer_ms = answer_ms
        self._chip = pn532.Pn532()
        self._stream = asyncio.StreamReader(pipe.stream)
        self._again = False  # the field is to be switched off and on before the next list
        self._is_waiting = False

    async def set_up(self):
        """From whatever state, to ready. ReaderFault if there is no answer."""
        for _ in range(STALE_READS):  # what a babbling line said before now
            if not self._pipe.read():
                break
        self._pipe.write(pn532.WAKE_UP + pn532.ACK)
        for code, data in pn532.SET_UP:
            await self.command(code, data)

    async def card(self):
        """Wait until cards are in the field; what the list of targets came to."""
        found = None
        while found is None:
            if self._again:
                self._again = False
                await self.blink()
            self._pipe.write(self._chip.begin(*pn532.FIND_CARDS))
            self._is_waiting = True
            try:
                found = pn532.found(await self._patient())
            finally:
                self._is_waiting = False
        return found

    async def again(self):
        """The card that denied a key, selected anew: what the list of targets comes to, None if it
        has left meanwhile."""
        try:
            return pn532.found(await self.command(*pn532.FIND_CARDS))
        except ReaderFault:
            return None

    def look_again(self):
        """A card that lies there unseen is to be found after all (the cashier asks for it)."""
        self._again = True
        if self._is_waiting:  # end the pending list: ACK, and a command whose answer wakes `card`
            self._pipe.write(pn532.ACK + self._chip.begin(*pn532.FIELD_OFF))

    async def let_go(self):
        """The card is served; it is found again when it has left and come back."""
        await self.command(*pn532.LET_GO)

    async def blink(self):
        """Field off and on: every card starts anew."""
        await self.command(*pn532.FIELD_OFF)
        await self.command(*pn532.FIELD_ON)

    async def exchange(self, frame):
        """(status of air, data) of one card command."""
        return pn532.answer(await self.command(*pn532.exchange(frame)))

    async def command(self, code, data):
        """The data of the chip's answer. ReaderFault when it is silent or wrong."""
        self._pipe.write(self._chip.begin(code, data))
        give_up_ms = self._ticks_ms() + self._answer_ms
        while self._ticks_ms() < give_up_ms:
            if self._pipe.wait(SLICE_MS):
                answer = self._chip.feed(self._pipe.read())
                if answer is not None:
                    return answer
            else:
                await asyncio.sleep_ms(0)
        raise ReaderFault("the reader does not answer")

    async def _patient(self):
        """The answer's data, however long it takes. ReaderFault if the line is closed."""
        answer = None
        while answer is None:
            try:
                data = await self._stream.read(64)
            except OSError:
                data = b""
            if not data:
                raise ReaderFault("the reader's line is closed")
            answer = self._chip.feed(data)
        return answer
