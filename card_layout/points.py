"""Points of the curve P-256: sums of multiples, tables of multiples, square roots.

A point is (X, Y, Z), x = X / Z**2 and y = Y / Z**3 (Jacobian), in three registers of a `Field`. An
affine point is (x, y). Nothing here is secret, so nothing runs in constant time. Sources: SEC 1;
formulas dbl-2001-b and madd of the Explicit-Formulas Database; signed windows after Solinas. Who
changes a formula: bench/code.py counts its multiplications.
"""

try:  # machine code, where it is made for this chip
    from card_layout.native.field import Field, program
    from card_layout.native.inverse import invert
except (ImportError, SyntaxError, ValueError):
    from card_layout.field import Field, invert, program  # type: ignore[assignment]
from card_layout.field import ADD, MULTIPLY, SUBTRACT, P

B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
# registers: the sum, an affine point to add, and what lies between
_ZERO, X, Y, Z, AX, AY, _D, _G, _B, _T, _A, _H, _R = range(13)
_COUNT = 13
_DOUBLE = program(
    (MULTIPLY, _D, Z, Z),
    (MULTIPLY, _G, Y, Y),
    (ADD, _G, _G, _G),
    (MULTIPLY, _B, X, _G),
    (ADD, _B, _B, _B),  # 4 beta
    (SUBTRACT, _T, X, _D),
    (ADD, _A, X, _D),
    (MULTIPLY, _T, _T, _A),
    (ADD, _A, _T, _T),
    (ADD, _A, _A, _T),  # alpha
    (MULTIPLY, Z, Y, Z),
    (ADD, Z, Z, Z),
    (MULTIPLY, X, _A, _A),
    (ADD, _T, _B, _B),
    (SUBTRACT, X, X, _T),
    (SUBTRACT, _B, _B, X),
    (MULTIPLY, _T, _A, _B),
    (MULTIPLY, _G, _G, _G),
    (ADD, _G, _G, _G),  # 8 gamma**2
    (SUBTRACT, Y, _T, _G),
)
# X, Y, Z and the affine AX, AY; Z becomes 0 if both have the same x, _R is 0 if the same y too
_SUM = program(
    (MULTIPLY, _D, Z, Z),
    (MULTIPLY, _H, AX, _D),
    (SUBTRACT, _H, _H, X),
    (MULTIPLY, _D, _D, Z),
    (MULTIPLY, _D, AY, _D),
    (SUBTRACT, _R, _D, Y),
    (MULTIPLY, Z, Z, _H),
    (MULTIPLY, _T, _H, _H),
    (MULTIPLY, _H, _H, _T),
    (MULTIPLY, _T, X, _T),
    (MULTIPLY, X, _R, _R),
    (SUBTRACT, X, X, _H),
    (SUBTRACT, X, X, _T),
    (SUBTRACT, X, X, _T),
    (SUBTRACT, _T, _T, X),
    (MULTIPLY, _T, _R, _T),
    (MULTIPLY, _H, Y, _H),
    (SUBTRACT, Y, _T, _H),
)
_OPPOSITE = program((SUBTRACT, AY, _ZERO, AY))
# to X, Y, Z = AX, AY, 1 on the curve where X, Y of before, whose Z is not 1, is affine; and that
_SCALE = program(
    (MULTIPLY, _T, Z, Z),
    (MULTIPLY, _D, AX, _T),
    (MULTIPLY, _T, _T, Z),
    (MULTIPLY, _G, AY, _T),
    (ADD, AX, X, _ZERO),
    (ADD, AY, Y, _ZERO),
    (ADD, X, _D, _ZERO),
    (ADD, Y, _G, _ZERO),
)
_TO_AFFINE = program(
    (MULTIPLY, _D, AX, AX), (MULTIPLY, X, X, _D), (MULTIPLY, _D, _D, AX), (MULTIPLY, Y, Y, _D)
)
_SQUARE = program((MULTIPLY, _T, _T, _T))
# (P + 1) / 4: squarings, then times this register, or none, and a copy into that one, or none
_ROOT = (
    (1, X, _G),  # 2 ones
    (2, _G, _B),  # 4
    (4, _B, _A),  # 8
    (8, _A, _H),  # 16
    (16, _H, _ZERO),  # 32
    (32, X, _ZERO),
    (96, X, _ZERO),
    (94, _ZERO, _ZERO),
)
_PLACES = 257  # of the digits of a scalar
_field = Field(_COUNT)
_0 = _field.keep(_ZERO, 1)
_field.set(Z, 1)
_1 = _field.keep(Z, 1)


def root(number):
    """-> a square root modulo P, None if there is none."""
    field = _field
    field.set(X, number)
    field.put(_T, field.keep(X, 1))
    for squarings, by, to in _ROOT:
        field.play(_SQUARE, squarings)
        if by:
            field.play(program((MULTIPLY, _T, _T, by)))
        if to:
            field.play(program((ADD, to, _T, _ZERO)))
    field.play(program((MULTIPLY, _D, _T, _T)))
    return field.get(_T) if field.keep(_D, 1) == field.keep(X, 1) else None


