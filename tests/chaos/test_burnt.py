"""A burnt terminal, with the real firmware core, real card bytes and the real store."""

import random

import pytest

from protocol import record
from tests.shared import campus
from tests.sync_server.house import START_FEN, House


def unsent(house, number):
    """-> the records that this terminal still has to send, as they lie in flash."""
    return campus.records(house.terminals[number])


def test_forty_unsent_payments_of_thirty_cards(tmp_path):
    house = House(tmp_path, terminals=3, cards=30)
    one, two, three = house.terminals
    cards = list(house.cards)
    for card in cards[:15]:
        assert house.pay(one, card, 100 + card)
    house.sync(one)
    lasts = {}
    for card in cards + cards[:10]:
        lasts[card] = house.terminals[one].journal.serial_next
        assert house.pay(one, card, 1000 + lasts[card])
    gone = unsent(house, one)
    assert len(gone) == 40
    for card in cards[:12]:
        assert house.pay(two, card, 50)
    house.sync(two)

    first, last = house.store.lost.replace(one, house.utc_s)
    house.power_on(one, house.blank(one))
    house.sync(one)
    for card in cards[12:]:
        assert house.pay(random.Random(card).choice((one, three)), card, 50)
    house.sync(three)
    house.sync(one)

    lost = house.store.lost.of(one)
    assert {row["card"]: row["serial"] for row in lost["rebuilt"]} == lasts
    assert all(row["amount_fen"] == 1000 + row["serial"] for row in lost["rebuilt"])
    assert lost["missing"] == [{"first": 16, "last": 25}]
    assert sum(row["total_fen"] for row in lost["spans"]) == sum(range(1016, 1026))
    house.check_purses()
    assert house.store.records.counts()["quarantined"] == 0
    new = [row[0] for row in house.store.records.of(one, last, 999)]
    assert new and new[0] == last + 1  # no number is used twice

    for at in range(0, 40, 7):  # the flash turns up
        house.store.records.ingest([(one, b"".join(gone[at : at + 7]))], house.utc_s)
    house.check_purses()
    assert ("suspense", "unnamed") not in house.balances()
    assert house.store.lost.of(one)["missing"] == []
    took = sum(START_FEN - house.held_fen(card) for card in cards)
    assert took == sum(fen for (kind, _), fen in house.balances().items() if kind == "merchant")
    assert house.store.records.counts()["quarantined"] == 0


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("gone_at", [4, 5])
def test_torn_at_the_terminal_that_burns_then(tmp_path, written, gone_at):
    """Only the card knows; its next tap tells, wherever it is."""
    house = House(tmp_path)
    one, two = house.terminals
    (card,) = house.cards
    assert house.pay(one, card, 300)
    held = house.cards[card]
    held.gone_at, held.written = gone_at, written
    house.pay(one, card, 700)
    held.gone_at = None
    house.store.lost.replace(one, house.utc_s)
    assert house.pay(two, card, 50)
    house.sync(two)
    house.check_purses()
    took = house.balances()["merchant", "m0"] + house.balances().get(("suspense", "unnamed"), 0)
    assert took == START_FEN - 50 - house.held_fen(card)
    assert house.store.records.counts()["grey"] == 0


def test_a_card_that_never_comes_again_is_what_cannot_be_rebuilt(tmp_path):
    house = House(tmp_path, cards=2)
    one, two = house.terminals
    kept, gone = house.cards
    assert house.pay(one, gone, 300)
    assert house.pay(one, kept, 400)
    house.store.lost.replace(one, house.utc_s)
    assert house.pay(two, kept, 50)
    house.sync(two)
    lost = house.store.lost.of(one)
    assert [row["serial"] for row in lost["rebuilt"]] == [2]
    assert lost["missing"] == [{"first": 1, "last": 1}]
    assert house.balances()["purse", str(gone)] == START_FEN


@pytest.mark.parametrize("seed", range(6))
def test_random_days_with_fires(seed, tmp_path):
    """Taps, tears, uploads, two fires; then every card taps once more, and all must be equal."""
    dice = random.Random(seed)
    house = House(tmp_path, terminals=3, cards=5)
    burnt = []
    for _ in range(120):
        number, card = dice.choice(list(house.terminals)), dice.choice(list(house.cards))
        what = dice.random()
        if what < 0.75:
            held = house.cards[card]
            if dice.random() < 0.2:
                held.gone_at, held.written = dice.randrange(7), dice.random() < 0.5
            house.pay(number, card, dice.randrange(1, 300))
            held.gone_at = None
        elif what < 0.97 or len(burnt) == 2:
            house.sync(number)
        else:
            burnt.append((number, unsent(house, number)))
            house.store.lost.replace(number, house.utc_s)
            house.power_on(number, house.blank(number))
            house.sync(number)
    for _ in range(2):
        for card in house.cards:
            house.pay(dice.choice(list(house.terminals)), card, 1)
        for number in house.terminals:
            house.sync(number)
    house.check_purses()
    for number, gone in burnt:
        for raw in gone:
            house.store.records.ingest([(number, raw)], house.utc_s)
    house.check_purses()
    assert ("suspense", "unnamed") not in house.balances()
    assert house.store.records.counts()["quarantined"] == 0
    rows = house.store.db.conn.execute(
        "SELECT count(*) FROM record WHERE type = ? AND outcome = ?",
        (record.PURCHASE, record.INTENT),
    )
    assert rows.fetchone() == (0,)
