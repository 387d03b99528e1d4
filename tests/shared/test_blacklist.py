"""Lists, deltas and bitmaps of card numbers; bytes against entropy."""

import math

from protocol import blacklist, rice
from protocol.errors import LocalError, RemoteError
from terminal_sim.prng import Prng
from tests.shared.expect import raises

CARDS = 1048576


def some(count, universe, seed):
    """`count` numbers below `universe`, ascending, no list of them in memory but their own."""
    prng = Prng(seed)
    numbers = set()
    while len(numbers) < count:
        numbers.add(prng.below(universe))
    return sorted(numbers)


def entropy_bits(count, universe):
    """log2 of how many sets of `count` out of `universe` there are."""
    bits = 0
    for index in range(count):
        bits += math.log(universe - index) - math.log(count - index)
    return bits / math.log(2)


def test_lists_have_these_bytes():
    for numbers, universe, expected in (
        ((), CARDS, "40 00"),  # 32 sectors, none
        ((), 20000, "82b841 00"),  # 2 * 20000 + 1
        ((0,), 32768, "02 01 00"),  # k 0, gap 0
        ((3, 1), 8, "11 02 0500"),  # k 0, gaps 1 and 1: 00000 10 10
        (range(8), 8, "11 08 0000"),
    ):
        blob = blacklist.encode(numbers, universe)
        assert blob == bytes.fromhex(expected.replace(" ", "")), (numbers, blob)
        assert blacklist.decode(blob) == sorted(numbers)
        assert blacklist.head(blob) == (universe, len(numbers))


def test_rice_writes_k_then_ones_a_zero_and_the_rest():
    writer = rice.BitWriter()
    rice.write(writer, [9, 10, 40])  # gaps 9, 0, 29; k 3: 01 001 | 0 000 | 3 ones, 0, 101
    assert writer.finish() == bytes((0b00011100, 0b01000011, 0b10101000)), writer.finish()


def test_lists_stay_within_1_05_of_the_entropy():
    for count, universe in ((200, 20000), (600, 30000)):
        blob = blacklist.encode(some(count, universe, 9), universe)
        ratio = len(blob) * 8 / entropy_bits(count, universe)
        assert ratio <= 1.05, (count, universe, len(blob), ratio)


def test_ten_thousand_cards_are_read_without_a_list_of_them():
    writer = rice.BitWriter()  # bit by bit, for the numbers do not fit a terminal's memory either
    writer.bits(6, 5)
    expected = 0
    for number in evenly_random(10000, CARDS):
        ones, rest = (number - expected) >> 6, (number - expected) & 63
        if ones < 20:
            writer.bits(((1 << ones) - 1) << 7 | rest, ones + 7)
        else:
            writer.bits(0xFFFFF, 20)
            writer.bits(number - expected, 24)
        expected = number + 1
    blob = bytes.fromhex("40ce10") + writer.finish()
    assert blacklist.head(blob) == (CARDS, 10000)
    assert len(blob) * 8 <= 1.05 * entropy_bits(10000, CARDS)
    numbers = evenly_random(10000, CARDS)
    for number in blacklist.iterate(blob):
        assert number == next(numbers)


def evenly_random(count, universe):
    """Yield numbers like `some`, one after the other."""
    prng = Prng(1)
    left = count
    for number in range(universe):
        if left and prng.chance(left, universe - number):
            yield number
            left -= 1


def test_a_delta_of_one_card_has_six_bytes():
    assert len(blacklist.encode_delta([20190], [], CARDS)) <= 6
    assert len(blacklist.encode_delta([], [20190], CARDS)) <= 6


