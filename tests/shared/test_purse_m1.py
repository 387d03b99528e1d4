"""The purse: which block holds, for each torn and each hostile shape of the two."""

from card_layout import purse_m1
from card_layout.purse_m1 import BLOCK_A, BLOCK_B, EMPTY, Altered, Purse, choose
from tests.shared.card import UID, mac_of
from tests.shared.expect import raises

MAC = mac_of()
OLDER = Purse(counter=8, balance_fen=5000, terminal=3, serial=70)
NEWER = Purse(counter=9, balance_fen=3750, terminal=12, serial=4100)


def packed(purse, index, uid=UID):
    return purse_m1.pack(purse, uid, index, mac_of(uid))


def torn(block, keep, rest):
    """-> a block whose programming stopped after `keep` bytes, the others `rest`."""
    return block[:keep] + rest[keep:]


def test_bytes_are_where_the_document_says():
    block = packed(NEWER, BLOCK_B)
    assert block[:12].hex() == "000009" + "000ea6" + "000c" + "00001004"
    assert block[12:] == MAC(b"P" + UID + b"\x06" + block[:12])[:4]
    assert purse_m1.unpack(block, UID, BLOCK_B, MAC) == NEWER


def test_the_higher_counter_holds_wherever_it_stands():
    assert choose(packed(OLDER, 5), packed(NEWER, 6), UID, MAC) == (NEWER, BLOCK_A, OLDER)
    assert choose(packed(NEWER, 5), packed(OLDER, 6), UID, MAC) == (NEWER, BLOCK_B, OLDER)


def test_a_fresh_card_has_one_block():
    assert choose(packed(OLDER, 5), EMPTY, UID, MAC) == (OLDER, BLOCK_B, None)
    assert choose(EMPTY, packed(OLDER, 6), UID, MAC) == (OLDER, BLOCK_A, None)


# shows R24
def test_a_torn_write_at_every_byte_leaves_before_or_after():
    before, after = packed(Purse(7, 6000, 1, 1), 6), packed(NEWER, 6)
    for rest in (before, EMPTY, b"\xff" * 16):
        for keep in range(17):
            held, index, previous = choose(packed(OLDER, 5), torn(after, keep, rest), UID, MAC)
            if torn(after, keep, rest) == after:
                assert (held, index, previous) == (NEWER, BLOCK_A, OLDER)
            else:
                assert (held, index) == (OLDER, BLOCK_B)
                assert previous is None or previous.counter == 7


def test_every_flipped_bit_loses_the_block_but_not_the_purse():
    good = packed(NEWER, 6)
    for at in range(16):
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            assert choose(packed(OLDER, 5), bytes(bad), UID, MAC) == (OLDER, BLOCK_B, None)


def test_nothing_valid_is_altered():
    other = UID[:4]
    bad = (
        (EMPTY, EMPTY),
        (b"\xff" * 16, b"\xff" * 16),
        (packed(OLDER, 6), packed(NEWER, 5)),  # the two swapped
        (packed(OLDER, 5, other), packed(NEWER, 6, other)),  # of another card
        (b"", bytes(15)),
        (bytes(range(16)), bytes(17)),
    )
    for block_a, block_b in bad:
        raises(Altered, choose, block_a, block_b, UID, MAC)


def test_one_counter_twice_is_altered():
    same = Purse(9, 100000, 12, 4100)
    raises(Altered, choose, packed(NEWER, 5), packed(NEWER, 6), UID, MAC)
    raises(Altered, choose, packed(NEWER, 5), packed(same, 6), UID, MAC)
    first = Purse(0, 0, 0, 0)
    raises(Altered, choose, packed(first, 5), packed(first, 6), UID, MAC)


def test_an_old_block_put_back_leaves_the_previous_amount_unknown():
    stale = Purse(2, 9000, 1, 5)
    held, index, previous = choose(packed(stale, 5), packed(NEWER, 6), UID, MAC)
    assert (held, index, previous) == (NEWER, BLOCK_A, stale)
    assert purse_m1.previous_amount(held, previous) is None


def test_previous_amount():
    assert purse_m1.previous_amount(NEWER, OLDER) == 1250
    assert purse_m1.previous_amount(Purse(9, 6000, 1, 1), OLDER) == -1000
    assert purse_m1.previous_amount(NEWER, None) is None
    assert purse_m1.previous_amount(OLDER, NEWER) is None
    assert purse_m1.previous_amount(NEWER, NEWER) is None


def test_successor_and_its_bounds():
    assert purse_m1.successor(OLDER, -1250, 12, 4100) == NEWER
    assert purse_m1.successor(OLDER, -5000, 1, 1).balance_fen == 0
    raises(ValueError, purse_m1.successor, OLDER, -5001, 1, 1)
    top = Purse(8, purse_m1.BALANCE_MAX_FEN, 3, 70)
    raises(ValueError, purse_m1.successor, top, 1, 1, 1)
    last = Purse(purse_m1.COUNTER_MAX, 5000, 3, 70)
    raises(ValueError, purse_m1.successor, last, 0, 1, 1)
    top = purse_m1.COUNTER_MAX
    assert purse_m1.successor(Purse(top - 1, 1, 1, 1), -1, 1, 2).counter == top


def test_the_last_counter_still_holds():
    last = Purse(purse_m1.COUNTER_MAX, 5000, 65535, 0xFFFFFFFF)
    before = Purse(purse_m1.COUNTER_MAX - 1, 6000, 3, 70)
    assert choose(packed(last, 5), packed(before, 6), UID, MAC) == (last, BLOCK_B, before)
    wrapped = Purse(0, 1, 1, 1)  # a counter never starts again: the old end still holds
    assert choose(packed(last, 5), packed(wrapped, 6), UID, MAC)[0] == last


def test_the_mark_is_under_the_mac_and_changes_no_counter():
    marked = purse_m1.pack(NEWER, UID, BLOCK_A, MAC, True)
    plain = packed(NEWER, 5)
    assert purse_m1.is_stopped(marked) and not purse_m1.is_stopped(plain)
    assert purse_m1.unpack(marked, UID, BLOCK_A, MAC) == NEWER
    for changed in (bytes((marked[0] ^ 0x80,)) + marked[1:], bytes((plain[0] ^ 0x80,)) + plain[1:]):
        assert purse_m1.unpack(changed, UID, BLOCK_A, MAC) is None
    raises(ValueError, purse_m1.pack, Purse(0x800000, 1, 1, 1), UID, BLOCK_A, MAC)


def test_pack_refuses_what_does_not_fit():
    for index, width in enumerate((3, 3, 2, 4)):
        for value in (-1, 1 << (8 * width)):
            fields = [value if at == index else kept for at, kept in enumerate(NEWER)]
            raises(ValueError, purse_m1.pack, Purse(*fields), UID, BLOCK_A, MAC)
    for index in (0, 4, 7):
        raises(ValueError, purse_m1.pack, NEWER, UID, index, MAC)
        raises(ValueError, purse_m1.unpack, EMPTY, UID, index, MAC)
