"""A set of card numbers on the wire: the whole list, or what changed. Also as a bitmap.

The same bytes serve every list of cards (refused cards, gate rights). Not where a list lies in
flash (firmware.core.lists) nor who made which version (sync_server.core.loss_lists).

List:  universe | count | Rice bits.       Delta: universe | added | removed | Rice bits, twice.
Counts are varints: 7 bits a byte, highest first, high bit set on all but the last. Universe is a
varint too: 2 * sectors if it is whole flash sectors of 32,768 numbers, else 2 * universe + 1.
Each Rice part is there only if its count is not 0; the bits of a delta run on without a break.
Limits: universe up to 2**24, as a card
number has 24 bits. Source: docs/blacklist.md, Rice coding in rice.
"""

import hashlib

from protocol import rice
from protocol.errors import LocalError, RemoteError

MAX_UNIVERSE = 1 << 24
SECTOR_NUMBERS = 32768  # bits of one 4 KiB flash sector
DIGEST_SIZE = 16
_MAX_VARINT = 4


def encode(numbers, universe):
    """The list of `numbers` (any order) out of 0..universe-1. LocalError if one is not."""
    numbers = _checked(numbers, universe)
    out = _universe(universe) + _varint(len(numbers))
    writer = rice.BitWriter()
    if numbers:
        rice.write(writer, numbers)
    return out + writer.finish()


def decode(data):
    """Ascending numbers of a list, as a Python list. RemoteError if `data` is no list."""
    return list(iterate(data))


def iterate(data):
    """Yield the ascending numbers of a list, keeping none in memory.

    RemoteError comes as late as the fault is seen, so act on nothing before the end is reached.
    """
    universe, count, at = _head(data, 1)
    reader = rice.BitReader(data, at)
    yield from rice.read(reader, count[0], universe)
    reader.finish()


def head(data):
    """(universe, count) of a list, without reading it."""
    universe, counts, _ = _head(data, 1)
    return universe, counts[0]


def encode_delta(added, removed, universe):
    """The change that adds and removes these numbers. LocalError if a number is in both."""
    added = _checked(added, universe)
    removed = _checked(removed, universe)
    both = set(added) & set(removed)
    if both:
        raise LocalError(f"card {min(both)} is both added and removed")
    out = _universe(universe) + _varint(len(added)) + _varint(len(removed))
    writer = rice.BitWriter()
    for numbers in (added, removed):
        if numbers:
            rice.write(writer, numbers)
    return out + writer.finish()


def decode_delta(data):
    """(universe, added, removed), two ascending lists. RemoteError if `data` is no delta."""
    universe, _, _ = head_delta(data)
    added = []
    removed = []
    for number, listed in iterate_delta(data):
        (added if listed else removed).append(number)
    if set(added) & set(removed):
        raise RemoteError("a card is both added and removed")
    return universe, added, removed


def iterate_delta(data):
    """Yield (number, True) for each number added, then (number, False) for each removed.

    Late errors as in `iterate`; a number in both is not noticed here, the digest tells.
    """
    universe, counts, at = _head(data, 2)
    reader = rice.BitReader(data, at)
    for number in rice.read(reader, counts[0], universe):
        yield number, True
    for number in rice.read(reader, counts[1], universe):
        yield number, False
    reader.finish()


def head_delta(data):
    """(universe, how many added, how many removed) of a delta, without reading it."""
    universe, counts, _ = _head(data, 2)
    return universe, counts[0], counts[1]


def bitmap(numbers, universe):
    """bytearray of universe // 8 bytes: number n is byte n >> 3, bit n & 7 (of value 1 << bit)."""
    if universe % 8:
        raise LocalError(f"a bitmap has whole bytes: {universe}")
    bits = bytearray(universe >> 3)
    for number in numbers:
        if not 0 <= number < universe:
            raise LocalError(f"card {number} is not below {universe}")
        bits[number >> 3] |= 1 << (number & 7)
    return bits


def digest(bits):
    """16 bytes that name a set exactly: SHA-256 of its whole bitmap, cut."""
    return digest_of((bits,))


def digest_of(pieces):
    """The same for a bitmap that comes in pieces, as it is read from flash."""
    whole = hashlib.sha256()
    for piece in pieces:
        whole.update(piece)
    return whole.digest()[:DIGEST_SIZE]


def _checked(numbers, universe):
    """Sorted list without doubles; LocalError if the universe or a number is out of range."""
    if not 1 <= universe <= MAX_UNIVERSE:
        raise LocalError(f"no such universe: {universe}")
    numbers = sorted(set(numbers))
    if numbers and not 0 <= numbers[0] <= numbers[-1] < universe:
        raise LocalError(f"cards {numbers[0]}..{numbers[-1]} are not within 0..{universe - 1}")
    return numbers


def _universe(universe):
    if universe % SECTOR_NUMBERS:
        return _varint(universe * 2 + 1)
    return _varint(universe // SECTOR_NUMBERS * 2)


def _varint(value):
    out = bytes((value & 0x7F,))
    value >>= 7
    while value:
        out = bytes((0x80 | value & 0x7F,)) + out
        value >>= 7
    return out


def _read_varint(data, at):
    """(value, next position)."""
    value = 0
    for end in range(at, min(at + _MAX_VARINT, len(data))):
        value = value << 7 | data[end] & 0x7F
        if value == 0 and data[end] == 0x80:
            break
        if data[end] < 0x80:
            return value, end + 1
    raise RemoteError("no number where one should be")


def _head(data, lists):
    """(universe, counts, position of the bits) of a blob with that many lists."""
    code, at = _read_varint(data, 0)
    universe = code >> 1 if code & 1 else (code >> 1) * SECTOR_NUMBERS
    if not 1 <= universe <= MAX_UNIVERSE or (code & 1 and universe % SECTOR_NUMBERS == 0):
        raise RemoteError(f"no such universe: {universe}")
    counts = []
    for _ in range(lists):
        count, at = _read_varint(data, at)
        counts.append(count)
    if sum(counts) > min(universe, 8 * (len(data) - at)):
        raise RemoteError(f"{sum(counts)} cards cannot be in {len(data)} bytes")
    return universe, counts, at
