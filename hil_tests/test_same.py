"""The same run twice is the same to the nanosecond."""

from hil_tests.emulated import warm
from hil_tests.test_purchase import sell


def bought(window):
    """-> every change of a wire, with its time."""
    sell(window, 1, "12.50#")
    window.settle()
    return window.log


def test_the_same_to_the_nanosecond(on):
    one, other = on.every([(bought,), (bought,)])
    assert len(one) > 1000
    assert one == other


def test_two_starts_are_one(warmed):
    """Boards that were started one after the other are at the same instruction."""
    states = [
        (board.now_ns, board.chip.core.pc, bytes(board.chip.sram), board.heard)
        for board in warm.stock()
    ]
    assert len(states) == 2 and states[0] == states[1]
