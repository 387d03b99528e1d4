"""Loads that wait for a card: on it exactly once, whatever is torn, cut, asked twice or lost."""

import random

import pytest

from protocol import messages, record
from sync_server.store.actions import NotOpen
from terminal_sim.flash import ALL, NOTHING, PowerCut
from tests.shared import campus
from tests.sync_server.house import START_FEN, House

pytestmark = pytest.mark.usefixtures("both")

FEN = 2000
TAP = 100
COMMANDS = 7  # of a tap that loads: authenticate, three reads, write, read; then what comes


def present(house, number, card=1, pay_fen=None):
    """One tap with the server in reach. -> (Outcome, effects)"""
    terminal, now = house.terminals[number], house.now(number)
    terminal.key("*", now)
    if pay_fen:
        terminal.kind.ready(pay_fen)
    serve = lambda body: house.serve(number, body)  # noqa: E731
    return campus.tap(terminal, house.cards[card], house.now(number), serve=serve)


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path, terminals=2, cards=1)
    yield made
    made.store.close()


def order(house, fen=FEN, card=1):
    (number,) = house.store.actions.order_loads([(card, fen)], "desk", house.utc_s)
    house.tell_waiting()
    return number


def state(house, card=1):
    return [row["state"] for row in house.store.actions.of(card)]


def settle(house):
    """Everybody says what he knows; then the card is seen once more, everywhere."""
    for number in house.terminals:
        house.sync(number)
    for number in house.terminals:
        present(house, number)
        present(house, number)
        house.sync(number)


def check(house, loads=1, fen=FEN):
    """Card and ledger agree, and the load is there exactly once."""
    house.check_purses()
    balances = house.balances()
    paid = sum(fen_ for (kind, _), fen_ in balances.items() if kind == "merchant")
    assert house.held_fen(1) + paid == START_FEN + loads * fen
    assert balances.get(("account", "1"), 0) == 0 and house.store.accounts.sum_fen() == 0
    assert state(house) == ["done"] * loads


def test_a_load_is_on_the_card_at_the_next_tap(house):
    order(house)
    assert house.balances()["account", "1"] == FEN
    _, effects = present(house, 1)
    assert effects == [("show", "loaded", (FEN, START_FEN + FEN))]
    present(house, 1)
    present(house, 2)
    settle(house)
    check(house)


def test_who_pays_pays_with_it(house):
    house.cards[1] = campus.Card(1, 50, house.cards[1].uid)
    order(house)
    outcome, effects = present(house, 1, pay_fen=60)
    assert outcome.accepted and campus.screens(effects) == ["paid"]
    assert house.held_fen(1) == 50 + FEN - 60


def test_an_ordinary_tap_is_what_it_was(house):
    order(house, card=1)
    house.cards[2] = campus.Card(2, 100, b"\x5a\0\0\2")
    programs = []
    terminal = house.terminals[1]
    program = terminal._flash.program
    terminal._flash.program = lambda *args: (programs.append(args), program(*args))[1]
    outcome, _ = present(house, 1, card=2, pay_fen=60)
    assert outcome.accepted and len(house.cards[2].commands) == 6
    assert sum(len(data) for _, data in programs) <= 68


def test_loads_are_done_one_a_tap_in_order(house):
    order(house, 100)
    order(house, 200)
    present(house, 1)
    assert house.held_fen(1) == START_FEN + 100
    present(house, 2)  # another terminal; the first record is not here yet
    assert house.held_fen(1) == START_FEN + 300
    settle(house)
    house.check_purses()
    assert state(house) == ["done", "done"]


# shows R13
@pytest.mark.parametrize("both", ["sqlite"], indirect=True)  # of cards, not of databases
@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("gone_at", range(COMMANDS))
@pytest.mark.parametrize("back_at", [1, 2])
def test_torn_at_every_command(house, gone_at, written, back_at):
    order(house)
    card = house.cards[1]
    card.gone_at, card.written = gone_at, written
    present(house, 1)
    card.gone_at = None
    present(house, back_at)
    present(house, 3 - back_at)
    settle(house)
    check(house)


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)  # of flash, not of databases
@pytest.mark.parametrize("back_at", [1, 2])
def test_cut_at_every_operation_of_the_flash(tmp_path, back_at):
    """And the load survives the records being sent before, and after, the card comes back."""
    operation, was_cut = 0, True
    while was_cut:  # until the tap has fewer operations
        operation += 1
        (tmp_path / str(operation)).mkdir()
        house = House(tmp_path / str(operation), terminals=2, cards=1)
        order(house)
        flash = house.terminals[1]._flash
        flash.cut_after(operation, ALL if operation % 2 else NOTHING)
        try:
            present(house, 1)
            was_cut = False
        except PowerCut:
            pass
        flash.cut_after(0)
        house.power_on(1, flash)
        if operation % 3:
            house.sync(1)
        house.tell_waiting()
        present(house, back_at)
        settle(house)
        check(house)
        house.store.close()
    assert operation > 2


