"""The rules of the terminal over the flash that a board left behind, on the PC.

They are the same sources, and quicker than on the emulated chip by a thousand, so that every cut
can be looked at in the default run. Drivers, line and time are missing.
"""

from __future__ import annotations

from firmware.core.layout import LAYOUTS
from firmware.core.terminal import Terminal
from firmware.core.uploader import GATHER_MS
from hil_tests.emulated import factory
from terminal_sim.flash import Flash
from terminal_sim.gears.held import exchange
from terminal_sim.gears.office import Memory
from terminal_sim.mifare import MifareClassic

_ROUNDS = 100


class OnPc:
    """Terminal `number` after its power-on with this flash, and its server."""

    def __init__(self, number: int, flash: bytes, memory: Memory, utc_s: int):
        data = Flash(factory.DATA_BYTES)
        for start in range(0, factory.DATA_BYTES, data.sector):
            held = flash[factory.DATA_AT + start :][: data.sector]
            if held.count(0xFF) < data.sector:
                data.program(start, held)
        self._data = data
        self._number = number
        self._memory = memory
        self._utc_s = utc_s
        self._ticks_ms = 1000
        self._terminal = Terminal(data, None, LAYOUTS["rp2"])
        self._terminal.mount()
        self._terminal.next_epoch()
        self._terminal.on_open(self._now())

    def flash(self) -> bytes:
        """What the data area holds now."""
        return bytes(self._data.read(0, factory.DATA_BYTES))

    def settle(self) -> None:
        """Until neither side has anything to say, now or when records have been gathered."""
        self._ticks_ms += GATHER_MS
        for _ in range(_ROUNDS):
            pushed = self._memory.push(self._number)
            if pushed is not None:
                reply = self._terminal.uploader.on_request(pushed, self._now())
                self._memory.pushed(self._number, reply)
            body = self._terminal.uploader.next_request(self._now())
            if body is None and pushed is None:
                return
            if body is not None:
                reply, _ = self._memory.serve(self._number, body)
                assert reply is not None
                self._terminal.uploader.on_reply(reply, self._now())
        raise AssertionError("terminal and server find no end")

    def sell(self, card: MifareClassic, amount_fen: int) -> None:
        """The amount is entered, the card held there until the tap is over."""
        self._terminal.kind.ready(amount_fen)
        card.power_off()
        card.power_on()
        tap = self._terminal.tap(self._now())
        answer: tuple | None = None
        try:
            while True:  # ends with the tap
                request = tap.send(answer)
                answer = None
                if request[0] == "select":
                    answer = ("one", card.uid, 0x08) if card.select() else None
                elif request[0] == "card":
                    answer = exchange(card, request[1])
        except StopIteration:
            return

    def _now(self):
        return self._terminal.moment(self._utc_s, self._ticks_ms)
