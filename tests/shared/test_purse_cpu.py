"""The wallet's bytes: a purchase that others have worked out, and what a card may say wrongly."""

from card_layout import purse_cpu
from card_layout.des import Des
from tests.shared.vectors import octets

# A worked example that is printed in several tutorials on PBOC's wallet.
DPK = octets("11223344556677888877665544332211")
RANDOM = octets("11223344")
TERMINAL, SERIAL_OF_6 = 0x0011, 0x22334455


def test_session_key_and_mac1_of_the_printed_example():
    session = purse_cpu.session_key(Des(DPK).encrypt, RANDOM, 0, 1)
    assert session.hex() == "003238abc57659dd"
    moment = purse_cpu.bcd(2012, 2, 29, 13, 51, 0)
    assert moment.hex() == "20120229135100"
    found = purse_cpu.mac1(session, 0x1000, TERMINAL, SERIAL_OF_6, moment)
    assert found.hex() == "f15cab75"


def test_commands_are_the_standards():
    assert purse_cpu.get_balance().hex() == "805c000204"
    begin = purse_cpu.begin_purchase(0x1000, TERMINAL, SERIAL_OF_6)
    assert begin.hex() == "805001020b01000010000011223344550f"
    moment = purse_cpu.bcd(2011, 12, 21, 21, 48, 22)
    debit = purse_cpu.purchase(1, moment, octets("3a845bf0"))
    assert debit.hex() == "805401000f00000001201112212148223a845bf008"
    assert purse_cpu.prove(7).hex() == "805a000602000708"
    assert purse_cpu.select().hex() == "00a404000ba00000000343414d505553"
    assert purse_cpu.read_binary(purse_cpu.IDENTITY_FILE, 16).hex() == "00b0950010"
    assert purse_cpu.read_log(1).hex() == "00b201c417"


def test_answers_are_read_or_are_none():
    answer = octets("000012340007000000010011223344")
    assert purse_cpu.begun(answer) == (0x1234, 7, RANDOM)
    line = octets("0007000000000001000600112233445520120229135100")
    assert purse_cpu.logged(line) == [7, 256, purse_cpu.EP_PURCHASE, TERMINAL, SERIAL_OF_6]
    for bad in (b"", answer[:-1], answer + b"\0"):
        assert purse_cpu.begun(bad) is None
        assert purse_cpu.logged(bad) is None


def test_macs_speak_of_every_byte():
    moment = purse_cpu.bcd(2026, 11, 23, 12, 0, 0)
    session = bytes(range(8))
    macs = {
        purse_cpu.mac1(session, 100, 1, 2, moment),
        purse_cpu.mac1(session, 101, 1, 2, moment),
        purse_cpu.mac1(session, 100, 2, 2, moment),
        purse_cpu.mac1(session, 100, 1, 3, moment),
        purse_cpu.mac1(session, 100, 1, 2, purse_cpu.bcd(2026, 11, 23, 12, 0, 1)),
        purse_cpu.mac1(bytes(8), 100, 1, 2, moment),
        purse_cpu.mac2(session, 100),
        purse_cpu.mac2(session, 101),
        purse_cpu.tac(DPK, 100, 1, 2, moment),
        purse_cpu.tac(DPK, 100, 1, 3, moment),
        purse_cpu.tac(bytes(16), 100, 1, 2, moment),
    }
    assert len(macs) == 11


def test_keys_differ_from_card_to_card():
    master = Des(DPK).encrypt
    keys = {purse_cpu.diversified(master, bytes(7) + bytes((n,))) for n in range(20)}
    assert len(keys) == 20
    assert {len(key) for key in keys} == {16}
    for key in keys:
        assert key[:8] != key[8:]


def test_moments_are_utc_in_decimal_digits():
    for utc_s, shown in (
        (946684800, "20000101000000"),
        (951782399, "20000228235959"),
        (951782400, "20000229000000"),
        (951868800, "20000301000000"),
        (978307199, "20001231235959"),
        (978307200, "20010101000000"),
        (1790000000, "20260921141320"),
        (4102444799, "20991231235959"),
    ):
        assert purse_cpu.moment_of(utc_s).hex() == shown, utc_s
