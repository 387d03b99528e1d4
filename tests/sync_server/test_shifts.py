"""The cashier's summary and the server's: equal, or the difference is named."""

import pytest

from protocol import record
from terminal_sim.prng import Prng
from tests.shared import campus
from tests.sync_server.house import START_FEN, House

pytestmark = pytest.mark.usefixtures("both")

CASHIER = 5


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path, terminals=2, cards=CASHIER)
    made.store.terminals.set_params(None, {"cashier_zone": 3})
    uid = made.cards[CASHIER].uid
    made.cards[CASHIER] = campus.Card(CASHIER, START_FEN, uid, zones=1 << 3)
    for number in made.terminals:
        made.sync(number)
    yield made
    assert made.store.accounts.sum_fen() == 0
    made.store.close()


def tap(house, card, keys="", number=1):
    """Keys, then a card. -> screens with their values"""
    terminal = house.terminals[number]
    for char in keys:
        terminal.key(char, house.now(number))
    _, effects = campus.tap(terminal, house.cards[card], house.now(number))
    return [(effect[1], effect[2]) for effect in effects if effect[0] == "show"]


def test_sums_agree_whatever_is_torn_cancelled_and_cut(house):
    """Two hundred taps with tears and power cuts, in five shifts."""
    dice = Prng(7)
    for _ in range(5):
        assert tap(house, CASHIER, "*")[0][0] == "shift_begins"
        for _ in range(40):
            card = house.cards[dice.between(1, 4)]
            number = next(n for n, held in house.cards.items() if held is card)
            if dice.chance(1, 8):
                card.gone_at, card.written = dice.between(4, 6), dice.chance(1, 2)
            said = tap(house, number, f"*{dice.between(100, 3000)}#")
            card.gone_at = None
            if said and said[0][0] == "put_back" and dice.chance(1, 3):
                house.power_on(1, house.terminals[1]._flash)
            if said and said[0][0] == "put_back":
                tap(house, number)
            if dice.chance(1, 10):
                tap(house, number, "0#")
        screen, (sales, sold_fen, back_fen) = tap(house, CASHIER, "*000#")[0]
        assert screen == "shift_ended"
        house.sync(1)
        newest = house.store.shifts.of(1, 9)[0]
        assert newest["till"] == {"sold_fen": sold_fen, "back_fen": back_fen}
        assert (newest["sales"], newest["difference_fen"]) == (sales, 0)
        assert (newest["cashier"], newest["grey"], newest["missing"]) == (CASHIER, 0, 0)
    shifts = house.store.shifts.of(1, 9)
    assert len(shifts) == 5 and house.store.shifts.of(1, 2) == shifts[:2]
    total = sum(shift["sold_fen"] - shift["back_fen"] for shift in shifts)
    assert house.balances()["merchant", "m0"] == total > 0
    house.check_purses()


def test_one_that_goes_on_and_one_that_never_ended(house):
    tap(house, CASHIER)
    tap(house, 1, "500#")
    house.sync(1)
    (going,) = house.store.shifts.of(1, 9)
    assert (going["sold_fen"], going["closed"], going["till"]) == (500, None, None)
    assert house.store.shifts.of(2, 9) == []


def test_a_sum_that_differs_is_named(house):
    tap(house, CASHIER)
    tap(house, 1, "500#")
    terminal = house.terminals[1]
    terminal.kind._books.shift.sold_fen += 7  # a till that counts wrong
    tap(house, CASHIER, "000#")
    house.sync(1)
    assert house.store.shifts.of(1, 9)[0]["difference_fen"] == 7


def test_what_is_settled_after_the_end_is_named(house):
    """A card that was torn in the shift comes back in the next one."""
    tap(house, CASHIER)
    card = house.cards[1]
    card.gone_at, card.written = 5, True
    assert tap(house, 1, "500#")[0][0] == "put_back"
    card.gone_at = None
    assert tap(house, CASHIER, "*000#")[0] == ("shift_ended", (0, 0, 0))
    house.sync(1)
    assert house.store.shifts.of(1, 9)[0]["grey"] == 1
    tap(house, CASHIER)
    tap(house, 1)
    assert tap(house, CASHIER, "*000#")[0] == ("shift_ended", (0, 0, 0))
    house.sync(1)
    newest, before = house.store.shifts.of(1, 9)
    assert (newest["difference_fen"], before["difference_fen"], before["grey"]) == (0, -500, 0)
    entry = house.store.records.of(1, 0, 99)
    assert [row[1] for row in entry].count(record.PURCHASE) == 1