def test_a_grant_that_came_to_nothing_is_given_elsewhere(house):
    order(house)
    serve = house.serve
    house.serve = lambda number, body: (serve(number, body), None)[1]  # the answer is lost
    present(house, 1)
    house.serve = serve
    assert state(house) == ["open"]
    present(house, 2)
    settle(house)
    check(house)


def test_who_wrote_the_step_is_not_known_yet(house):
    """Two steps on, and no record here: nothing is granted until they come."""
    order(house)
    card = house.cards[1]
    card.gone_at, card.written = 4, True
    present(house, 1)  # loaded, and nobody heard it
    card.gone_at = None
    house.terminals[2].on_close(house.now(2))
    terminal = house.terminals[2]
    terminal.kind.ready(TAP)
    now = terminal.moment(house.utc_s, house._ticks_ms)
    campus.tap(terminal, card, now)
    present(house, 2)
    assert house.held_fen(1) == START_FEN + FEN - TAP and state(house) == ["open"]
    settle(house)
    check(house)


def test_the_terminal_burns_with_the_record(house):
    order(house)
    present(house, 1)
    house.store.lost.replace(1, house.utc_s)
    present(house, 2)
    house.sync(2)
    assert state(house) == ["done"]
    assert house.balances().get(("account", "1"), 0) == 0
    house.check_purses()


def test_a_listed_card_gets_nothing(house):
    order(house)
    house.store.lists.loss_report(1, "desk", house.utc_s)
    present(house, 1)
    assert house.held_fen(1) == START_FEN and state(house) == ["open"]


def test_withdrawn_and_not_withdrawn(house):
    number = order(house)
    house.store.actions.withdraw_load(number, house.utc_s)
    present(house, 1)
    assert house.held_fen(1) == START_FEN and house.balances()["bank", ""] == -START_FEN
    with pytest.raises(NotOpen):
        house.store.actions.withdraw_load(number, house.utc_s)
    number = order(house)
    card = house.cards[1]
    card.gone_at = 4
    present(house, 1)
    card.gone_at = None
    with pytest.raises(NotOpen, match="next tap"):
        house.store.actions.withdraw_load(number, house.utc_s)
    settle(house)
    assert house.held_fen(1) == START_FEN + FEN and state(house) == ["done", "withdrawn"]


def test_a_late_answer_is_nobodys(house):
    """Two cards, one after the other: the first one's grant must not load the second."""
    order(house)
    terminal, now = house.terminals[1], house.now(1)
    uploader = terminal.uploader
    wish = (1, record.MIFARE, 0, START_FEN, terminal.journal.serial_next, 0, 0)
    house.sync(1)
    uploader.ask(messages.encode(messages.ACTION, wish))
    body = uploader.next_request(now)
    uploader.ask(None)
    uploader.ask(messages.encode(messages.ACTION, (2, *wish[1:])))
    uploader.on_reply(house.serve(1, body), now)
    assert uploader.answer is None


def test_a_load_that_nobody_granted_is_named(house):
    order(house)
    present(house, 1)
    raw = house.terminals[1].journal.batch(50)[1]
    house.store.db.conn.execute("UPDATE action SET terminal = NULL, serial = NULL, counter = NULL")
    house.store.actions.remember()
    house.store.records.ingest([(1, raw)], house.utc_s)
    assert house.balances()["suspense", "load"] == -FEN
    assert house.store.records.counts()["quarantined"] == 1 and house.store.accounts.sum_fen() == 0


@pytest.mark.parametrize(
    ("both", "seed"),
    [("sqlite", seed) for seed in range(25)] + [("postgresql", seed) for seed in range(25, 30)],
    indirect=["both"],
)
def test_any_history(tmp_path, seed):
    """Orders, taps, tears, cuts and lost answers as dice have it; at the end all is where it is."""
    dice = random.Random(seed)
    house = House(tmp_path, terminals=3, cards=1)
    card, ordered, serve = house.cards[1], 0, house.serve
    for _ in range(40):
        number = dice.randrange(1, 4)
        if dice.random() < 0.15:
            order(house)
            ordered += 1
        if dice.random() < 0.3:
            card.gone_at, card.written = dice.randrange(12), dice.random() < 0.5
        house.serve = serve
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
    for _ in range(ordered):
        settle(house)
        house.tell_waiting()
    settle(house)
    check(house, ordered)
