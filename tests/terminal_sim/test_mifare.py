"""The card by itself: states, keys, values, mistakes, raw frames, and leaving at any command."""

import pytest

from terminal_sim.iso14443a import ACTIVE, HALT, IDLE, OFF, crc_a
from terminal_sim.mifare import ACK, NAK, NAK_BUFFER_VALID, MifareClassic, value_block, value_of
from terminal_sim.tearing import SHAPES
from tests.terminal_sim.bench_chip import LONG_UID, UID

KEY = b"\xff" * 6
OLD, NEW = bytes(range(16)), bytes(range(100, 116))
NOISE = bytes(range(200, 216))


def selected(*blocks, uid=UID):
    card = MifareClassic(uid, blocks)
    card.power_on()
    assert card.select()
    return card


def opened(*blocks):
    card = selected(*blocks)
    assert card.authenticate(4, "A", KEY, UID) is True
    return card


def test_uid_lengths():
    assert MifareClassic(UID).atqa.hex() == "0004"
    assert MifareClassic(LONG_UID).atqa.hex() == "0044"
    for uid in (b"", b"123", b"12345", b"1234567890", b"\x88123"):
        with pytest.raises(ValueError, match="UID"):
            MifareClassic(uid)


def test_crc_of_the_standard():
    # ISO/IEC 14443-3 annex B: the two examples printed there
    assert crc_a(b"\0\0") == bytes.fromhex("a01e")
    assert crc_a(bytes.fromhex("1234")) == bytes.fromhex("26cf")


def test_dump_and_load():
    for uid in (UID, LONG_UID):
        card = MifareClassic(uid, [(5, NEW)])
        again = MifareClassic.load(card.dump())
        assert (again.uid, again.dump()) == (uid, card.dump())
    with pytest.raises(ValueError, match="1024"):
        MifareClassic.load(bytes(1000))
    for number, data in ((64, OLD), (-1, OLD), (5, b"short")):
        with pytest.raises(ValueError, match="block"):
            MifareClassic(UID, [(number, data)])


def test_nothing_before_select_and_nothing_before_authentication():
    card = MifareClassic(UID)
    assert not card.select()
    assert card.transceive(b"\x30\x04") is None
    assert card.authenticate(4, "A", KEY, UID) is None
    card.power_on()
    assert card.select()
    assert card.transceive(b"\x30\x04") == NAK
    assert card.state == IDLE


@pytest.mark.parametrize(
    ("block", "name", "key", "uid4"),
    [
        (4, "A", b"\0" * 6, UID),
        (4, "B", b"\0" * 6, UID),
        (4, "A", KEY, b"\0\0\0\0"),
        (64, "A", KEY, UID),
        (255, "A", KEY, UID),
    ],
)
def test_wrong_key_ends_everything(block, name, key, uid4):
    card = opened()
    assert card.authenticate(block, name, key, uid4) is False
    assert card.state == IDLE
    assert card.transceive(b"\x30\x04") is None
    assert card.select()
    assert card.transceive(b"\x30\x04") == NAK


def test_one_sector_at_a_time():
    card = opened()
    assert card.transceive(b"\x30\x08") == NAK
    assert card.select()
    assert card.authenticate(8, "A", KEY, UID)
    assert card.transceive(b"\x30\x08") == bytes(16)
    assert card.authenticate(4, "A", KEY, UID)
    assert card.transceive(b"\x30\x04") == bytes(16)


def test_long_uid_enters_the_cipher_with_its_end():
    card = selected(uid=LONG_UID)
    assert card.authenticate(4, "A", KEY, LONG_UID[-4:])
    assert card.authenticate(4, "A", KEY, LONG_UID[:4]) is False


def test_value_blocks():
    for value in (0, 1, -1, 2**31 - 1, -(2**31)):
        assert value_of(value_block(value, 5)) == (value, 5)
    assert value_block(1, 0x11).hex() == "01000000feffffff0100000011ee11ee"
    whole = value_block(1234, 5)
    for at in range(16):
        broken = bytearray(whole)
        broken[at] ^= 1
        assert value_of(broken) is None


@pytest.mark.parametrize(
    ("command", "start", "operand", "end"),
    [
        (0xC1, 100, 7, 107),
        (0xC0, 100, 7, 93),
        (0xC2, 100, 7, 100),
        (0xC0, 5, 10, -5),
        (0xC1, 2**31 - 1, 1, -(2**31)),
        (0xC0, -(2**31), 1, 2**31 - 1),
    ],
)
def test_value_commands(command, start, operand, end):
    card = opened((4, value_block(start, 4)))
    assert card.transceive(bytes((command, 4))) == ACK
    assert card.transceive(operand.to_bytes(4, "little")) is None
    assert card.block(5) == bytes(16)
    assert card.transceive(b"\xb0\x05") == ACK
    assert value_of(card.block(5)) == (end, 4)


def test_value_mistakes():
    for frames in (
        [b"\xc1\x05"],  # not a value block
        [b"\xb0\x05"],  # nothing to transfer
        [b"\xc1\x04", b"\1\0"],  # half an operand
        [b"\xc1\x07"],  # the trailer
        [b"\xc1\x40"],  # outside the card
        [b"\xc1"],
    ):
        card = opened((4, value_block(1, 4)))
        before = card.dump()
        answers = [card.transceive(frame) for frame in frames]
        assert answers[-1] == NAK
        assert card.state == IDLE
        assert card.dump() == before


