"""ECDSA over P-256 with SHA-256, checked: who signed a code, or an image.

`verify` takes bytes of anybody and answers True or False; it never raises. Who checks many
signatures of one key keeps its `multiples` and asks `verify_with`: the table costs as much as a
tenth of the check. Checking needs no secrets, and nothing here signs. Sources: FIPS 186-5 section
6.4.2, SEC 1 sections 2.3.4 and 4.1.4.
"""

import hashlib

from card_layout import points
from card_layout.field import P
from card_layout.points import GENERATOR, B

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNATURE = 64  # bytes: r || s
_OFTEN = 6  # window of a key that is used again: 16 points, of 64 bytes
_ONCE = 4  # of one that is not: 4 points
_generator_multiples = []  # type: list


def verify(public_key, message, signature):
    """True if `signature` (64 bytes r || s) of `message` was made with the key of `public_key`
    (65 bytes 04 || x || y, or 33 bytes compressed). False for anything else whatever."""
    point = decode(public_key)
    return point is not None and verify_with(multiples(point, _ONCE), message, signature)


def decode(public_key):
    """-> affine point of a public key (SEC 1, 2.3.4), or None if it is none on the curve."""
    if not _is_octets(public_key) or len(public_key) not in (33, 65):
        return None
    head, x = public_key[0], int.from_bytes(bytes(public_key[1:33]), "big")
    if x >= P:
        return None
    square = ((x * x - 3) * x + B) % P
    if len(public_key) == 65:
        y = int.from_bytes(bytes(public_key[33:]), "big")
        return (x, y) if head == 4 and y < P and y * y % P == square else None
    y = points.root(square) if head in (2, 3) else None
    if y is None:
        return None
    return (x, y if y & 1 == head & 1 else P - y)


def prepare():
    """Make the generator's table (1 KB) now; else the first signature that is checked does."""
    if not _generator_multiples:
        _generator_multiples.extend(multiples(GENERATOR))


def multiples(point, window=_OFTEN):
    """-> table of an affine point for `verify_with`."""
    return points.multiples(point, window)


def verify_with(table, message, signature):
    """As `verify`, with the `multiples` of a key."""
    if not _is_octets(message) or not _is_octets(signature) or len(signature) != SIGNATURE:
        return False
    r = int.from_bytes(bytes(signature[:32]), "big")
    s = int.from_bytes(bytes(signature[32:]), "big")
    if not (0 < r < ORDER and 0 < s < ORDER):
        return False
    prepare()
    inverse = points.invert(s, ORDER)
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    u, v = digest * inverse % ORDER, r * inverse % ORDER
    if not points.weigh(u, _generator_multiples, v, table):
        return False
    # x modulo ORDER is r: x is r or, seldom, r + ORDER
    return points.is_at(r) or (r + ORDER < P and points.is_at(r + ORDER))


def _is_octets(data):
    return isinstance(data, (bytes, bytearray, memoryview))
