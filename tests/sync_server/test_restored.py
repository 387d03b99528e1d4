"""The server comes back with an old database: noticed, refilled, and what is gone is named."""

import pytest

from protocol import messages
from sync_server.store.restored import JUMP_MOST
from tests.sync_server.house import START_FEN, House

pytestmark = pytest.mark.usefixtures("both")


@pytest.fixture
def house(tmp_path):
    return House(tmp_path, terminals=2, cards=3)


def test_what_the_terminals_still_have_comes_back(house):
    one, two = house.terminals
    cards = list(house.cards)
    assert house.pay(one, cards[0], 100)
    house.sync(one)
    image = house.backup()
    for card in cards * 4:
        assert house.pay(one, card, 100)
    assert house.pay(two, cards[0], 50)
    house.sync(one)
    house.sync(two)
    before = house.balances()
    assert house.store.restored.signs() == []
    house.restore(image)
    assert house.balances() != before
    body = house.terminals[one].uploader
    body.restart()
    report = body.next_request(house.now(one))
    body.on_reply(house.serve(one, report), house.now(one))
    assert house.store.restored.refilling() == {one}
    house.sync(one)
    house.sync(two)
    assert house.balances() == before
    house.check_purses()
    assert house.store.restored.refilling() == set()
    signs = [(row["terminal"], row["what"], row["had"], row["told"]) for row in
             house.store.restored.signs()]  # fmt: skip
    assert signs == [(two, "records", 0, 1), (one, "records", 1, 13)]
    assert house.store.lost.of(one)["missing"] == []
    house.sync(one)
    assert len(house.store.restored.signs()) == 2


def test_what_is_no_longer_on_the_terminal_is_named_and_can_be_rebuilt(house):
    """256 places in this journal: the oldest of 300 records are gone."""
    one, two = house.terminals
    cards = list(house.cards)
    house.sync(one)
    image = house.backup()
    for n in range(300):
        assert house.pay(one, cards[n < 20], 10 + n)
        if n % 40 == 39:
            house.sync(one)
    house.sync(one)
    house.restore(image)
    house.sync(one)
    (gap,) = house.store.lost.of(one)["missing"]
    assert gap["first"] == 1 and 300 - 256 - 64 <= gap["last"] <= 300 - 192 + 1
    assert house.store.restored.refilling() == set()
    held = house.balances()
    assert held["purse", str(cards[0])] != house.held_fen(cards[0])
    house.store.lost.give_up(one, house.utc_s)
    assert house.pay(two, cards[1], 5)  # its payments are all below the gap's end
    house.sync(two)
    house.check_purses()
    lost = house.store.lost.of(one)
    assert lost["declared"][0]["last"] == gap["last"]
    assert {row["card"] for row in lost["rebuilt"]} == set(cards[:2])
    assert sum(fen for key, fen in house.balances().items() if key[0] != "bank") == 3 * START_FEN


def test_a_version_of_a_list_is_never_made_twice(house):
    one, two = house.terminals
    cards = list(house.cards)
    image = house.backup()
    for card in cards[:2]:
        house.store.lists.loss_report(card, "desk", house.utc_s)
    house.sync(one)
    assert house.terminals[one].blacklist.version == 2
    house.restore(image)
    house.sync(one)
    version, _, digest = house.store.lists.state(messages.BLACKLIST, one)
    assert version == 3  # of no card: the reports are lost, and the signs say so
    assert [(row["what"], row["had"], row["told"]) for row in house.store.restored.signs()] == [
        ("blacklist", 0, 2)
    ]
    assert (house.terminals[one].blacklist.version, house.terminals[one].blacklist.digest) == (
        3,
        digest,
    )
    assert house.store.lists.loss_report(cards[2], "desk", house.utc_s) == 4
    house.sync(one)
    house.sync(two)
    for number in (one, two):
        listed = house.terminals[number].blacklist
        assert [listed.has(card) for card in cards] == [False, False, True]
        assert listed.version == 4
    assert house.store.lists.delta(messages.BLACKLIST, one, 2) is None  # of a version never made


def test_the_same_version_of_another_set_made_before_anybody_told(house):
    one, two = house.terminals
    cards = list(house.cards)
    image = house.backup()
    house.store.lists.loss_report(cards[0], "desk", house.utc_s)
    house.sync(one)
    house.restore(image)
    assert house.store.lists.loss_report(cards[1], "desk", house.utc_s) == 1
    house.sync(two)
    house.sync(one)
    for number in (one, two):
        listed = house.terminals[number].blacklist
        assert [listed.has(card) for card in cards] == [False, True, False]


def test_parameters_and_grants_jump_as_well(house):
    (one, two) = house.terminals
    image = house.backup()
    house.store.terminals.set_params(None, {"heartbeat_s": 40})
    house.store.terminals.set_params(one, {"heartbeat_s": 50})
    house.sync(one)
    house.restore(image)
    house.store.terminals.set_params(None, {"heartbeat_s": 60})
    house.sync(two)
    house.sync(one)
    house.sync(one)
    assert house.terminals[one].params["heartbeat_s"] == 60
    assert house.store.terminals.set_params(one, {"heartbeat_s": 70}) > 3
    house.sync(one)
    assert house.terminals[one].params["heartbeat_s"] == 70
    assert {row["what"] for row in house.store.restored.signs()} == {"parameters"}


def test_a_terminal_that_errs_does_not_use_up_the_versions(house):
    one = next(iter(house.terminals))
    report = house.terminals[one].report(house.now(one))
    _, values, _ = messages.decode(messages.encode(messages.REPORT, report))
    wrong = values._replace(list_version=JUMP_MOST + 1, grants_version=0xFFFFFFFF,
                            params_version=0xFFFFFFFF)  # fmt: skip
    assert not house.store.restored.compare(one, wrong, house.utc_s)
    assert house.store.lists.state(messages.BLACKLIST, one)[0] == 0
    assert house.store.lists.state(messages.GRANTS, one)[0] == 0
    assert house.store.terminals.params(one)[0] == 0
    assert len(house.store.restored.signs()) == 3


def test_a_restored_server_admits_the_terminals_epochs(house):
    one = next(iter(house.terminals))
    image = house.backup()
    assert house.store.terminals.admit_epoch(one, 3000)
    house.restore(image)
    assert house.store.terminals.admit_epoch(one, 3001)
