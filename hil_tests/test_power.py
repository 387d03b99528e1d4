"""Power fails at each flash command around a tap, clean and torn: nothing is lost or taken twice.

Every point goes on from the same instant: an amount is entered, the card is about to be held there.
After the cut a board with the same flash meets the server again, the customer puts the card back if
anything about it is in doubt, and then card, journal and ledger must agree to the fen.
"""

import pytest

FEN = 1250
KEYS = "12.50#"
TEARS = (None, 1, 2)  # clean, and two ways to tear the command
TEARS_MORE = (None, 1, 2, 3, 4, 5, 6, 7, 8)


def changes_of_a_tap(window):
    """-> how many flash commands a tap and what follows from it make."""
    window.enter(KEYS)
    before = window.board.flash.changes
    window.present(1)
    window.settle()
    return window.board.flash.changes - before


def cut(window, after, tear):
    """One point. -> what must hold at the end, and what was seen on the way."""
    window.enter(KEYS)
    window.board.flash.cut(after, tear)
    window.field.put(window.cards[1])
    window.board.run(3)
    was_cut = window.board.flash.is_off
    window.power_off()
    window.power_on()
    window.ready()
    window.settle()
    put_back = bool(window.memory.grey()) or window.taken_fen(1) != window.booked_fen(1)
    if put_back:
        window.enter(KEYS)
        window.present(1)
        window.settle()
    return {
        "was_cut": was_cut,
        "put_back": put_back,
        "taken": window.taken_fen(1),
        "booked": window.booked_fen(1),
        "grey": window.memory.grey(),
        "faults": window.office.faults,
        "sum": window.memory.sum_fen(),
    }


@pytest.fixture(scope="module")
def changes(on):
    """How many points there are."""
    return on(changes_of_a_tap)


def test_a_cut_loses_nothing(on, changes, is_long):
    points = [
        (after, tear)
        for after in range(1, changes + 1)
        for tear in (TEARS_MORE if is_long else TEARS)
    ]
    outcomes = on.every([(cut, *point) for point in points])
    for point, outcome in zip(points, outcomes):
        assert outcome["was_cut"], (point, outcome)
        assert outcome["taken"] == outcome["booked"] in (0, FEN), (point, outcome)
        assert outcome["grey"] == outcome["faults"] == outcome["sum"] == 0, (point, outcome)
    print(f"\n{len(points)} cuts, {sum(o['put_back'] for o in outcomes)} put back")
