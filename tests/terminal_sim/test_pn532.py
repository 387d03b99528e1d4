"""The chip's commands, by the names of the manual, and what hosts like libnfc rely on."""

import pytest

from terminal_sim.field import Field
from terminal_sim.mifare import MifareClassic, value_block
from terminal_sim.pn532 import Pn532
from terminal_sim.pn532_tables import SyntaxFault
from tests.terminal_sim.bench_chip import (
    FACTORY,
    LIST_ONE,
    LIST_TWO,
    LONG_UID,
    ONE_TRY,
    UID,
    Bench,
    selected,
)

SHORT_TARGET = "00040804deadbeef"
LONG_TARGET = "0044080704112233445566"
OTHER = bytes.fromhex("0badcafe")


def two_cards():
    return Bench(MifareClassic(UID), MifareClassic(LONG_UID))


def test_get_firmware_version():
    assert Bench().tell("02") == "32010607"


def test_diagnose():
    bench = selected()
    assert bench.tell("00 00 12 34") == "001234"
    assert [bench.tell(f"00 0{test}") for test in (1, 2, 7)] == ["00"] * 3
    assert bench.tell("00 06") == "01"  # MIFARE does not speak ISO-DEP


def test_get_general_status():
    bench = Bench()
    assert bench.tell("04") == "00000000"
    bench.tell(LIST_ONE)
    assert bench.tell("04") == "0001010100001000"
    bench.exchange("30 04")
    assert bench.tell("04")[:2] == "13"


def test_registers():
    bench = Bench()
    assert bench.tell("06 63 02 63 03") == "8080"
    assert bench.tell("08 63 02 00 63 3d 07") == ""
    assert bench.tell("06 63 02 63 3d 12 34") == "000700"


def test_settings_are_taken():
    bench = Bench()
    for text in ("0e 00 00", "10 04", "12 14", "14 01 00 00", "32 02 00 0b 0a", "32 04 00"):
        assert bench.tell(text) == ""
    assert bench.tell("0c") == "3f0700"
    assert bench.chip.baud == 115200


@pytest.mark.parametrize(
    "text",
    [
        "00", "00 05", "06", "06 63", "08 63 02", "0e", "10", "10 09", "12", "14", "14 00", "14 05",
        "16", "32", "32 01", "32 03 00", "32 05 ff", "40", "40 01", "44", "4a", "4a 01", "4a 00 00",
        "4a 03 00", "4a 01 05", "52", "54", "60 01", "60 00 01 00", "60 01 00 00", "01", "58", "8c",
    ],
)  # fmt: skip
def test_senseless_commands(text):
    with pytest.raises(SyntaxFault):
        selected().tell(text)


def test_list_one_of_each_length():
    assert Bench().tell(LIST_ONE) == f"0101{SHORT_TARGET}"
    assert Bench(MifareClassic(LONG_UID)).tell(LIST_ONE) == f"0101{LONG_TARGET}"


def test_list_two():
    assert two_cards().tell(LIST_TWO) == f"0201{SHORT_TARGET}02{LONG_TARGET}"
    assert two_cards().tell(LIST_ONE) == f"0101{SHORT_TARGET}"
    assert Bench(*(MifareClassic(u) for u in (UID, OTHER, LONG_UID))).tell(LIST_TWO)[:2] == "02"


def test_list_a_wanted_card():
    assert two_cards().tell("4a 01 00 deadbeef")[2:] == f"01{SHORT_TARGET}"
    for uid in ("88041122 33445566", "04112233445566"):
        assert two_cards().tell(f"4a 01 00 {uid}")[2:] == f"01{LONG_TARGET}"


def test_list_without_a_card():
    bench = Bench()
    bench.field.clear()
    assert bench.tell(LIST_ONE) is None
    bench.tell(ONE_TRY)
    assert bench.tell(LIST_ONE) == "00"
    assert bench.tell("06 63 39") == "26"  # nfcpy looks for the REQA there
    for modulation in (1, 2, 3, 4):
        assert bench.tell(f"4a 01 0{modulation}") == "00"


def test_card_that_stays_is_listed_again():
    bench = selected()
    for _ in range(3):
        assert bench.tell(LIST_ONE) == f"0101{SHORT_TARGET}"


