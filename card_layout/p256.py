"""ECDSA over P-256 with SHA-256, checked in plain integers: who signed a code, or an image.

`verify` takes bytes of anybody and answers True or False; it never raises. Who checks many
signatures of one key keeps its `multiples` and asks `verify_with`: the table costs as much as a
fifth of the check. Checking needs no secrets, so nothing here runs in constant time, and nothing
here signs. Sources: FIPS 186-5 section 6.4.2, SEC 1 sections 2.3.4 and 4.1.4; formulas dbl-2001-b
and madd of the Explicit-Formulas Database; signed windows after Solinas.

A point is (X, Y, Z), x = X / Z**2 and y = Y / Z**3 (Jacobian); Z = 0 is infinity. An affine point
is (x, y). Numbers are integers below P.
"""

import hashlib

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
SIGNATURE = 64  # bytes: r || s
INFINITY = (1, 1, 0)
_OFTEN = 6  # window of a key that is used again: 16 points
_ONCE = 4  # of one that is not: 4 points
_generator_multiples = []  # type: list[tuple[int, int]]


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
    y = pow(square, (P + 1) // 4, P)
    if head not in (2, 3) or y * y % P != square:
        return None
    return (x, y if y & 1 == head & 1 else P - y)


def multiples(point, window=_OFTEN):
    """-> list of the affine points 1, 3, 5, ... (2**(window - 1) - 1) times `point`."""
    twice = _affine([_double((point[0], point[1], 1))])[0]
    points = [(point[0], point[1], 1)]
    for _ in range((1 << window - 2) - 1):
        points.append(_add(points[-1], twice))
    return _affine(points)


def verify_with(table, message, signature):
    """As `verify`, with the `multiples` of a key."""
    if not _is_octets(message) or not _is_octets(signature) or len(signature) != SIGNATURE:
        return False
    r = int.from_bytes(bytes(signature[:32]), "big")
    s = int.from_bytes(bytes(signature[32:]), "big")
    if not (0 < r < ORDER and 0 < s < ORDER):
        return False
    if not _generator_multiples:
        _generator_multiples.extend(multiples(GENERATOR))
    inverse = _invert(s, ORDER)
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    x, _, z = _sum(digest * inverse % ORDER, _generator_multiples, r * inverse % ORDER, table)
    zz = z * z % P
    # x / z**2 modulo ORDER is r, without dividing: x is r or, seldom, r + ORDER
    return z != 0 and (r * zz % P == x or (r + ORDER < P and (r + ORDER) * zz % P == x))


def _is_octets(data):
    return isinstance(data, (bytes, bytearray, memoryview))


def _sum(u, table_u, v, table_v):
    """-> u times the first point of one table plus v times that of the other (Shamir's trick)."""
    terms = {}
    for scalar, table in ((u, table_u), (v, table_v)):
        for place, digit in _digits(scalar, len(table)):
            x, y = table[abs(digit) >> 1]
            terms.setdefault(place, []).append((x, y if digit > 0 else P - y))
    point = INFINITY
    for place in range(max(terms), -1, -1):
        point = _double(point)
        for term in terms.get(place, ()):
            point = _add(point, term)
    return point


def _digits(scalar, count):
    """Yields (place, odd digit) with scalar = sum of digit * 2**place, |digit| < 2 * count."""
    width = 4 * count
    place = 0
    while scalar:  # ends as scalar is halved each time
        if scalar & 1:
            digit = scalar & (width - 1)
            if digit > 2 * count:
                digit -= width
            scalar -= digit
            yield place, digit
        scalar >>= 1
        place += 1


def _double(point):
    """-> the point and itself: 8 multiplications."""
    x, y, z = point
    if not z:
        return point
    delta = z * z % P
    gamma = y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x_new = (alpha * alpha - 8 * beta) % P
    y_new = (alpha * (4 * beta - x_new) - 8 * gamma * gamma) % P
    return x_new, y_new, 2 * y * z % P


def _add(point, affine):
    """-> a point and an affine one: 11 multiplications."""
    x, y, z = point
    if not z:
        return affine[0], affine[1], 1
    zz = z * z % P
    h = (affine[0] * zz - x) % P
    r = (affine[1] * (z * zz % P) - y) % P
    if not h:  # the same x: by a signature that was made to be so
        return INFINITY if r else _double(point)
    hh = h * h % P
    hhh = h * hh % P
    v = x * hh % P
    x_new = (r * r - hhh - 2 * v) % P
    y_new = (r * (v - x_new) - y * hhh) % P
    return x_new, y_new, z * h % P


def _affine(points):
    """-> affine points, with one inversion for all (Montgomery's trick). None may be infinity."""
    product = 1
    before = []
    for _, _, z in points:
        before.append(product)
        product = product * z % P
    inverse = _invert(product, P)
    affine = []
    for at in range(len(points) - 1, -1, -1):
        x, y, z = points[at]
        z_inverse = inverse * before[at] % P
        inverse = inverse * z % P
        zz = z_inverse * z_inverse % P
        affine.append((x * zz % P, y * zz * z_inverse % P))
    affine.reverse()
    return affine


def _invert(number, modulus):
    """-> the inverse, by Euclid: MicroPython's pow knows no negative exponent."""
    high, low, left, right = modulus, number, 0, 1
    while low > 1:  # ends at the greatest common divisor, 1 for a prime modulus
        quotient = high // low
        high, low, left, right = low, high - quotient * low, right, left - quotient * right
    return right % modulus