def test_deltas_stay_near_the_entropy():
    added, removed = some(100, 30000, 3), some(40, 30000, 4)
    removed = [number for number in removed if number not in added]
    blob = blacklist.encode_delta(added, removed, CARDS)
    bits = entropy_bits(len(added), 30000) + entropy_bits(len(removed), 30000)
    assert len(blob) * 8 <= 1.05 * bits + 5 * 8, (len(blob) * 8, bits)  # 5: head, k and filling
    assert blacklist.decode_delta(blob) == (CARDS, added, removed)
    assert blacklist.head_delta(blob) == (CARDS, len(added), len(removed))
    assert list(blacklist.iterate_delta(blob)) == [(n, True) for n in added] + [
        (n, False) for n in removed
    ]


def test_sets_of_every_density_come_back():
    for universe in (1, 7, 300, 32768):
        for count in (0, 1, universe // 100, universe // 2, universe - 1, universe):
            if count <= 300:
                numbers = some(count, universe, universe)
                assert blacklist.decode(blacklist.encode(numbers, universe)) == numbers


def test_clustered_numbers_choose_their_own_k():
    numbers = list(range(1000, 1400)) + [CARDS - 1]
    blob = blacklist.encode(numbers, CARDS)
    assert blacklist.decode(blob) == numbers
    assert len(blob) <= 65  # a bit for each of 400, and one far gap
    for gaps in ([0], [5], [1, 2, 3], [1000, 0, 0], [999999] * 3, [0] * 30 + [4000], [19], [21]):
        costs = [sum([min((g >> k) + 1 + k, 44) for g in gaps]) for k in range(24)]
        assert costs[rice.best_k(gaps)] == min(costs), gaps


def test_wrong_calls_are_our_fault():
    for numbers, universe in (((5,), 5), ((-1,), 5), ((), 0), ((), (1 << 24) + 1)):
        raises(LocalError, blacklist.encode, numbers, universe)
    raises(LocalError, blacklist.encode_delta, [1, 2], [2], 5)
    raises(LocalError, blacklist.bitmap, [8], 8)
    raises(LocalError, blacklist.bitmap, [], 7)


def test_bytes_that_are_no_list_are_refused():
    good = blacklist.encode([1, 5, 900], 20000)
    for data in [
        b"",
        b"\x82",
        good[:3],
        good[:-1],
        good + b"\0",
        b"\0\0",  # universe 0
        b"\x01\0",  # universe 0 again
        b"\x80\x40\0",  # a varint with a zero in front
        b"\x84\x80\x01\0",  # 32768 not written as a sector
        b"\xff\xff\xff\xff\x7f\0",  # universe too large
        b"\x40\x05\x00",  # five cards in eight bits
        b"\x11\x09\x00\x00\x00",  # nine cards of eight
        b"\x11\x01\xf8",  # k 31
        b"\x11\x01\x04\x00",  # a byte too many
        b"\x11\x01\x01",  # filled with a one
        b"\x11\x01\x07\xff\x80",  # number above the universe
    ]:
        raises(RemoteError, blacklist.decode, data)
    both = blacklist.encode_delta([1], [2], 8)
    for data in (both[:-1], both + b"\0", b"\x11\x01\x01\x00\x00"):
        raises(RemoteError, blacklist.decode_delta, data)


def test_a_blob_cannot_make_its_reader_work_long():
    ones = blacklist.encode([0], 1 << 24)[:2] + b"\x07" + b"\xff" * 500
    raises(RemoteError, blacklist.decode, ones)
    many = b"\x88\x00" + b"\x81\xf6\x00" + b"\x00" * 500  # 31,488 cards told, room for 4,000
    raises(RemoteError, blacklist.head, many)


def test_bitmap_and_digest():
    bits = blacklist.bitmap([0, 9, 15], 16)
    assert bits == bytearray(b"\x01\x82")
    assert blacklist.digest(bits) == blacklist.digest_of([bits[:1], bits[1:]])
    assert len(blacklist.digest(bits)) == blacklist.DIGEST_SIZE
    empty = bytes.fromhex("c35020473aed1b4642cd726cad727b63")  # SHA-256 of 32768 zero bytes, cut
    assert blacklist.digest(bytes(32768)) == empty