def test_released_card_is_unseen_until_the_field_was_off():
    for release in ("52 00", "52 01", "44 00"):
        bench = selected()
        bench.tell(ONE_TRY)
        assert bench.tell(release) == "00"
        assert bench.tell(LIST_ONE) == "00"
        bench.tell("32 01 00")
        bench.tell("32 01 01")
        assert bench.tell(LIST_ONE) == f"0101{SHORT_TARGET}"


def test_card_that_comes_back_is_listed():
    bench = selected()
    bench.tell("52 00")
    bench.field.take(bench.card)
    bench.field.put(bench.card)
    assert bench.tell(LIST_ONE) == f"0101{SHORT_TARGET}"


def test_two_targets_are_used_in_turn():
    bench = two_cards()
    bench.cards[1].memory[64:80] = b"second card 1234"
    bench.tell(LIST_TWO)
    assert bench.authenticate(4, target=1) == "00"
    assert bench.exchange("30 04", 1) == "00" + "00" * 16
    assert bench.exchange("30 04", 2) == "13"  # selected, not opened
    assert bench.tell("54 01") == "00"
    assert bench.tell("54 03") == "27"


def test_second_list_of_two_misses_the_halted_card():
    """A host that wants to see both again turns the field off in between."""
    bench = two_cards()
    bench.tell(LIST_TWO)
    assert bench.tell(LIST_TWO) == f"0101{LONG_TARGET}"
    bench.tell("32 01 00")
    assert bench.tell(LIST_TWO)[:2] == "02"


def test_authenticate_read_write():
    bench = selected()
    assert bench.authenticate(4) == "00"
    assert bench.tell("06 63 38") == "08"  # MFCrypto1On
    assert bench.exchange("a0 05 000102030405060708090a0b0c0d0e0f") == "00"
    assert bench.exchange("30 05") == "00000102030405060708090a0b0c0d0e0f"


def test_wrong_key():
    bench = selected()
    assert bench.authenticate(4, "B", "000000000000") == "14"
    assert bench.tell("06 63 38") == "00"
    assert bench.exchange("30 04") == "01"
    assert bench.exchange("60 04 ff") == "10"
    bench.tell(LIST_ONE)
    assert bench.authenticate(4) == "00"


def test_value_commands():
    bench = selected(MifareClassic(UID, [(4, value_block(100, 4))]))
    bench.authenticate(4)
    assert bench.exchange("c1 04 05000000") == "00"
    assert bench.exchange("b0 05") == "00"
    assert bench.card.block(5) == value_block(105, 4)
    assert bench.exchange("c0 05 0a000000") == "00"
    assert bench.exchange("b0 05") == "00"
    assert bench.exchange("c2 04 00000000") == "00"
    assert bench.exchange("b0 06") == "00"
    assert bench.card.block(5) == value_block(95, 4)
    assert bench.card.block(6) == value_block(100, 4)
    assert bench.exchange("c1 06 01") == "13"


def test_refusals():
    for text in ("30 08", "a0 00 " + "00" * 16, "b0 05", "c1 05 01000000", "a0 04 0011"):
        bench = selected()
        bench.authenticate(4 if "a0 00" not in text else 0)
        assert bench.exchange(text) == "13"
        assert bench.exchange("30 04") == "01"
    assert selected().exchange("a2 04 00000000") == "01"  # unknown to the card
    assert selected().exchange("a0 04") == "10"
    assert selected().exchange("30 04", 2) == "27"
    assert Bench().exchange("30 04") == "27"


@pytest.mark.parametrize("commands", range(6))
def test_card_leaves_at_each_command(commands):
    bench = Bench()
    bench.tell(ONE_TRY)
    bench.card.tear_after(commands, "all")
    answers = [
        bench.tell(LIST_ONE),
        bench.authenticate(4),
        bench.exchange("30 04"),
        bench.exchange("a0 05 " + "77" * 16),
        bench.exchange("c2 04 00000000"),
        bench.exchange("30 05"),
    ]
    if commands == 0:
        assert answers == ["00"] + ["27"] * 5
    else:
        assert answers[commands:] == ["01"] * (6 - commands)
        assert "01" not in [answer[:2] for answer in answers[1:commands]]
    assert bench.card.block(5) == (bytes(16) if commands < 3 else b"\x77" * 16)
    assert bench.tell(LIST_ONE) == "00"
    bench.field.put(bench.card)
    assert bench.tell(LIST_ONE)[:2] == "01"


