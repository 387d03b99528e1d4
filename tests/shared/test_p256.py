"""ECDSA P-256 against the signatures and the keys of NIST, and bytes that mean harm."""

from card_layout import p256, points
from card_layout.field import P
from tests.shared.vectors import lines, octets

SIG_VER = "asymmetric/ECDSA/FIPS_186-3/SigVer.rsp"
KEYS = "asymmetric/ECDSA/FIPS_186-3/PKV.rsp"


def under(path, heading):
    """Yields a dict of each case under one heading of a NIST file; the last name is Result."""
    here = False
    case = {}
    for line in lines(path):
        if line.startswith("["):
            here = line == heading
        name, equals, value = line.partition(" = ")
        if here and equals:
            case[name] = value
            if name == "Result":
                yield case


def wide(text):
    """-> 32 bytes of a hexadecimal number that may have lost its first zeros."""
    return octets("0" * (64 - len(text)) + text)


def key_of(case):
    return b"\x04" + wide(case["Qx"]) + wide(case["Qy"])


def nist_signatures():
    """(key, message, signature, whether it is right)."""
    for case in under(SIG_VER, "[P-256,SHA-256]"):
        signature = wide(case["R"]) + wide(case["S"])
        yield key_of(case), octets(case["Msg"]), signature, case["Result"].startswith("P")


def a_right_one():
    return [found for found in nist_signatures() if found[3]][0][:3]


def squeezed(key):
    """The compressed form of a key."""
    return bytes((2 + (key[64] & 1),)) + key[1:33]


def test_nist_signatures():
    count = [0, 0]
    for key, message, signature, is_right in nist_signatures():
        assert p256.verify(key, message, signature) is is_right
        assert p256.verify(squeezed(key), message, signature) is is_right
        count[is_right] += 1
    assert count[0] > 5 and count[1] > 2


def test_nist_keys_on_and_off_the_curve():
    count = [0, 0]
    for case in under(KEYS, "[P-256]"):
        is_right = case["Result"].startswith("P")
        if len(case["Qx"]) > 64 or len(case["Qy"]) > 64:
            continue  # out of range by its length already
        assert (p256.decode(key_of(case)) is not None) is is_right
        count[is_right] += 1
    assert count[0] > 2 and count[1] > 2


def test_a_kept_table_says_the_same():
    key, message, signature = a_right_one()
    for window in (2, 4, 6):
        table = p256.multiples(p256.decode(key), window)
        assert len(table) == 1 << window - 2
        assert p256.verify_with(table, message, signature)
        assert not p256.verify_with(table, message + b"x", signature)


def test_every_flipped_bit_is_refused():
    key, message, signature = a_right_one()
    for bit in range(0, 512, 37):
        bent = bytearray(signature)
        bent[bit >> 3] ^= 1 << (bit & 7)
        assert not p256.verify(key, message, bent)


def test_hostile_bytes_are_false_and_raise_nothing():
    key, message, signature = a_right_one()
    order = p256.ORDER.to_bytes(32, "big")
    zero, one, most = bytes(32), bytes(31) + b"\x01", b"\xff" * 32
    above = (p256.ORDER + 1).to_bytes(32, "big")
    for r in (zero, one, order, above, most):
        for s in (zero, one, order, above, most):
            assert p256.verify(key, message, r + s) is False
        assert p256.verify(key, message, r + signature[32:]) is False
        assert p256.verify(key, message, signature[:32] + r) is False
    too_wide = P.to_bytes(32, "big")
    lengths = (b"", key[:-1], key + b"\0", b"\0", squeezed(key)[:-1])
    heads = (b"\x05" + key[1:], b"\x02" + key[1:], b"\x04" + key[1:33])
    values = (bytes(65), b"\x04" + too_wide + zero, b"\x02" + too_wide)
    for bad in lengths + heads + values + (None, 7, "key"):
        assert p256.verify(bad, message, signature) is False
    for bad in (b"", signature[:-1], signature + b"\0", None, 7, "signature"):
        assert p256.verify(key, message, bad) is False
    assert p256.verify(key, None, signature) is False


def test_a_key_that_is_the_generator_or_its_opposite():
    """Tables that meet: the sum passes through equal and opposite points."""
    x, y = p256.GENERATOR
    generator = p256.multiples(p256.GENERATOR)
    for point in ((x, y), (x, P - y)):
        table = p256.multiples(point)
        for u in (0, 1, 2, 3, 5, p256.ORDER - 1):
            for v in (0, 1, 2, 3, p256.ORDER - 1):
                factor = (u + v if point[1] == y else u - v) % p256.ORDER
                is_point = points.weigh(u, generator, v, table)
                assert is_point is (factor != 0)
                if factor in (1, 2, 3, 4):
                    assert points.affine() == TIMES[factor]
                    assert points.is_at(TIMES[factor][0]) and not points.is_at(x + 1)


def slope(first, second):
    """-> of the line through two points of the curve, or at one: by dividing."""
    if first == second:
        return (3 * first[0] ** 2 - 3) * pow(2 * first[1], P - 2, P)
    return (second[1] - first[1]) * pow(second[0] - first[0], P - 2, P)


def plain_sum(first, second):
    """-> sum of two affine points as the textbook has it."""
    by = slope(first, second)
    x = (by * by - first[0] - second[0]) % P
    return x, (by * (first[0] - x) - first[1]) % P


TIMES = {1: p256.GENERATOR}
for factor in (2, 3, 4):
    TIMES[factor] = plain_sum(TIMES[factor - 1], p256.GENERATOR)


def test_tables_hold_the_odd_multiples():
    table = p256.multiples(p256.GENERATOR, 6)
    for place in range(len(table)):
        points.weigh(1, [table[place]], 0, [])
        odd = points.affine()
        points.weigh(2 * place + 1, p256.multiples(p256.GENERATOR, 2), 0, [])
        assert odd == points.affine()


def test_roots():
    for number in (0, 1, 4, P - 1, 2, 3, 5, P - 2, 1 << 255):
        found = points.root(number)
        has_one = number == 0 or pow(number, (P - 1) // 2, P) == 1
        assert (found is not None) is has_one
        assert found is None or found * found % P == number
