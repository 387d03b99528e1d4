"""A terminal that stands still is reset by its watchdog, and is a terminal again."""

import pytest

STOP = b"\x03"  # Ctrl-C on the console ends the firmware; the watchdog goes on
WATCHDOG_S = 8


def stopped(window):
    """-> (seconds until it said hello again, epoch before, epoch after)."""
    before, start_ns = window.office.epoch, window.board.now_ns
    window.board.console.send(STOP)
    window.board.run(1)
    window.office.hang_up()
    window.board.wait(WATCHDOG_S + 5, lambda: window.office.is_open, "it did not come back")
    return (window.board.now_ns - start_ns) / 1e9, before, window.office.epoch


@pytest.mark.long
def test_a_terminal_that_stands_still_starts_again(on):
    took_s, before, after = on((stopped,))[0]
    assert after > before
    assert WATCHDOG_S < took_s < WATCHDOG_S + 4