def multiples(point, window):
    """-> list of 1, 3, 5, ... (2**(window - 1) - 1) times an affine point, each as a `Field` keeps
    it. The chain is walked on a curve where twice the point is affine: addition does not ask which
    curve it is on. So one division does for all."""
    count = 1 << window - 2
    field = Field(_COUNT + 4 * count)
    field.set(AX, point[0])
    field.set(AY, point[1])
    field.put(X, field.keep(AX, 2))
    field.put(Z, _1)
    field.play(_DOUBLE)
    scale = field.keep(Z, 1)
    field.play(_SCALE)
    field.put(Z, _1)
    for at in range(_COUNT, _COUNT + 4 * count, 4):
        if at > _COUNT:
            field.play(_SUM)
        field.put(at, field.keep(X, 3))
        field.put(_T, scale)
        field.play(program((MULTIPLY, at + 2, Z, _T)))
    return _affine(field, count)


def _affine(field, count):
    """-> `count` points x, y as kept, of X, Y, Z in each four registers; none is infinity. One
    division for all: the fourth register has the product of all Z before (Montgomery's trick)."""
    first, last = _COUNT, _COUNT + 4 * (count - 1)
    field.put(_T, _1)
    for at in range(first, last + 4, 4):
        field.play(program((ADD, at + 3, _T, _ZERO), (MULTIPLY, _T, _T, at + 2)))
    field.set(_T, invert(field.get(_T), P))
    kept = []
    for at in range(last, first - 1, -4):
        field.put(X, field.keep(at, 2))
        field.play(program((MULTIPLY, AX, _T, at + 3), (MULTIPLY, _T, _T, at + 2)))
        field.play(_TO_AFFINE)
        kept.append(field.keep(X, 2))
    kept.reverse()
    return kept


def weigh(u, table_u, v, table_v):
    """Sum of u times the first point of one table and v times that of the other (Shamir's trick).
    -> False if it is infinity; else it is the point that `is_at` and `affine` tell of."""
    digits = _digits(u, len(table_u)), _digits(v, len(table_v))
    tables = table_u, table_v
    # Equal points make Z 0 for good. So it is looked at once, and only who made a signature for
    # that sees the slow way.
    is_point = _walk(digits, tables, False)
    if is_point and _field.keep(Z, 1) == _0:
        is_point = _walk(digits, tables, True)
    return is_point


def _walk(digits, tables, is_careful):
    """-> False for infinity; unless it is careful, Z may be 0 too, for it or for a mistake."""
    is_point = False
    doubles = 0
    for place in range(_PLACES - 1, -1, -1):
        doubles += 1
        for which in (0, 1):
            digit = digits[which][place]
            if digit:
                if is_point:
                    _field.play(_DOUBLE, doubles)
                doubles = 0
                _field.put(AX, tables[which][digit >> 2])
                if digit & 1:
                    _field.play(_OPPOSITE)
                is_point = _add(is_point, is_careful)
    if is_point:
        _field.play(_DOUBLE, doubles)
    return is_point


def _add(is_point, is_careful):
    """Add the affine point. -> False for infinity, as `is_point` says of the sum before."""
    if is_point:
        _field.play(_SUM)
        if not is_careful or _field.keep(Z, 1) != _0:
            return True
        if _field.keep(_R, 1) != _0:
            return False
    _field.put(X, _field.keep(AX, 2))
    _field.put(Z, _1)
    if is_point:  # the same point: by a signature that was made to be so
        _field.play(_DOUBLE)
    return True


def is_at(x):
    """Has the point of `weigh` this x? Told without dividing."""
    _field.set(AX, x)
    _field.play(program((MULTIPLY, _D, Z, Z), (MULTIPLY, _D, AX, _D)))
    return _field.keep(_D, 1) == _field.keep(X, 1)


def affine():
    """-> the point of `weigh`, affine."""
    field = Field(_COUNT + 4)
    field.put(_COUNT, _field.keep(X, 3))
    field.put(AX, _affine(field, 1)[0])
    return field.get(AX), field.get(AY)


def _digits(scalar, count):
    """-> a byte for each place: 0, or an odd digit of at most 2 * count - 1 times 2, and 1 more for
    a negative one; the sum of digit * 2**place is the scalar. In small integers only: big ones
    are garbage, and who collects it takes longer than all of this."""
    octets = scalar.to_bytes(_PLACES // 8 + 3, "little")
    digits = bytearray(_PLACES + 8)
    width, bits = 4 * count, 0
    while 1 << bits < width:
        bits += 1
    place = carry = 0
    while place < _PLACES:
        word = (octets[place >> 3] | octets[(place >> 3) + 1] << 8) >> (place & 7)
        if word & 1 == carry:
            place += 1
            continue
        digit = (word & width - 1) + carry
        carry = 1 if digit > 2 * count else 0
        digits[place] = (width - digit) * 2 + 1 if carry else digit * 2
        place += bits
    return digits
