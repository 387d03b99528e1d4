"""The waiting side of a terminal that meters: the meter's line, the supply, the case; and the card
that lies there while something flows.

What it all means is kinds.water's. The meter is looked at every TURN_MS, session or not; whether
the card is still there is asked of it every LOOK_MS, by a command that its credential names.
"""

import asyncio

from firmware.drivers.meter import Meter

TURN_MS = 20
LOOK_MS = 250


class Metering:
    """`effect(one)` does what the kind wants done."""

    def __init__(self, board, terminal, now, effect):
        self._board = board
        self._kind = terminal.kind
        self._now = now
        self._effect = effect
        self._meter = Meter()

    async def work(self):
        """The meter, for ever."""
        while True:  # until the task is cancelled
            self._turn()
            await asyncio.sleep_ms(TURN_MS)

    async def stays(self, exchange, frame):
        """Wait for the end of a session. -> whether its card has stayed there."""
        try:
            while self._kind.is_running:  # ends: what was reserved is finite
                await asyncio.sleep_ms(LOOK_MS)
                if self._kind.is_open and (await exchange(frame))[0]:
                    self._do(self._kind.card_left(self._now()))
                    return False
        finally:
            if self._kind.is_running:  # gone; or the reader has failed: nobody knows
                self._do(self._kind.card_left(self._now()))
        return True

    def _turn(self):
        """What has come since the last one."""
        edges = []
        inputs, now_us = self._board.inputs()
        for name, value, at_us in inputs:
            if name == "meter":
                edges.append((value, at_us))
            elif name == "case":
                self._do(self._kind.case(value, self._now()))
            elif value:
                self._kind.power_is_back()
            else:
                self._count(edges, now_us)  # what flowed before
                edges = []
                self._do(self._kind.power_fails(self._now()))
        self._count(edges, now_us)

    def _count(self, edges, now_us):
        pulses, back = self._meter.feed(edges, now_us)
        self._do(self._kind.turn(self._now(), pulses, back, self._meter.glitches))

    def _do(self, effects):
        for effect in effects:
            self._effect(effect)
