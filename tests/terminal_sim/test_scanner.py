"""The scanner module against its manual, and against our driver."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.drivers.scanner import SET_UP, Scanner
from terminal_sim.scanner import CONFIRMED, LOOKS_MS, SAME_CODE_MS, ScannerModule, crc_ccitt

TRIGGER = bytes.fromhex("7e000801000201abcd")


def test_as_delivered_it_waits_for_a_trigger():
    module = ScannerModule()
    assert module.show("A", 0) == b""
    assert module.feed(TRIGGER, 10) == CONFIRMED == bytes.fromhex("02000001003331")
    assert module.show("A", 20) == b"A\r"
    assert module.show("B", 30) == b""  # one code a trigger
    module.feed(TRIGGER, 40)
    assert module.show("B", 40 + LOOKS_MS) == b""


def test_set_up_by_our_driver_it_looks_all_the_time():
    module, driver = ScannerModule(), Scanner()
    for command in SET_UP:
        assert driver.feed(module.feed(command, 0)) == []
    assert driver.feed(module.show("A", 1) + module.show("B", 2)) == ["A", "B"]
    assert driver.noise == 0
    assert module.show("B", 3) == b""
    assert module.show("B", 2 + SAME_CODE_MS) == b"B\r"


@pytest.mark.parametrize("cut", range(1, len(TRIGGER)))
def test_commands_in_two_parts_and_after_noise(cut):
    module = ScannerModule()
    assert module.feed(b"\x00\x7e" + TRIGGER[:cut], 0) + module.feed(TRIGGER[cut:], 0) == CONFIRMED


def test_the_check_counts_unless_it_is_waived():
    module = ScannerModule()
    body = bytes.fromhex("0801000201")
    assert module.feed(b"\x7e\x00" + body + crc_ccitt(body), 0) == CONFIRMED
    assert module.feed(b"\x7e\x00" + body + b"\x00\x00", 0) == b""


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_are_taken(parts):
    module = ScannerModule()
    for part in parts:
        module.feed(part, 0)
    module.feed(bytes(100), 0)
    assert module.feed(TRIGGER, 0).endswith(CONFIRMED)
