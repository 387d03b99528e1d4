"""Card keys of a newer version: into the terminals, onto the cards at their next taps, whatever
fails on the way."""

import contextlib

import pytest

from card_layout import identity, keys, purse_m1, sectors
from protocol import cardkeys, messages, params, reasons, record
from sync_server.keyring import CARD_NAMES
from terminal_sim.flash import ALL, NOTHING, PowerCut
from tests.shared import campus
from tests.shared.cpu_card import CpuCard
from tests.sync_server.house import START_FEN, House
from tests.sync_server.test_actions import present
from tests.sync_server.test_actions import settle as talk

TAP = 100
COMMANDS = 18  # more than any tap has that re-keys
READS = 6  # of a purchase: authenticate, three reads, write, read back


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path, terminals=2, cards=1)
    yield made
    made.store.close()


def give_keys(house, number):
    """The server's keys to a terminal. -> status"""
    tail = house.keyring.card_keys("pos")
    body = messages.encode(messages.KEYS, (house.keyring.newest,), tail)
    reply = house.terminals[number].uploader.on_request(body, house.now(number))
    _, values, _ = messages.decode(reply)
    if values.status in (messages.APPLIED, messages.SAME):
        house.store.card_keys.confirm(number, values.newest)
    return values.status


def roll_out(house, with_sectors=True):
    """A new version in every terminal, and cards shall have it."""
    house.keyring.grow(with_sectors)
    for number in house.terminals:
        assert give_keys(house, number) == messages.APPLIED
    house.store.terminals.set_params(None, {"card_key": house.keyring.newest})
    for number in house.terminals:
        house.sync(number)
    for card in house.cards.values():
        card.macs = (mac_of(house, card), *card.macs)


def mac_of(house, card):
    """The newest MAC of a card."""
    return keys.card_mac(house.keyring._cipher("purse", house.keyring.newest), card.uid)


def newest_trailer(house, card):
    ciphers = [house.keyring._cipher(name, house.keyring.newest) for name in CARD_NAMES[:2]]
    return sectors.trailer(card.uid, *ciphers)


def is_new(house, card):
    """Identity, purse and sector stand under the newest keys."""
    mac = mac_of(house, card)
    try:
        who = identity.unpack(card.blocks[4], card.uid, mac)
        purse_m1.choose(card.blocks[5], card.blocks[6], card.uid, mac)
    except identity.Altered:
        return False
    return who.key_version == 2 and card.blocks[7] == newest_trailer(house, card)


def pay(house, number=1, card=1):
    """-> (whether it was accepted, its reason)"""
    outcome, _ = present(house, number, card, pay_fen=TAP)
    return outcome.accepted, outcome.reason


def entries(house, number=1):
    return [record.unpack(raw) for raw in campus.records(house.terminals[number])]


def check(house, taps):
    """The books agree, after so many purchases."""
    talk(house)
    house.check_purses()
    counts = house.store.records.counts()
    assert (counts["quarantined"], counts["grey"]) == (0, 0)
    assert house.held_fen(1) == START_FEN - taps * TAP


@pytest.mark.parametrize("with_sectors", [True, False])
def test_a_card_is_rekeyed_at_its_next_tap_and_then_is_as_any(house, with_sectors):
    roll_out(house, with_sectors)
    card = house.cards[1]
    assert pay(house) == (True, reasons.OK)
    assert is_new(house, card)
    told = [(entry.type, entry.reason, entry.amount_fen) for entry in entries(house)]
    assert told == [(record.LOAD, reasons.REKEYED, 0), (record.PURCHASE, reasons.OK, TAP)]
    assert house.store.cards.get(1)["key_version"] == 2
    for number in (1, 2):
        assert pay(house, number) == (True, reasons.OK)
        assert len(card.commands) == READS
    assert entries(house, 2)[-1].credential >> 4 == 2
    check(house, 3)


def test_offline_it_pays_as_it_is(house):
    roll_out(house)
    card, serve = house.cards[1], house.serve
    house.serve = lambda number, body: None
    assert pay(house) == (True, reasons.OK) and not is_new(house, card)
    house.serve = serve
    assert pay(house, 2) == (True, reasons.OK) and is_new(house, card)
    check(house, 2)


@pytest.mark.parametrize("with_sectors", [True, False])
@pytest.mark.parametrize("written", [False, True, 1, 7, 11, 13, 15])
def test_torn_at_every_command(tmp_path, written, with_sectors):
    """Before, in and after every write, and at any of its bytes: the next taps end it."""
    house = House(tmp_path, terminals=2, cards=COMMANDS)
    roll_out(house, with_sectors)
    for gone_at in range(COMMANDS):
        number, card = gone_at + 1, house.cards[gone_at + 1]
        card.gone_at, card.written = gone_at, written
        taps = int(pay(house, 1, number)[0])
        was_gone = len(card.commands) > gone_at
        card.gone_at = None
        for terminal in (2, 1, 2):
            taps += int(pay(house, terminal, number)[0])
        assert is_new(house, card), gone_at
        taken = START_FEN - house.held_fen(number)
        assert taken in (taps * TAP, (taps + was_gone) * TAP)  # the first may be paid when put back
    assert not was_gone
    talk(house)
    house.check_purses()
    assert house.store.records.counts()["grey"] == 0
    house.store.close()


