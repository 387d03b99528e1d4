"""The waiting side of a gate: the door's contact, the button, the fire loop; and the program beside
it that asks who was let through. What it all means is kinds.gate's and core.holder's.
"""

import asyncio

TURN_MS = 50
QUIET_MS = 1000  # after the end of a line that is closed


class Doorway:
    """`effect(one)` does what the kind wants done."""

    def __init__(self, board, terminal, now, effect):
        self._board = board
        self._terminal = terminal
        self._now = now
        self._effect = effect

    async def work(self):
        """The door, for ever."""
        while True:  # until the task is cancelled
            inputs, _ = self._board.inputs()
            changes = [(name, value) for name, value, _ in inputs]
            for effect in self._terminal.kind.turn(self._now(), changes):
                self._effect(effect)
            await asyncio.sleep_ms(TURN_MS)

    async def tell(self, pipe):
        """The program beside the gate, for ever."""
        from firmware.core.holder import Holder  # most gates have no such program
        from firmware.screens.render import day

        holder = Holder(self._terminal.kind, day)
        while True:  # until the task is cancelled
            params = self._terminal.params
            allowed = params["tells_holder"] == 1
            said = holder.feed(pipe.read(), self._now(), allowed) + holder.due(self._now(), allowed)
            if said:
                pipe.write(said)
            await asyncio.sleep_ms(TURN_MS)
