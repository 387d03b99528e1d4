"""The scanner's driver: codes in any cut, confirmations, noise, what never ends."""

from firmware.drivers.scanner import CONFIRMED, Scanner

CODE = "6BF%8JC5A9/X$ABC:"


def fed(parts):
    """-> texts of a fresh driver that hears these parts."""
    scanner = Scanner()
    texts = []
    for part in parts:
        texts += scanner.feed(part)
    return texts


def test_whole_or_byte_by_byte():
    line = CODE.encode() + b"\r" + b"SECOND\r\n" + b"THIRD\r"
    assert fed([line]) == [CODE, "SECOND", "THIRD"]
    assert fed([line[at : at + 1] for at in range(len(line))]) == [CODE, "SECOND", "THIRD"]


def test_confirmations_are_no_codes():
    assert fed([CONFIRMED + CONFIRMED, CODE.encode() + b"\r"]) == [CODE]
    assert fed([CONFIRMED[:3], CONFIRMED[3:] + CODE.encode(), b"\r"]) == [CODE]


def test_noise_spoils_the_code_that_it_is_in():
    assert fed([b"\x00\xffABC\r" + CODE.encode() + b"\r"]) == [CODE]
    assert fed(["码".encode() + b"\r", b"\r\r\n\r"]) == []


def test_what_never_ends_is_dropped_to_its_end():
    scanner = Scanner()
    for _ in range(100):
        assert scanner.feed(b"A" * 50) == []
    assert scanner.feed(b"A\r") == []
    assert scanner.noise > 4900
    assert scanner.feed(CODE.encode() + b"\r") == [CODE]


def test_half_a_code_and_silence():
    scanner = Scanner()
    assert scanner.feed(CODE[:5].encode()) == []
    scanner.gap()
    assert scanner.feed(CODE.encode() + b"\r") == [CODE]