def test_cut_at_every_operation(tmp_path):
    operation, was_cut = 0, True
    while was_cut:  # until the tap has fewer operations
        operation += 1
        (tmp_path / str(operation)).mkdir()
        house = House(tmp_path / str(operation))
        roll_out(house)
        flash, was_cut = house.terminals[1]._flash, False
        flash.cut_after(operation, ALL if operation % 2 else NOTHING)
        try:
            present(house, 1)
        except PowerCut:
            was_cut = True
        flash.cut_after(0)
        house.power_on(1, flash)
        house.sync(1)
        present(house, 1)
        assert is_new(house, house.cards[1])
        check(house, 0)
        house.store.close()
    assert operation > 2


def test_keys_that_power_failed_on_are_learnt_again(house):
    house.keyring.grow(True)
    for operation in (1, 2, 3):
        flash = house.terminals[1]._flash
        flash.cut_after(operation, NOTHING)
        with contextlib.suppress(PowerCut):
            give_keys(house, 1)
        flash.cut_after(0)
        house.power_on(1, flash)
    assert give_keys(house, 1) in (messages.APPLIED, messages.SAME)
    house.power_on(1, flash)
    assert house.terminals[1]._keys.versions == [2, 1]
    assert give_keys(house, 1) == messages.SAME


def test_a_terminal_that_lacks_the_keys_takes_no_card_that_has_them(house):
    blank = house.blank(2)
    roll_out(house)
    assert pay(house)[0]
    house.power_on(2, blank)  # as it was enrolled
    house.sync(2)
    assert pay(house, 2) == (False, reasons.FOREIGN)
    assert give_keys(house, 2) == messages.APPLIED
    assert pay(house, 2) == (True, reasons.OK)
    check(house, 2)


# shows R15
@pytest.mark.parametrize("with_sectors", [True, False])
def test_what_stands_under_retired_keys_is_refused(tmp_path, with_sectors):
    """That is what the change is for: who has the old master makes no card any more."""
    house = House(tmp_path, cards=2)
    roll_out(house, with_sectors)
    assert pay(house, 1, 1)[0]
    house.store.terminals.set_params(None, {"oldest_card_key": 2})
    house.sync(1)
    assert pay(house, 1, 2) == (False, reasons.ALTERED)
    assert pay(house, 1, 1)[0]
    card = house.cards[1]  # a thief with the old master writes himself a purse
    rich = purse_m1.Purse(1000, 999_999, 1, 1)
    for index in (5, 6):
        card.blocks[index] = purse_m1.pack(rich, card.uid, index, campus.mac_of(card.uid))
    assert pay(house, 1, 1) == (False, reasons.ALTERED)
    house.store.close()


def test_a_reported_card_is_not_rekeyed(house):
    roll_out(house)
    house.store.lists.loss_report(1, "desk", house.utc_s)
    house.sync(1)
    assert pay(house) == (False, reasons.LISTED)
    assert not is_new(house, house.cards[1])
    house.store.lists.loss_withdraw(1, "desk", house.utc_s)
    house.sync(1)
    for _ in range(2):
        assert pay(house)[0]
    assert is_new(house, house.cards[1])
    check(house, 2)


def test_cpu_cards_keep_the_version_they_were_issued_with():
    """Their keys are changed at a desk; a till reads which they have."""
    till = campus.terminal_on(campus.flash_of())
    card = CpuCard()
    assert till.learn_keys(cardkeys.tell([row_of(2)])) == messages.APPLIED
    till.kind.ready(TAP)
    outcome, _ = campus.tap(till, card)
    assert outcome.accepted
    till.params.apply(1, params.pack({"card_key": 2, "oldest_card_key": 2}))
    till.kind.ready(TAP)
    outcome, _ = campus.tap(till, card)
    assert (outcome.accepted, outcome.reason) == (False, reasons.ALTERED)


def row_of(version):
    return (version, b"sector a, newer!", b"sector b, newer!", b"purses, newer!!!")


def test_hostile_keys_change_nothing():
    """Every bit of a page that is flipped, every other length, keys that everybody tries."""
    till = campus.terminal_on(campus.flash_of())
    page = cardkeys.pack(row_of(2))
    for bit in range(8 * len(page)):
        bent = bytearray(page)
        bent[bit >> 3] ^= 1 << (bit & 7)
        assert cardkeys.unpack(bytes(bent)) is None
    tail = cardkeys.tell([row_of(2)])
    for length in (*range(1, 49), 50, 97):
        assert till.learn_keys((tail * 3)[:length]) == messages.REFUSED
    for row in ((0, *row_of(2)[1:]), (16, *row_of(2)[1:]), (2, bytes(16), *row_of(2)[2:]),
                (2, *row_of(2)[1:3], b"\xff" * 16)):  # fmt: skip
        assert till.learn_keys(cardkeys.tell([row])) == messages.REFUSED
    assert till.learn_keys(cardkeys.tell([row_of(1)])) == messages.REFUSED  # it has another 1
    assert till.learn_keys(tail) == messages.APPLIED
    assert till.learn_keys(tail) == messages.SAME