def test_nak_tells_of_a_valid_buffer():
    card = opened((4, value_block(1, 4)))
    card.transceive(b"\xc2\x04")
    card.transceive(bytes(4))
    assert card.transceive(b"\x30\x08") == NAK_BUFFER_VALID


def test_write_wants_sixteen_bytes():
    for data in (b"", b"1", bytes(15), bytes(17)):
        card = opened((4, OLD))
        assert card.transceive(b"\xa0\x04") == ACK
        assert card.transceive(data) in (NAK, None)
        assert card.block(4) == OLD


def test_unknown_commands_are_met_with_silence():
    for frame in (b"\xe0\x50", b"\x00", b"\x1b\0\0\0\0", b"\xff" * 40, b"\x60\x04"):
        card = opened()
        assert card.transceive(frame) is None
        assert card.state == IDLE


def test_halt_until_woken():
    card = opened()
    assert card.transceive(b"\x50\x00") is None
    assert card.state == HALT
    assert not card.select()
    assert card.wake()
    assert card.state == ACTIVE
    assert card.transceive(b"\x30\x04") == NAK
    assert card.state == HALT  # a mistake leads back to where it was woken
    card.power_off()
    assert card.state == OFF
    card.power_on()
    assert card.select()


def test_raw_cascade():
    card = MifareClassic(LONG_UID)
    card.power_on()
    assert card.air(b"\x26", 7).hex() == "4400"
    assert card.air(bytes.fromhex("9320")).hex() == "88041122bf"
    first = bytes.fromhex("937088041122bf")
    assert card.air(first + crc_a(first)) == b"\x0c" + crc_a(b"\x0c")
    assert card.air(bytes.fromhex("9520")).hex() == "3344556644"
    second = bytes.fromhex("95703344556644")
    assert card.air(second + crc_a(second)) == b"\x08" + crc_a(b"\x08")
    assert card.state == ACTIVE
    halt = b"\x50\x00"
    assert card.air(halt + crc_a(halt)) is None
    assert card.state == HALT
    assert card.air(b"\x26", 7) is None
    assert card.air(b"\x52", 7).hex() == "4400"


def test_raw_mistakes():
    for frames in ([b"\x93\x70" + bytes(7)], [b""], [b"\x26"], [b"\x95\x20"]):
        card = MifareClassic(UID)
        card.power_on()
        assert card.air(b"\x26", 7)
        assert [card.air(frame) for frame in frames] == [None] * len(frames)
        assert card.state == IDLE
    card = opened()
    assert card.air(b"\x30\x04\x00\x00") is None  # CRC
    assert card.state == IDLE


PURCHASE = [
    ("select",),
    ("authenticate",),
    ("frame", b"\x30\x04"),
    ("frame", b"\xa0\x05", NEW),
    ("frame", b"\xc1\x06", b"\1\0\0\0"),
    ("frame", b"\xb0\x06"),
    ("frame", b"\x30\x05"),
]


def play(card):
    """-> commands of PURCHASE that were answered before the card was gone."""
    card.power_on()
    for count, (kind, *frames) in enumerate(PURCHASE):
        if kind == "select":
            card.select()
        elif kind == "authenticate":
            card.authenticate(4, "A", KEY, UID)
        else:
            for frame in frames:
                card.transceive(frame)
        if card.gone:
            return count
    return len(PURCHASE)


@pytest.mark.parametrize("shape", [*SHAPES, *range(17)])
@pytest.mark.parametrize("commands", range(len(PURCHASE) + 1))
def test_tear_at_each_command(commands, shape):
    value = value_block(5, 6)
    card = MifareClassic(UID, [(5, OLD), (6, value)])
    card.tear_after(commands, shape, NOISE)
    assert play(card) == commands
    torn = {"none": 0, "half": 8, "all": 16}.get(shape, shape)

    def left(old, new, place):
        if commands != place:
            return new if commands > place else old
        return NOISE if torn == "random" else new[:torn] + old[torn:]

    assert card.block(5) == left(OLD, NEW, 3)
    assert card.block(6) == left(value, value_block(6, 6), 5)
    if commands < len(PURCHASE):
        assert card.state == OFF
        card.power_on()  # the field goes off and on: still gone
        assert not card.select()
        card.come_back()
        assert play(card) == len(PURCHASE)


def test_tear_shapes_are_checked():
    card = MifareClassic(UID)
    for shape in ("sideways", 17, -1):
        with pytest.raises(ValueError, match="tear|bytes"):
            card.tear_after(0, shape)
    with pytest.raises(ValueError, match="noise"):
        card.tear_after(3, "random", b"short")


def test_refused_write_when_leaving_changes_nothing():
    card = MifareClassic(UID, [(8, OLD)])
    card.tear_after(2, "all")
    card.power_on()
    card.select()
    card.authenticate(4, "A", KEY, UID)
    assert card.transceive(b"\xa0\x08") is None
    assert card.gone
    assert card.block(8) == OLD
