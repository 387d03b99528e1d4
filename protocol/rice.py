"""Rice coding of ascending numbers: the gaps between them, in nearly as few bits as possible.

A gap g (numbers left out between two neighbours) is g >> k ones, a zero, and the low k bits; k
stands in 5 bits before the first gap and is the best one for the numbers at hand. A gap that
would need 20 ones or more is 20 ones and 24 bits: one far number costs little, and no reader
counts for long. For random numbers this is within 2 % of the entropy. Not a file format
(blacklist). Reading yields one number after the other and keeps none; a number costs at least one
bit, so what a blob can make a reader do is bounded by its length.
Source: R. F. Rice, JPL 79-22 (1979); S. W. Golomb 1966; the escape is our own.
"""

from protocol.errors import RemoteError

_K_BITS = 5
MAX_K = 23
_ESCAPE = 20  # ones in a row that announce a plain gap
_GAP_BITS = 24
_ESCAPE_COST = _ESCAPE + _GAP_BITS


class BitWriter:
    """Collects bits, the first one highest in its byte."""

    def __init__(self):
        self._out = bytearray()
        self._bits = 0
        self._count = 0  # bits not in _out yet, 0..7

    def bits(self, value, count):
        """Append the low `count` bits of `value`, which has no others."""
        bits = self._bits << count | value
        count += self._count
        while count >= 8:
            count -= 8
            self._out.append(bits >> count)
            bits &= (1 << count) - 1
        self._bits = bits
        self._count = count

    def finish(self):
        """All the bytes, the last one filled up with zeros."""
        if self._count:
            self.bits(0, 8 - self._count)
        return bytes(self._out)


class BitReader:
    """Reads what BitWriter wrote, from `data` beginning at byte `at`."""

    def __init__(self, data, at):
        self._data = data
        self._at = at
        self._bits = 0
        self._count = 0

    def bits(self, count):
        """The next `count` bits. RemoteError at the end of the data."""
        bits = self._bits
        have = self._count
        while have < count:
            if self._at >= len(self._data):
                raise RemoteError("bits end too early")
            bits = bits << 8 | self._data[self._at]
            self._at += 1
            have += 8
        have -= count
        self._bits = bits & (1 << have) - 1
        self._count = have
        return bits >> have

    def ones(self, limit):
        """How many ones come before the next zero; after `limit` of them no zero is read."""
        count = 0
        while count < limit and self.bits(1):
            count += 1
        return count

    def finish(self):
        """RemoteError unless only the zeros that fill the last byte are left."""
        if self._bits or self._at != len(self._data):
            raise RemoteError("something follows the last number")


def write(writer, numbers):
    """Append ascending numbers (0 .. 2**24-1, at least one, none twice) to a BitWriter."""
    gaps = []
    expected = 0
    for number in numbers:
        gaps.append(number - expected)
        expected = number + 1
    k = best_k(gaps)
    writer.bits(k, _K_BITS)
    mask = (1 << k) - 1
    for gap in gaps:
        ones = gap >> k
        if ones < _ESCAPE:
            writer.bits(((1 << ones) - 1) << (k + 1) | gap & mask, ones + 1 + k)
        else:
            writer.bits((1 << _ESCAPE) - 1, _ESCAPE)
            writer.bits(gap, _GAP_BITS)


def best_k(gaps):
    """The k that needs the fewest bits.

    Without the escape the cost is convex in k, so it is least where it first stops falling; the
    escape only ever makes a smaller k better.
    """
    highest = 0
    while highest < MAX_K and sum([(gap >> highest) + 1 >> 1 for gap in gaps]) > len(gaps):
        highest += 1
    costs = [(_cost(gaps, k), k) for k in range(highest + 1)]
    return min(costs)[1]


def _cost(gaps, k):
    """Bits that the gaps need with this k."""
    return sum([min((gap >> k) + 1 + k, _ESCAPE_COST) for gap in gaps])


def read(reader, count, universe):
    """Yield `count` ascending numbers below `universe`. RemoteError as soon as one is not."""
    if count == 0:
        return
    k = reader.bits(_K_BITS)
    if k > MAX_K:
        raise RemoteError(f"no such Rice parameter: {k}")
    number = -1
    for _ in range(count):
        ones = reader.ones(_ESCAPE)
        gap = ones << k | reader.bits(k) if ones < _ESCAPE else reader.bits(_GAP_BITS)
        number += gap + 1
        if number >= universe:
            raise RemoteError(f"number {number} is not below {universe}")
        yield number
