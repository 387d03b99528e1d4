"""Purchases by a PSAM at the server: named by terminal and second, proven by the PSAM's number."""

import pytest

from card_layout import purse_cpu
from protocol import reasons, record
from sync_server.core import chain
from terminal_sim import psam
from tests.shared import campus
from tests.sync_server.house import START_FEN
from tests.sync_server.test_cpu_loads import opened

FEN = 1250
DEBIT = 7  # commands before it


@pytest.fixture
def house(tmp_path):
    """Terminal 1 has a PSAM, terminal 2 keys in flash."""
    made = opened(tmp_path)
    made.cards[1].wallet.psam_key = made.keyring.wallet(made.store.cards.get(1))["psam"]
    personal = made.keyring.psam(1)
    made.chip = psam.Psam(personal["master"], personal["number"])
    made.terminals[1].use_psam()
    made.store.records.tac_key = made.keyring.tac_key
    yield made
    made.store.close()


def pay(house, number):
    """-> was it accepted"""
    terminal = house.terminals[number]
    terminal.key("*", house.now(number))
    terminal.kind.ready(FEN)
    outcome, _ = campus.tap(
        terminal, house.cards[1], house.now(number),
        serve=lambda body: house.serve(number, body), psam=house.chip.apdu,
    )  # fmt: skip
    return outcome.accepted


def torn(house, written):
    """A purchase at the PSAM that the card left in the middle of."""
    card = house.cards[1]
    card.gone_at, card.written = DEBIT - 1, written
    assert not pay(house, 1)
    card.gone_at = None


def check(house, taken, merchants):
    house.check_purses()
    assert house.held_fen(1) == START_FEN - taken * FEN
    counts, held = house.store.records.counts(), house.balances()
    assert (counts["quarantined"], counts["grey"]) == (0, 0)
    assert [held.get(("merchant", name), 0) // FEN for name in ("m0", "m1")] == merchants


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@pytest.mark.parametrize("written", [False, True])
def test_a_grey_is_told_by_the_second_that_the_cards_log_names(house, order, written):
    torn(house, written)
    assert pay(house, 2)
    for number in order:
        house.sync(number)
    if not written:  # who read the card at the same counter cannot tell: its own till does
        pay(house, 1)
        house.sync(1)
    check(house, 1 + 1, [1, 1])


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_void_one_and_its_successor_are_kept_apart(house, order):
    """Both at one counter of one card, by one terminal, one of them made."""
    torn(house, False)
    house.sync(1)
    assert pay(house, 1)
    assert pay(house, 2)
    for number in order:
        house.sync(number)
    check(house, 2, [1, 1])


def test_its_proof_is_checked_with_the_number_that_the_psam_gave(house):
    assert pay(house, 1)
    paid, proof = (record.unpack(raw) for raw in campus.records(house.terminals[1]))
    key = house.keyring.tac_key(house.cards[1].uid)
    assert (paid.detail, proof.amount_fen) == (0, 1)
    tac = purse_cpu.tac(key, FEN, 1, 0, purse_cpu.moment_of(paid.utc_s), 1)
    assert proof.detail == int.from_bytes(tac, "big")
    house.sync(1)
    check(house, 1, [1, 0])
    house.chip.transactions = 700
    forged = house.cards[1].wallet.keys
    house.cards[1].wallet.keys = forged._replace(tac=bytes(16))
    assert pay(house, 1)
    house.sync(1)
    fault = house.store.db.one("SELECT fault FROM record WHERE type = 8 ORDER BY id DESC LIMIT 1")
    assert fault == reasons.BAD_PROOF


def test_names():
    moment = campus.NOON
    assert chain.same((1, 5), (1, 5)) and not chain.same((1, 5), (1, 6))
    assert chain.same((1, moment), (1, 6)) and not chain.same((2, moment), (1, 6))


def test_a_second_of_1970_is_no_name():
    """A terminal whose clock was lost: its seconds are numbers that serials have, too."""
    entry = record.unpack(record.pack(record.Record(5, 1, 16, 0, 7, 0, 0, 100, *[0] * 9), bytes(8)))
    grey = chain.Grey(1, entry)
    assert chain.verdict(grey, {(0, 0): (1, 5)}) == record.DONE
    assert chain.verdict(grey, {(0, 0): (1, 7)}) == record.VOID
