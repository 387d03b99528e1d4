"""A terminal that stands still is reset by its watchdog, and is a terminal again."""

import pytest

STOP = b"\x03"  # Ctrl-C on the console ends the firmware; the watchdog goes on
STOPS_MOST = 5  # one that comes while an interrupt is served ends only what serves it
PROMPT = ">>> "
WATCHDOG_S = 8


def stopped(window):
    """-> (seconds until it said hello again, epoch before, epoch after)."""
    for _ in range(STOPS_MOST):
        before, start_ns = window.office.epoch, window.board.now_ns
        window.board.console.send(STOP)
        window.board.run(0.2)
        if window.board.heard.endswith(PROMPT):
            break
    else:
        raise AssertionError(f"the firmware is not stopped: {window.board.heard[-400:]}")
    window.office.hang_up()
    window.board.wait(WATCHDOG_S + 5, lambda: window.office.is_open, "it did not come back")
    return (window.board.now_ns - start_ns) / 1e9, before, window.office.epoch


@pytest.mark.long
def test_a_terminal_that_stands_still_starts_again(on):
    took_s, before, after = on((stopped,))[0]
    assert after > before
    assert WATCHDOG_S < took_s < WATCHDOG_S + 4
