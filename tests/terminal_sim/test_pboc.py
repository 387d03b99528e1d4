"""The wallet of a CPU card: its states, its MACs, its log, and who may not."""

import pytest

from card_layout import purse_cpu
from card_layout.des import Des
from terminal_sim.pboc import Keys, Wallet
from terminal_sim.prng import Prng

KEYS = Keys(*(bytes(range(at, at + 16)) for at in (0, 16, 32, 48)))
MOMENT = purse_cpu.bcd(2026, 11, 23, 12, 0, 0)
TERMINAL, SERIAL = 7, 70000
OK, OUT_OF_TURN = b"\x90\x00", b"\x69\x85"


@pytest.fixture
def wallet():
    made = Wallet(bytes(8), KEYS, bytes(range(16)), 1000, Prng(1).bytes)
    assert made.apdu(purse_cpu.select()).endswith(OK)
    return made


def begin(wallet, amount_fen, serial=SERIAL):
    """-> (what INITIALIZE told, session key)."""
    answer = wallet.apdu(purse_cpu.begin_purchase(amount_fen, TERMINAL, serial))
    assert answer.endswith(OK)
    found = purse_cpu.begun(answer[:-2])
    encrypt = Des(KEYS.purchase).encrypt
    return found, purse_cpu.session_key(encrypt, found[2], found[1], serial)


def debit(wallet, session, amount_fen, serial=SERIAL):
    mac1 = purse_cpu.mac1(session, amount_fen, TERMINAL, serial, MOMENT)
    return wallet.apdu(purse_cpu.purchase(serial, MOMENT, mac1))


def test_a_purchase(wallet):
    found, session = begin(wallet, 300)
    assert found[:2] == (1000, 0)
    tac = purse_cpu.tac(KEYS.tac, 300, TERMINAL, SERIAL, MOMENT)
    mac2 = purse_cpu.mac2(session, 300)
    assert debit(wallet, session, 300) == tac + mac2 + OK
    assert wallet.apdu(purse_cpu.get_balance()) == (700).to_bytes(4, "big") + OK
    assert wallet.apdu(purse_cpu.prove(0)) == mac2 + tac + OK
    assert wallet.apdu(purse_cpu.prove(1)) == b"\x94\x06"
    line = purse_cpu.logged(wallet.apdu(purse_cpu.read_log(1))[:-2])
    assert line == [0, 300, purse_cpu.EP_PURCHASE, TERMINAL, SERIAL]
    assert begin(wallet, 1)[0][1] == 1


def test_no_money_without_a_right_mac(wallet):
    for spoil in range(3):
        _, session = begin(wallet, 300)
        if spoil == 0:
            answer = debit(wallet, bytes(8), 300)
        elif spoil == 1:
            answer = debit(wallet, session, 301)
        else:
            answer = debit(wallet, session, 300, SERIAL + 1)
        assert answer == b"\x93\x02"
        assert wallet.balance_fen == 1000
    assert wallet.executed == 0


def test_each_half_is_good_once_and_for_nothing_else(wallet):
    _, session = begin(wallet, 100)
    wallet.apdu(purse_cpu.get_balance())
    assert debit(wallet, session, 100) == OUT_OF_TURN
    _, session = begin(wallet, 100)
    assert debit(wallet, session, 100).endswith(OK)
    assert debit(wallet, session, 100) == OUT_OF_TURN
    _, session = begin(wallet, 100)
    wallet.reset()
    assert debit(wallet, session, 100) == OUT_OF_TURN
    assert wallet.balance_fen == 900


def test_a_torn_purchase_can_be_proven_after_power_was_gone(wallet):
    _, session = begin(wallet, 100)
    debit(wallet, session, 100)  # and its answer is lost
    wallet.reset()
    wallet.apdu(purse_cpu.select())
    assert wallet.apdu(purse_cpu.prove(0))[:4] == purse_cpu.mac2(session, 100)


def test_too_little_and_wrong_key(wallet):
    assert wallet.apdu(purse_cpu.begin_purchase(1001, TERMINAL, 1)) == b"\x94\x01"
    assert wallet.apdu(purse_cpu.begin_purchase(1, TERMINAL, 1, key=2)) == b"\x94\x03"


def load(wallet, amount_fen):
    who = purse_cpu.who(TERMINAL, SERIAL)
    amount = amount_fen.to_bytes(4, "big")
    answer = wallet.apdu(b"\x80\x50\x00\x02\x0b\x01" + amount + who + b"\x10")
    if not answer.endswith(OK):
        return answer
    balance, counter, random = answer[:4], answer[4:6], answer[8:12]
    session = Des(KEYS.load).encrypt(random + counter + b"\x80\x00")
    kind = bytes((purse_cpu.EP_LOAD,))
    assert answer[12:16] == purse_cpu.mac(session, balance + amount + kind + who)
    mac2 = purse_cpu.mac(session, amount + kind + who + MOMENT)
    return wallet.apdu(b"\x80\x52\x00\x00\x0b" + MOMENT + mac2 + b"\x04")


def test_a_load_wants_the_pin_and_three_wrong_ones_block_it(wallet):
    assert load(wallet, 500) == b"\x69\x82"
    assert wallet.apdu(b"\x00\x20\x00\x00\x03\x12\x34\x56") == OK
    assert load(wallet, 500).endswith(OK)
    assert wallet.balance_fen == 1500
    for left in (2, 1, 0):
        assert wallet.apdu(b"\x00\x20\x00\x00\x03\x65\x43\x21") == bytes((0x63, 0xC0 | left))
    assert wallet.apdu(b"\x00\x20\x00\x00\x03\x12\x34\x56") == b"\x69\x83"
    assert load(wallet, 500) == b"\x69\x82"


def test_files_and_strangers(wallet):
    assert wallet.apdu(purse_cpu.read_binary(purse_cpu.IDENTITY_FILE, 16)) == bytes(range(16)) + OK
    assert wallet.apdu(purse_cpu.read_binary(9, 16)) == b"\x6a\x82"
    assert wallet.apdu(purse_cpu.read_log(1)) == b"\x6a\x83"
    random = bytes(8)
    assert wallet.apdu(b"\x00\x88\x00\x00\x08" + random + b"\x08")[:8] == (
        Des(KEYS.internal).encrypt(random)
    )
    for command, word in ((b"", "6700"), (b"\x00\xa4\x04", "6700"), (b"\x00\x99\0\0", "6d00"),
                          (b"\xff\xa4\0\0", "6e00"), (b"\x80\x54\x01\x00\x0f\x00", "6700"),
                          (b"\x00\xa4\x04\x00\x02no", "6a82")):  # fmt: skip
        assert wallet.apdu(command).hex() == word
    wallet.reset()
    assert wallet.apdu(purse_cpu.get_balance()) == OUT_OF_TURN
