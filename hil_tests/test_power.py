"""Power fails at each flash command around a tap, clean and torn: nothing is lost or taken twice.

The commands are: the intent, the confirmation, the acknowledgement, and the erase of the journal's
next sector, which is made ready when the tap is over.

Every point goes on from the same instant: an amount is entered, the card is about to be held there.
After the cut the terminal finds what its flash holds and meets the server, the customer puts the
card back if anything about it is in doubt, and then card, journal and ledger agree to the fen. By
default one point is seen to the end on the board and all others on the PC (emulated/on_pc.py); with
--all these all on the board, and ten more ways to tear each command on the PC.
"""

from hil_tests.emulated.canteen import NUMBER
from hil_tests.emulated.on_pc import OnPc

FEN = 1250
KEYS = "12.50#"
TEARS = (None, 1, 2)  # clean, and ways to tear the command
TEARS_MORE = (None, *range(1, 13))
ON_BOARD = ((2, 1),)  # (change, tear) that the board itself goes on from by default


def changes_of_a_tap(window):
    """-> how many flash commands a tap and what follows from it make."""
    before = window.board.flash.changes
    window.present(1)
    window.settle()
    return window.board.flash.changes - before


def cut(window, after, tear, on_board):
    """One point. -> what must hold at the end, and what was seen on the way."""
    window.board.flash.cut(after, tear)
    window.field.put(window.cards[1])
    window.board.run(3)
    was_cut = window.board.flash.is_off
    window.power_off()
    put_back = _see_to_the_end(window) if on_board else _see_on_pc(window)
    return {
        "was_cut": was_cut,
        "put_back": put_back,
        "taken": window.taken_fen(1),
        "booked": window.booked_fen(1),
        "grey": window.memory.grey(),
        "faults": window.office.faults + sum(window.memory.faults.values()),
        "sum": window.memory.sum_fen(),
    }


def _is_in_doubt(window):
    return bool(window.memory.grey()) or window.taken_fen(1) != window.booked_fen(1)


def _see_to_the_end(window):
    """-> whether the card had to be put back."""
    window.power_on()
    window.ready()
    window.settle()
    put_back = _is_in_doubt(window)
    if put_back:
        window.enter(KEYS)
        window.present(1)
        window.settle()
    return put_back


def _see_on_pc(window):
    terminal = OnPc(NUMBER, window.flash, window.memory, window.office.utc_s())
    terminal.settle()
    put_back = _is_in_doubt(window)
    if put_back:
        terminal.sell(window.cards[1], FEN)
        terminal.settle()
    return put_back


# shows R28
def test_a_cut_loses_nothing(on, is_long):
    changes = on((changes_of_a_tap,))[0]
    tears = TEARS_MORE if is_long else TEARS
    points = [(after, tear) for after in range(1, changes + 1) for tear in tears]
    on_board = [point for point in points if is_long and point[1] in TEARS or point in ON_BOARD]
    points.sort(key=lambda point: point not in on_board)  # the longest first
    outcomes = on(*[(cut, *point, point in on_board) for point in points])
    assert len(points) >= 12 and set(ON_BOARD) <= set(on_board) < set(points)
    for point, outcome in zip(points, outcomes):
        assert outcome["was_cut"], (point, outcome)
        assert outcome["taken"] == outcome["booked"] in (0, FEN), (point, outcome)
        assert outcome["grey"] == outcome["faults"] == outcome["sum"] == 0, (point, outcome)
    put_back = sum(outcome["put_back"] for outcome in outcomes)
    print(f"\n{len(points)} cuts at {changes} flash commands, {put_back} cards put back")
    assert put_back  # or the cuts met nothing that mattered
