"""Every access condition, for both keys, as the card behaves: against the tables of the data sheet
(MF1S50YYX_V1 tables 7 and 8, typed from it), not against our own."""

import itertools

import pytest

from terminal_sim.mifare import ACK, MifareClassic, value_block
from tests.terminal_sim.bench_chip import UID

KEY_A, KEY_B = b"\xa1" * 6, b"\xb2" * 6

# C1 C2 C3: read, write, increment, decrement/transfer/restore (table 8)
DATA = {
    "000": ("AB", "AB", "AB", "AB"),
    "010": ("AB", "", "", ""),
    "100": ("AB", "B", "", ""),
    "110": ("AB", "B", "B", "AB"),
    "001": ("AB", "", "", "AB"),
    "011": ("B", "B", "", ""),
    "101": ("B", "", "", ""),
    "111": ("", "", "", ""),
}
# C1 C2 C3: key A write; access bits read, write; key B read, write (table 7)
TRAILER = {
    "000": ("A", "A", "", "A", "A"),
    "010": ("", "A", "", "A", ""),
    "100": ("B", "AB", "", "", "B"),
    "110": ("", "AB", "", "", ""),
    "001": ("A", "A", "A", "A", "A"),
    "011": ("B", "AB", "B", "", "B"),
    "101": ("", "AB", "B", "", ""),
    "111": ("", "AB", "", "", ""),
}
GREY = ("000", "010", "001")  # key B can be read: it serves for nothing


def access_bytes(conditions):
    """Four texts C1C2C3, for blocks 0 to 3 -> bytes 6 to 8, bit by bit as figure 10 draws them."""
    c1, c2, c3 = (
        sum(int(text[bit]) << block for block, text in enumerate(conditions)) for bit in range(3)
    )
    return bytes((~c2 << 4 & 0xF0 | ~c1 & 15, c1 << 4 | ~c3 & 15, c3 << 4 | c2))


def opened(conditions, name):
    """-> a card with these conditions in sector 2 and a value in each block, opened with a key."""
    trailer = KEY_A + access_bytes(conditions) + b"\x69" + KEY_B
    blocks = [(number, value_block(1000, number)) for number in (8, 9, 10)]
    card = MifareClassic(UID, [*blocks, (11, trailer)])
    card.power_on()
    card.select()
    assert card.authenticate(8, name, KEY_A if name == "A" else KEY_B, UID) is True
    return card


def test_bits_as_delivered():
    assert access_bytes(("000", "000", "000", "001")) == bytes.fromhex("ff0780")


@pytest.mark.parametrize("condition", DATA)
@pytest.mark.parametrize("name", "AB")
def test_data_block(condition, name):
    read, write, increment, decrement = (name in keys for keys in DATA[condition])
    # every place in the sector, the other two closed, so that no bit of a neighbour is taken
    for place in range(3):
        conditions = ["111"] * 3 + ["011"]
        conditions[place] = condition
        number = 8 + place

        def two_steps(first, second):
            card = opened(conditions, name)  # noqa: B023
            answer = card.transceive(bytes((first, number)))  # noqa: B023
            return answer == ACK and card.transceive(second) in (ACK, None)

        card = opened(conditions, name)
        assert (card.transceive(bytes((0x30, number))) == value_block(1000, number)) is read
        assert two_steps(0xA0, bytes(16)) is write
        assert two_steps(0xC1, b"\1\0\0\0") is increment
        assert two_steps(0xC0, b"\1\0\0\0") is decrement
        assert two_steps(0xC2, b"\0\0\0\0") is decrement


@pytest.mark.parametrize("condition", DATA)
@pytest.mark.parametrize("name", "AB")
def test_transfer(condition, name):
    """The buffer is filled from a block that anybody may decrement."""
    card = opened(("001", condition, "111", "011"), name)
    assert card.transceive(b"\xc2\x08") == ACK
    assert card.transceive(bytes(4)) is None
    allowed = name in DATA[condition][3]
    assert (card.transceive(b"\xb0\x09") == ACK) is allowed
    assert (card.block(9) == value_block(1000, 8)) is allowed


@pytest.mark.parametrize("condition", TRAILER)
@pytest.mark.parametrize("name", "AB")
def test_trailer(condition, name):
    rights = TRAILER[condition]
    if name == "B" and condition in GREY:
        rights = ("",) * 5
    write_a, read_bits, write_bits, read_b, write_b = (name in keys for keys in rights)
    card = opened(("000", "000", "000", condition), name)
    before = card.block(11)
    seen = card.transceive(b"\x30\x0b")
    if read_bits:
        assert seen == bytes(6) + before[6:10] + (KEY_B if read_b else bytes(6))
    else:
        assert seen == 4

    card = opened(("000", "000", "000", condition), name)
    new = b"\x11" * 6 + before[6:9] + b"\x5a" + b"\x22" * 6
    answer = card.transceive(b"\xa0\x0b")
    assert (answer == ACK) is (write_a or write_bits or write_b)
    if answer == ACK:
        assert card.transceive(new) == ACK
    after = card.block(11)
    assert (after[:6] == new[:6]) is write_a
    assert (after[9:10] == new[9:10]) is write_bits
    assert (after[10:] == new[10:]) is write_b


@pytest.mark.parametrize("condition", GREY)
def test_readable_key_b_opens_nothing(condition):
    for command in (b"\x30\x08", b"\xa0\x08", b"\xc1\x08", b"\xc0\x08", b"\xc2\x08", b"\x30\x0b"):
        assert opened(("000", "000", "000", condition), "B").transceive(command) == 4


def test_contradicting_access_bits_block_the_sector():
    good = access_bytes(("000", "000", "000", "001"))
    for byte, bit in itertools.product(range(3), range(8)):
        bad = bytearray(good)
        bad[byte] ^= 1 << bit
        card = MifareClassic(UID, [(11, KEY_A + bytes(bad) + b"\x69" + KEY_B)])
        for command in (b"\x30\x08", b"\xa0\x08", b"\x30\x0b", b"\xa0\x0b"):
            card.power_on()
            card.select()
            card.authenticate(8, "A", KEY_A, UID)
            assert card.transceive(command) == 4


def test_new_bits_hold_at_once():
    card = opened(("000", "000", "000", "001"), "A")
    assert card.transceive(b"\xa0\x0b") == ACK
    closed = KEY_A + access_bytes(("111", "000", "000", "001")) + b"\x69" + KEY_B
    assert card.transceive(closed) == ACK
    assert card.transceive(b"\x30\x09") == value_block(1000, 9)
    assert card.transceive(b"\x30\x08") == 4


def test_manufacturer_block_is_never_written():
    card = MifareClassic(UID)
    card.power_on()
    card.select()
    assert card.authenticate(0, "A", b"\xff" * 6, UID)
    assert card.transceive(b"\x30\x00")[:5] == bytes.fromhex("deadbeef22")
    assert card.transceive(b"\xa0\x00") == 4
