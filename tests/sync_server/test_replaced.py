"""A replaced card's last payments come late: after its balance has moved, after the new card's
first tap. What they took is the old card's own, whoever has the money now."""

import pytest

from tests.shared import campus
from tests.sync_server.house import START_FEN, WISH, House
from tests.sync_server.test_actions import present

pytestmark = pytest.mark.usefixtures("both")

OLD, HEIR, HOME, AWAY = 1, 2, 1, 2
LATE_FEN = 700


@pytest.fixture
def house(tmp_path):
    """The old card has paid at a till that has not told of it, and is dead; its heir is issued."""
    made = House(tmp_path, terminals=2, cards=1)
    assert made.pay(AWAY, OLD, LATE_FEN)
    wish = WISH | {"uid": "5a000002", "balance_fen": 0}
    issue = made.store.issues.begin(wish, 1, OLD, "desk", made.utc_s)
    made.store.issues.end(issue["card"], made.utc_s)
    made.cards[HEIR] = campus.Card(HEIR, 0, b"\x5a\x00\x00\x02")
    told(made, HOME)
    yield made
    made.store.close()


def told(house, number):
    """A till has told all that it has, and then that it holds the list."""
    house.sync(number)
    house.sync(number)


def settled(house):
    """-> what is said of the old card's balance."""
    (said,) = house.store.issues.settle("desk", house.utc_s)
    return said


def heir_taps(house):
    """Its first tap, which loads it, and all that this till knows of it."""
    house.tell_waiting()
    present(house, HOME, HEIR)
    house.sync(HOME)


# shows R10
def test_the_balance_waits_for_a_till_that_is_silent(house):
    assert settled(house)["owing"] == [AWAY]
    told(house, AWAY)
    said = settled(house)
    assert said["settled"] and said["amount_fen"] == START_FEN - LATE_FEN
    heir_taps(house)
    books = house.balances()
    assert books["purse", str(HEIR)] == house.held_fen(HEIR) == START_FEN - LATE_FEN
    assert ("purse", str(OLD)) not in books  # it is dead, whatever its bytes say


# shows R10
def test_the_card_turned_up_and_moved_at_once_then_its_record_comes(house):
    held = house.held_fen(OLD)
    assert house.store.issues.take_back(OLD, held, 1, "desk", house.utc_s) == 0
    heir_taps(house)
    assert house.held_fen(HEIR) == held == START_FEN - LATE_FEN
    assert house.balances()["purse", str(OLD)] == LATE_FEN  # moved, but for what is still to come
    house.sync(AWAY)
    books = house.balances()
    assert ("purse", str(OLD)) not in books and books["merchant", f"m{AWAY - 1}"] == LATE_FEN
    assert books["purse", str(HEIR)] == held


# shows R10
def test_the_till_was_replaced_and_its_old_flash_is_read_after_all(house):
    """What the card had spent went to its heir as well: the old card owes it, and nobody else."""
    burnt = house.terminals[AWAY]
    house.power_on(AWAY, house.blank(AWAY))
    told(house, AWAY)
    assert settled(house)["settled"]
    heir_taps(house)
    assert house.held_fen(HEIR) == START_FEN
    house.terminals[AWAY] = burnt
    house.sync(AWAY)
    books = house.balances()
    assert books["purse", str(OLD)] == -LATE_FEN and books["merchant", f"m{AWAY - 1}"] == LATE_FEN
    assert books["purse", str(HEIR)] == START_FEN and ("account", str(HEIR)) not in books
    assert house.store.records.counts()["quarantined"] == 0
