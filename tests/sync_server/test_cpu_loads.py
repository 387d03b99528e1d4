"""Loads of CPU cards: the card's count of loads says what is done; no terminal makes money."""

import random

import pytest

from card_layout import purse_cpu
from protocol import messages
from terminal_sim.flash import ALL, NOTHING, PowerCut
from terminal_sim.pboc import Keys, Wallet
from terminal_sim.prng import Prng
from tests.firmware.test_bad_cards import Liar, flips, lengths
from tests.shared.cpu_card import CpuCard
from tests.sync_server.house import START_FEN, House
from tests.sync_server.test_actions import FEN, order, present, state

COMMANDS = 8  # select, identity, challenge, begin 0, log, VERIFY, INITIALIZE, CREDIT FOR LOAD


class Card(CpuCard):
    """As the desk issues it, with the keys that only server and card have."""

    def __init__(self, keyring, row):
        super().__init__(row["number"], START_FEN, bytes.fromhex(row["uid"]))
        made = keyring.wallet(row)
        keys = Keys(made["purchase"], made["load"], made["tac"], made["internal"])
        pin = made["pin"].hex()
        draw = Prng(5).bytes
        self.wallet = Wallet(made["serial"], keys, made["identity"], START_FEN, draw, pin)


@pytest.fixture
def house(tmp_path):
    made = opened(tmp_path)
    yield made
    made.store.close()


def opened(path, terminals=2):
    made = House(path, terminals=terminals, cards=1)
    made.cards[1] = Card(made.keyring, made.store.cards.get(1))
    made.held_fen = lambda card: made.cards[card].wallet.balance_fen
    return made


def settle(house):
    for number in house.terminals:
        house.sync(number)
    for number in house.terminals:
        present(house, number)
        present(house, number)
        house.sync(number)


def check(house, loads=1):
    house.check_purses()
    balances = house.balances()
    paid = sum(fen for (kind, _), fen in balances.items() if kind == "merchant")
    assert house.held_fen(1) + paid == START_FEN + loads * FEN
    assert balances.get(("account", "1"), 0) == 0
    assert state(house) == ["done"] * loads


def test_loaded_then_paid_with(house):
    order(house)
    outcome, effects = present(house, 1)
    assert effects == [("show", "loaded", (FEN, START_FEN + FEN))]
    assert present(house, 2, pay_fen=100)[0].accepted
    assert present(house, 2, pay_fen=100)[0].accepted
    settle(house)
    check(house)
    assert house.store.records.counts()["quarantined"] == 0


def test_an_ordinary_tap_has_the_commands_it_had(house):
    assert present(house, 1, pay_fen=100)[0].accepted
    assert len(house.cards[1].commands) == 7
    present(house, 1)
    order(house)
    present(house, 1)
    house.sync(1)
    assert present(house, 1, pay_fen=100)[0].accepted
    assert len(house.cards[1].commands) == 8  # one line of the log further, once after a load


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("gone_at", range(COMMANDS + 1))
@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("back_at", [1, 2])
def test_torn_at_every_command(house, gone_at, written, sent, back_at):
    order(house)
    card = house.cards[1]
    card.gone_at, card.written = gone_at, written
    present(house, 1)
    card.gone_at = None
    if sent:
        house.sync(1)
    present(house, back_at)
    present(house, 3 - back_at)
    settle(house)
    check(house)
    assert house.terminals[1].journal.grey == 0 and house.store.records.counts()["grey"] == 0


@pytest.mark.parametrize("back_at", [1, 2])
def test_cut_at_every_operation_of_the_flash(tmp_path, back_at):
    operation, was_cut = 0, True
    while was_cut:  # until the tap has fewer operations
        operation += 1
        (tmp_path / str(operation)).mkdir()
        house = opened(tmp_path / str(operation))
        order(house)
        flash = house.terminals[1]._flash
        flash.cut_after(operation, ALL if operation % 2 else NOTHING)
        was_cut = False
        try:
            present(house, 1)
        except PowerCut:
            was_cut = True
        flash.cut_after(0)
        house.power_on(1, flash)
        house.tell_waiting()
        present(house, back_at)
        settle(house)
        check(house)
        house.store.close()
    assert operation > 2


