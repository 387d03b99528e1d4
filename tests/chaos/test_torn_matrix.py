"""The torn-tap matrix: a tap breaks at one of 5 instants, and goes on in one of 4 ways.

What must be true is asserted cell by cell: the money on the card by its own bytes, the outcome in
the journal, what the screens said, what the ledger has. Each cell is played on flash that takes a
second program and on flash that does not, and with the tills synced in either order.
"""

import pytest

from terminal_sim.oracle import PAID, REFUSED, TORN
from tests.chaos.two_tills import CARD, FIRST, NEXT_FEN, PRICE_FEN, SECOND, START_FEN, Tills

# instant -> (command of the card in which it leaves, how its block is torn, is the price taken)
AT = {
    "before_the_write": (5, "none", False),
    "torn_write": (5, 9, False),
    "answer_lost": (5, "all", True),
    "read_back_lost": (6, "none", True),
    "screen_lost": (None, None, True),  # power fails when all else is done
}


def same_terminal_next(instant, tills, order):
    """The card is put back, or the cashier enters the sale again: it is one sale."""
    taken, confirmed = AT[instant][2], instant == "screen_lost"
    if confirmed:
        assert tills.idle() == [("last_paid", (CARD, tills.local_s, PRICE_FEN))]
    assert tills.pay(FIRST, PRICE_FEN) == [REFUSED if confirmed else PAID]
    assert tills.held_fen() == START_FEN - PRICE_FEN
    outcomes = [tills.outcome(serial) for serial in (1, 2)]
    assert outcomes == (["done", "done" if confirmed else None] if taken else ["void", "done"])
    tills.sync(*order)
    assert tills.ledger() == (START_FEN - PRICE_FEN, PRICE_FEN, 0)
    assert tills.grey() == (0, 0)


def another_terminal_next(instant, tills, order):
    """The card pays elsewhere, and its chain says what it had come to here."""
    taken = AT[instant][2] * PRICE_FEN
    before = tills.outcome(1)
    assert tills.pay(SECOND, NEXT_FEN) == [PAID]
    assert tills.held_fen() == START_FEN - taken - NEXT_FEN
    assert tills.outcome(1) == before  # nobody here can know it yet
    tills.sync(*order)
    assert tills.ledger() == (START_FEN - taken - NEXT_FEN, taken, NEXT_FEN)
    assert tills.grey()[0] == 0


def card_never_again(instant, tills, order):
    """What is not known is counted and shown, and never guessed."""
    taken, confirmed = AT[instant][2], instant == "screen_lost"
    tills.sync(*order)
    assert tills.held_fen() == START_FEN - taken * PRICE_FEN
    if confirmed:
        assert tills.ledger() == (START_FEN - PRICE_FEN, PRICE_FEN, 0)
        assert tills.grey() == (0, 0)
        assert tills.idle() == [("last_paid", (CARD, tills.local_s, PRICE_FEN))]
    else:
        assert tills.outcome(1) == "grey"
        assert tills.ledger() == (START_FEN, 0, 0)
        assert tills.grey() == (1, 1)
        assert tills.idle() == [("put_back", (PRICE_FEN,))]
        tills.boot(FIRST)
        assert tills.grey() == (1, 1)  # the next day, too
        assert tills.idle() == [("last_grey", (CARD, tills.local_s, PRICE_FEN))]


def terminal_burnt(instant, tills, order):
    """Its flash is gone with the record: where money was taken, the card brings it back."""
    taken = AT[instant][2] * PRICE_FEN
    tills.burn(declared=order == (FIRST, SECOND))  # declared before the card taps, or after
    assert tills.pay(SECOND, NEXT_FEN) == [PAID]
    tills.sync(SECOND)
    tills.declare()
    assert tills.ledger() == (START_FEN - taken - NEXT_FEN, taken, NEXT_FEN)
    assert tills.held_fen() == START_FEN - taken - NEXT_FEN
    assert tills.grey() == (0, 0)
    tills.sync(FIRST)
    assert tills.pay(FIRST, NEXT_FEN) == [PAID]  # under a number that was never used
    tills.sync(FIRST)
    assert tills.ledger() == (START_FEN - taken - 2 * NEXT_FEN, taken + NEXT_FEN, NEXT_FEN)


_GOES_ON = (same_terminal_next, another_terminal_next, card_never_again, terminal_burnt)


@pytest.mark.parametrize("goes_on", _GOES_ON, ids=lambda one: one.__name__)
@pytest.mark.parametrize("instant", AT)
def test_a_torn_tap(instant, goes_on):
    for reprogram in (True, False):
        for order in ((FIRST, SECOND), (SECOND, FIRST)):
            tills = _broken(instant, reprogram)
            goes_on(instant, tills, order)
            assert tills.screens.count(TORN) == (instant != "screen_lost")
            assert not tills.office.faults


def _broken(instant, reprogram):
    """Two tills, after the tap that broke at the first."""
    command, shape, taken = AT[instant]
    tills = Tills(reprogram)
    if command is None:
        assert tills.pay(FIRST, PRICE_FEN, dark=True) is None
        assert tills.screens == []  # nobody was told anything
        tills.boot(FIRST)
    else:
        tills.card.tear_after(command, shape)
        assert tills.pay(FIRST, PRICE_FEN) == [TORN]
    assert tills.held_fen() == START_FEN - taken * PRICE_FEN
    assert tills.outcome(1) == ("grey" if command else "done")
    return tills