def test_value_command_cannot_tell_a_card_that_left():
    """Silence is the good answer to its second half; the transfer finds out."""
    bench = selected(MifareClassic(UID, [(4, value_block(1, 4))]))
    bench.authenticate(4)
    bench.card.tear_after(0)
    assert bench.exchange("c1 04 01000000") == "00"
    assert bench.exchange("b0 04") == "01"


def test_card_taken_and_put_between_commands():
    bench = selected()
    bench.authenticate(4)
    bench.field.take(bench.card)
    assert bench.exchange("30 04") == "01"
    bench.field.put(bench.card)
    assert bench.exchange("30 04") == "01"  # it is there, but not selected


def test_field_off_ends_all():
    bench = selected()
    bench.authenticate(4)
    bench.tell("32 01 00")
    bench.tell("32 01 01")
    assert bench.exchange("30 04") == "01"


def test_in_communicate_thru():
    bench = Bench()
    bench.tell("32 01 01")
    bench.tell("08 63 02 00 63 03 00 63 3d 07")
    assert bench.tell("42 26") == "000400"
    bench.tell("08 63 3d 00")
    assert bench.tell("42 93 20") == "00deadbeef22"
    bench.tell("08 63 02 80 63 03 80")
    assert bench.tell("42 93 70 deadbeef22") == "0008"
    assert bench.tell("42 30 04") == "02"  # a NAK has no CRC
    assert bench.tell("42 30 04") == "01"
    assert bench.tell("42") == "01"


def test_four_bits_come_through_without_crc():
    bench = selected()
    bench.tell("08 63 03 00")
    assert bench.tell("42 30 04") == "0004"
    assert bench.tell("06 63 3c") == "04"


def test_two_cards_collide():
    bench = two_cards()
    bench.tell("32 01 01")
    bench.tell("08 63 02 00 63 03 00 63 3d 07")
    assert bench.tell("42 26") == "06"


def test_rats_is_met_with_silence():
    bench = selected()
    assert bench.tell("42 e0 50") == "01"
    assert bench.tell(LIST_ONE)[:2] == "01"


def test_peers_time_out():
    bench = selected()
    for text in ("46 00 00", "56 00 00", "50 01"):
        assert bench.tell(text) == "01"
    assert bench.tell("4e 01 00 00") == "00"


def test_in_auto_poll():
    bench = Bench()
    assert bench.tell("60 01 01 10") == f"01100901{SHORT_TARGET}"
    assert bench.tell("60 01 01 11 10") == f"01100901{SHORT_TARGET}"
    assert bench.tell("60 01 01 11") == "00"
    bench.field.clear()
    assert bench.tell("60 02 01 10") == "00"
    assert bench.tell("60 ff 01 10") is None


def test_card_time_of_a_purchase():
    """D4: an authentication, three reads, a write and a read-back, by the data sheet's times."""
    bench = Bench()
    bench.chip.meter.trace = []
    bench.tell(LIST_ONE)
    bench.authenticate(4)
    for block in (4, 5, 6):
        bench.exchange(f"30 {block:02x}")
    bench.exchange("a0 05 " + "00" * 16)
    bench.exchange("30 05")
    assert bench.chip.card_ms == 2.5 + 2 + 3 * 2.5 + 5.5 + 2.5
    assert bench.chip.meter.card_commands == 7
    assert bench.chip.meter.counts["read"] == 4
    assert bench.chip.meter.trace[:3] == [("select", None), ("authenticate", 4), ("read", 4)]


def test_reset_is_power_on():
    bench = selected()
    bench.authenticate(4, "A", FACTORY)
    bench.tell("16 08 00")
    bench.chip.reset()
    assert not bench.field.is_on
    assert bench.tell("04") == "00000000"
    assert bench.tell(LIST_ONE)[:2] == "01"


def test_a_card_carried_to_another_reader_is_not_halted_by_the_first():
    card = MifareClassic(bytes((1, 2, 3, 4)))
    here, there = Field(card), Field()
    first, second = Pn532(here), Pn532(there)
    assert first.execute(0x4A, b"\x01\x00")[0] == 1
    here.take(card)
    there.put(card)
    assert second.execute(0x4A, b"\x01\x00")[0] == 1
    first.execute(0x52, b"\x00")  # InRelease of what has left
    first.execute(0x40, b"\x01\x30\x00")  # an exchange with it
    key = b"\xff" * 6
    answer = second.execute(0x40, b"\x01\x60\x00" + key + bytes((1, 2, 3, 4)))
    assert answer == b"\x00"
