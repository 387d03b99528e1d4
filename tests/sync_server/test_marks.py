"""A reported card is marked where it shows itself, and freed when the report is withdrawn."""

import pytest

from card_layout import identity, purse_m1
from protocol import reasons, record
from terminal_sim.flash import ALL, NOTHING, PowerCut
from tests.sync_server.house import START_FEN, House
from tests.sync_server.test_actions import present
from tests.sync_server.test_actions import settle as talk

TAP = 100
OLD = 2  # the terminal that hears of nothing


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path, terminals=2, cards=2)
    yield made
    made.store.close()


def report(house, card=1):
    """The card is lost; terminal 1 knows it, terminal 2 not yet."""
    house.store.lists.loss_report(card, "desk", house.utc_s)
    house.sync(1)


def withdraw(house, card=1):
    house.store.lists.loss_withdraw(card, "desk", house.utc_s)
    house.sync(1)


def is_stopped(house, card=1):
    one = house.cards[card]
    _, index, _ = purse_m1.choose(one.blocks[5], one.blocks[6], one.uid, house.mac(one.uid))
    return purse_m1.is_stopped(one.blocks[11 - index])


def refused(house, number, card=1):
    outcome, _ = present(house, number, card, pay_fen=TAP)
    return outcome.reason if not outcome.accepted else None


def test_a_terminal_with_an_old_list_refuses_what_met_a_new_one(house):
    report(house)
    assert not house.terminals[OLD].blacklist.has(1)
    assert refused(house, 1) == reasons.LISTED and is_stopped(house)
    assert refused(house, OLD) == reasons.LISTED
    writes = [c for c in house.cards[1].commands if c[0] == 0xA0]
    assert writes == []  # it is marked once
    assert refused(house, OLD, card=2) is None


def test_it_is_freed_and_works_where_the_old_list_still_has_it(house):
    report(house)
    house.sync(OLD)
    assert refused(house, 1) == reasons.LISTED
    withdraw(house)
    assert refused(house, 1) is None and not is_stopped(house)
    assert house.terminals[OLD].blacklist.has(1)  # an old list
    assert refused(house, OLD) is None  # whose card is newer than that list
    talk(house)
    house.check_purses()
    assert (
        house.store.records.counts()["quarantined"] == 0
        and house.store.records.counts()["grey"] == 0
    )
    assert house.held_fen(1) == START_FEN - 2 * TAP


def test_offline_nobody_frees_it(house):
    report(house)
    refused(house, 1)
    house.store.lists.loss_withdraw(1, "desk", house.utc_s)
    house.serve = lambda number, body: None
    assert refused(house, OLD) == reasons.LISTED and is_stopped(house)


def test_while_it_is_reported_nobody_frees_it(house):
    report(house)
    refused(house, 1)
    assert refused(house, OLD) == reasons.LISTED and is_stopped(house)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("gone_at", range(7))
@pytest.mark.parametrize("frees", [False, True])
def test_torn_at_every_command(house, gone_at, written, frees):
    """Marked or not, freed or not, no money moves and the next tap ends it."""
    card = house.cards[1]
    report(house)
    if frees:
        assert refused(house, 1) == reasons.LISTED
        withdraw(house)
    card.gone_at, card.written = gone_at, written
    present(house, 1, pay_fen=TAP)
    card.gone_at = None
    if frees:
        present(house, 1)
        assert not is_stopped(house)
    else:
        assert refused(house, 1) == reasons.LISTED and is_stopped(house)
        withdraw(house)
        present(house, 1)
    talk(house)
    house.check_purses()
    assert house.store.records.counts()["grey"] == 0 and not is_stopped(house)


@pytest.mark.parametrize("frees", [False, True])
def test_cut_at_every_operation(tmp_path, frees):
    operation, was_cut = 0, True
    while was_cut:  # until the tap has fewer operations
        operation += 1
        (tmp_path / str(operation)).mkdir()
        house = House(tmp_path / str(operation), cards=1)
        report(house)
        if frees:
            present(house, 1)
            withdraw(house)
        flash, was_cut = house.terminals[1]._flash, False
        flash.cut_after(operation, ALL if operation % 2 else NOTHING)
        try:
            present(house, 1)
        except PowerCut:
            was_cut = True
        flash.cut_after(0)
        house.power_on(1, flash)
        house.sync(1)
        if not frees:
            assert refused(house, 1) == reasons.LISTED and is_stopped(house)
            withdraw(house)
        present(house, 1)
        talk(house)
        house.check_purses()
        assert house.store.records.counts()["grey"] == 0 and not is_stopped(house)
        house.store.close()
    assert operation > 2


def torn_identity(house, keep):
    """A write of the identity that ended after `keep` bytes."""
    card = house.cards[1]
    card.blocks[identity.BLOCK] = card.blocks[identity.BLOCK][:keep] + b"\x55" * (16 - keep)


@pytest.mark.parametrize("keep", [0, 7, 15])
def test_a_torn_identity_is_written_anew(house, keep):
    torn_identity(house, keep)
    outcome, _ = present(house, 1, pay_fen=TAP)
    assert outcome.accepted and house.held_fen(1) == START_FEN - TAP
    assert refused(house, OLD) is None
    talk(house)
    house.check_purses()


def test_a_torn_identity_offline_or_of_a_lost_card_is_refused(house):
    torn_identity(house, 7)
    serve, house.serve = house.serve, lambda number, body: None
    assert refused(house, 1) == reasons.ALTERED
    house.serve = serve
    report(house)
    assert refused(house, 1) == reasons.ALTERED
    raws = house.terminals[1].journal.batch(50)[1]
    assert record.unpack(raws[-64:]).card == 0


@pytest.mark.parametrize("gone_at", range(4, 9))
def test_no_record_tells_a_purse_that_a_torn_write_has_changed(house, gone_at):
    """Found by gear 1, seed 777: freed, not heard of, then refused for another reason in the same
    tap. The refusal told the purse as it was before, and the server called the write void."""
    report(house)
    assert refused(house, 1) == reasons.LISTED
    withdraw(house)
    card = house.cards[1]
    card.gone_at, card.written = gone_at, True
    present(house, 1, pay_fen=START_FEN + 1)
    card.gone_at = None
    house.sync(1)
    present(house, 1)
    talk(house)
    house.check_purses()
    counts = house.store.records.counts()
    assert (counts["quarantined"], counts["grey"]) == (0, 0)