def test_a_card_cannot_be_made_to_look_unloaded(house):
    """Loaded, then its log is falsified on the way: the count under MAC1 tells the server."""
    order(house)
    card = house.cards[1]
    card.gone_at, card.written = 7, True
    present(house, 1)
    card.gone_at = None
    assert house.held_fen(1) == START_FEN + FEN
    card.wallet.log.clear()
    present(house, 1)  # its terminal believes: void
    present(house, 2)
    settle(house)
    assert house.held_fen(1) == START_FEN + FEN and state(house) == ["done"]
    house.check_purses()


def test_bits_and_lengths_of_every_answer_of_a_load(house):
    """VERIFY, INITIALIZE and CREDIT FOR LOAD, answered with a bit changed (each third), cut, or
    more: each load is on the card once, at the latest at its next honest tap."""
    made = 0
    for at, length in ((5, 2), (6, 18), (7, 6)):
        for change in (*list(flips(length))[at % 3 :: 3], *lengths(length)):
            order(house)
            made += 1
            honest = house.cards[1]
            house.cards[1] = Liar(honest, at, change)
            present(house, 1)
            house.cards[1] = honest
            house.sync(1)
            present(house, 1)
            assert house.held_fen(1) == START_FEN + made * FEN, (at, made)
    settle(house)
    check(house, made)


def test_a_mac1_that_is_not_the_cards_signs_nothing(house):
    (number,) = house.store.actions.order_loads([(1, FEN)], "desk", 1)
    for count, mac1 in ((0, bytes(4)), (0x10000, bytes(4)), (0xFFFFFFFF, b"\xff" * 4)):
        values = (number, 1, count, START_FEN, bytes(4), mac1, house.utc_s)
        body = messages.encode(messages.SIGN, values)
        assert house.serve(1, body)[0] == messages.PROBLEM
    assert state(house) == ["open"]


def test_a_mac2_of_another_load_does_nothing(house):
    """What the server signed is good for one half of one transaction."""
    order(house)
    card, signed = house.cards[1], []
    serve = house.serve
    house.serve = lambda number, body: signed.append(serve(number, body)) or signed[-1]
    card.gone_at, card.written = 7, False
    present(house, 1)
    card.gone_at = None
    mac2 = signed[-1][1:]
    card.select()
    card.wallet.apdu(purse_cpu.select())
    card.wallet.apdu(purse_cpu.verify(house.keyring.pin(card.uid)))
    card.wallet.apdu(purse_cpu.begin_load(FEN, 1, 1))
    word = card.wallet.apdu(purse_cpu.load(purse_cpu.moment_of(house.utc_s), mac2))
    assert word == purse_cpu.BAD_MAC.to_bytes(2, "big")


@pytest.mark.parametrize("seed", range(15))
def test_any_history(tmp_path, seed):
    dice = random.Random(seed)
    house = opened(tmp_path, 3)
    card, ordered, serve = house.cards[1], 0, house.serve
    for _ in range(40):
        number = dice.randrange(1, 4)
        if dice.random() < 0.15:
            order(house)
            ordered += 1
        if dice.random() < 0.3:
            card.gone_at, card.written = dice.randrange(14), dice.random() < 0.5
        if dice.random() < 0.2:
            house.serve = lambda at, body: (serve(at, body), None)[1]
        flash = house.terminals[number]._flash
        if dice.random() < 0.1:
            flash.cut_after(dice.randrange(1, 5), dice.choice((ALL, NOTHING)))
        try:
            present(house, number, pay_fen=dice.choice((None, 10, 250)))
        except PowerCut:
            flash.cut_after(0)
            house.power_on(number, flash)
        flash.cut_after(0)
        card.gone_at, house.serve = None, serve
        if dice.random() < 0.3:
            house.sync(number)
            house.tell_waiting()
    for _ in range(ordered + 1):
        settle(house)
        house.tell_waiting()
    check(house, ordered)
