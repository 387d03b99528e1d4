"""Fifty customers: no tap is slower than its bar, and the heap stays as it is."""

import pytest

from hil_tests.test_purchase import HEAP_BYTES, TAP_MS, sell

TAPS = 50


def many(window):
    """-> (milliseconds of each tap, live bytes at most as reported, free bytes at the end)."""
    times = [sell(window, 1)[0]]
    for tap in range(1, TAPS):
        window.enter("0.50#")
        times.append(sell(window, 1 + tap % 2)[0])
    window.settle()
    window.board.run(6)  # a report
    agreed = [window.taken_fen(card) == window.booked_fen(card) for card in (1, 2)]
    peak = window.office.reports[-1].heap_peak
    window.board.console.send(b"\x03")
    window.board.run(0.5)
    window.board.console.send(b"import gc;gc.collect();print('free',gc.mem_free())\r\n")
    window.board.run(0.5)
    free = int(window.board.heard.rsplit("free ", 1)[1].split()[0])
    return times, peak, free, agreed


@pytest.mark.long
def test_fifty_taps(on):
    times, peak, free, agreed = on((many,))[0]
    ordered = sorted(times)
    print(
        f"\n{TAPS} taps: median {ordered[TAPS // 2]:.1f} ms, slowest {ordered[-1]:.1f} ms; "
        f"heap {peak} bytes live at most, {free} free after the terminal"
    )
    assert agreed == [True, True]
    assert ordered[TAPS // 2] <= TAP_MS and peak <= HEAP_BYTES
