"""A valve on the board: a session, and the supply's monitor, whose word leaves 50 ms.

Times are the chip's own: the word, the valve's pin, the close in flash.
"""

import pytest

from hil_tests.emulated.canteen import NUMBER, Canteen
from hil_tests.emulated.on_pc import OnPc
from protocol import messages
from sync_server.core import ledger

METER, POWER, VALVE = 21, 22, 14
UNITS = 12
LEFT_MS = 50
HEAP_BYTES = 128 * 1024  # the bar


class Bath(Canteen):
    """A valve that has met its server. is_open: the chip's pin; shut_ns: since when it is not."""

    kind = messages.WATER

    def power_on(self):
        super().power_on()
        self.is_open, self.shut_ns = False, 0
        self.put(METER, False)
        self.put(POWER, True)
        self.board.watch(VALVE, self._moved)

    def put(self, pin, level):
        """An input of the board, now."""
        self.board.chip.gpio[pin].set_input_value(level)

    def flow(self, units):
        """So many units, ten a second."""
        for _ in range(units):
            self.board.run(0.05)
            self.put(METER, True)
            self.board.run(0.05)
            self.put(METER, False)

    def _moved(self, now_ns, level):
        if self.is_open and not level:
            self.shut_ns = now_ns
        self.is_open = level
        self.board.notice()


@pytest.mark.long
def test_the_supply_says_50_ms_before_and_all_is_written(emulated):
    bath = Bath(cards=2)
    bath.ready()
    bath.present(2)
    bath.flow(3)
    bath.take()
    bath.board.wait(3, lambda: not bath.is_open, "the card is gone and water flows")
    bath.settle()
    bath.board.run(6)  # a report
    peak = bath.office.reports[-1].heap_peak
    bath.present(1)
    bath.board.wait(1, lambda: bath.is_open, "the valve does not open")
    bath.flow(UNITS)
    told_ns = bath.board.now_ns
    bath.put(POWER, False)
    bath.board.run(LEFT_MS / 1000, lambda: bath.panel.face.shows("Card for the rest"))
    shut_ms = (bath.shut_ns - told_ns) / 1e6
    written_ms = (bath.board.now_ns - told_ns) / 1e6
    print(
        f"\nvalve shut {shut_ms:.1f} ms, close written and shown {written_ms:.1f} ms after the word"
    )
    print(f"heap: {peak} bytes live at most")
    assert not bath.is_open and bath.panel.face.shows("Card for the rest")
    bath.power_off()
    terminal = OnPc(NUMBER, bath.flash, bath.memory, bath.office.utc_s())
    terminal.settle()
    assert bath.memory.balances[ledger.MERCHANT, "canteen"] == 3 + UNITS
    assert bath.memory.purse_fen(1) + bath.memory.balances[ledger.RESERVED] - 497 == 10_000 - UNITS
    assert 0 < shut_ms < written_ms < LEFT_MS
    assert 0 < peak <= HEAP_BYTES
