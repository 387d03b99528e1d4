"""The identity block: bytes, bounds, and what is not of this card."""

from card_layout import identity
from card_layout.identity import Altered, Identity
from tests.shared.card import UID, mac_of
from tests.shared.expect import raises

STUDENT = Identity(
    card=30001, holder_kind=2, valid_until=10226, list_stamp=77, zones=0x8001, key_version=1
)
LARGEST = Identity(0xFFFFFF, 3, 0xFFFF, 0xFFFFFF, 0xFFFF, 0xFF)


def changed(index, value):
    return Identity(*[value if at == index else kept for at, kept in enumerate(STUDENT)])


def test_bytes_are_where_the_document_says():
    block = identity.pack(STUDENT, UID, mac_of())
    assert block[:12].hex() == "007531" + "02" + "27f2" + "00004d" + "8001" + "01"
    assert block[12:] == mac_of()(b"I" + UID + block[:12])[:4]


def test_what_goes_in_comes_out():
    for uid in (UID, UID[:4], UID + b"\x01\x02\x03"):
        mac = mac_of(uid)
        for whole in (STUDENT, LARGEST, Identity(0, 1, 0, 0, 0, 0)):
            assert identity.unpack(identity.pack(whole, uid, mac), uid, mac) == whole


def test_bounds():
    for index, width in enumerate((3, 1, 2, 3, 2, 1)):
        raises(ValueError, identity.pack, changed(index, 1 << (8 * width)), UID, mac_of())
        raises(ValueError, identity.pack, changed(index, -1), UID, mac_of())
    for kind in (0, 4, 127, 128):
        raises(ValueError, identity.pack, changed(1, kind), UID, mac_of())


# shows R1
def test_every_flipped_bit_is_altered():
    block = identity.pack(STUDENT, UID, mac_of())
    for at in range(16):
        for bit in range(8):
            bad = bytearray(block)
            bad[at] ^= 1 << bit
            raises(Altered, identity.unpack, bytes(bad), UID, mac_of())


def test_hostile_blocks_are_altered():
    of_other = identity.pack(STUDENT, UID[:4], mac_of(UID[:4]))
    under_other_key = identity.pack(STUDENT, UID, mac_of(UID[:4]))
    shapes = (bytes(16), b"\xff" * 16, of_other, under_other_key, b"", bytes(15), bytes(17))
    for block in shapes:
        raises(Altered, identity.unpack, block, UID, mac_of())


def test_days():
    assert identity.day_of(946684799) == -1
    assert identity.day_of(946684800) == 0
    assert identity.day_of(1830297600) == 10227  # 2028-01-01
