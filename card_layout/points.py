"""Points of the curve P-256: sums of multiples, tables of multiples, square roots.

A point is (X, Y, Z), x = X / Z**2 and y = Y / Z**3 (Jacobian), in three registers of a `Field`. An
affine point is (x, y). Nothing here is secret, so nothing runs in constant time. Sources: SEC 1;
formulas dbl-2001-b and madd of the Explicit-Formulas Database; signed windows after Solinas. Who
changes a formula: bench/code.py counts its multiplications.
"""

try:  # machine code, where it is made for this chip
    from card_layout.native.field import Field, program
except (ImportError, ValueError):
    from card_layout.field import Field, program  # type: ignore[assignment]
from card_layout.field import ADD, MULTIPLY, SUBTRACT

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
_NOTHING = program()
_field = Field(_COUNT)
_0 = _field.keep(_ZERO, 1)
_field.set(Z, 1)
_1 = _field.keep(Z, 1)


def root(number):
    """-> a square root modulo P, None if there is none."""
    _field.set(X, number)
    _field.play(_power(_field, X, _TO_ROOT) + program((MULTIPLY, _D, _T, _T)))
    return _field.get(_T) if _field.keep(_D, 1) == _field.keep(X, 1) else None


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
    field.put(X, _1)
    for at in range(first, last + 4, 4):
        field.play(program((ADD, at + 3, X, _ZERO), (MULTIPLY, X, X, at + 2)))
    field.play(_power(field, X, _TO_INVERSE) + program((ADD, X, _T, _ZERO)))
    kept = []
    for at in range(last, first - 1, -4):
        field.play(
            program(
                (MULTIPLY, _D, X, at + 3),
                (MULTIPLY, X, X, at + 2),
                (MULTIPLY, _G, _D, _D),
                (MULTIPLY, at, at, _G),
                (MULTIPLY, _G, _G, _D),
                (MULTIPLY, at + 1, at + 1, _G),
            )
        )
        kept.append(field.keep(at, 2))
    kept.reverse()
    return kept


# squarings, times this register, into that one; what is raised stands in X, the result in _T
_TO_32_ONES = (
    (1, X, _G),  # 2 ones
    (2, _G, _B),  # 4
    (4, _B, _A),  # 8
    (8, _A, _H),  # 16
    (8, _A, _H),  # 24
    (4, _B, _H),  # 28
    (2, _G, _H),  # 30
    (2, _G, _R),  # 32
)
_TO_ROOT = _TO_32_ONES + ((32, X, _D), (96, X, _D), (94, _ZERO, _D))  # (P + 1) / 4
_TO_INVERSE = _TO_32_ONES + (  # P - 2
    (32, X, _D), (128, _R, _D), (32, _R, _D), (30, _H, _D), (2, X, _D),
)  # fmt: skip


def _power(field, base, chain):
    """-> program of a chain, its begin done."""
    field.put(_T, field.keep(base, 1))
    steps = _NOTHING
    for squarings, by, to in chain:
        steps += program((MULTIPLY, _T, _T, _T)) * squarings
        if by:
            steps += program((MULTIPLY, _T, _T, by))
        steps += program((ADD, to, _T, _ZERO))
    return steps


def weigh(u, table_u, v, table_v):
    """Sum of u times the first point of one table and v times that of the other (Shamir's trick).
    -> False if it is infinity; else it is the point that `is_at` and `affine` tell of."""
    terms = {}
    for scalar, table in ((u, table_u), (v, table_v)):
        for place, digit in _digits(scalar, len(table)):
            terms.setdefault(place, []).append((digit, table[abs(digit) >> 1]))
    is_point, steps, above = False, _NOTHING, 0
    for place in sorted(terms, reverse=True):
        if is_point:
            steps = _DOUBLE * (above - place)
        above = place
        for digit, kept in terms[place]:
            is_point = _add(is_point, steps, digit, kept)
            steps = _NOTHING
    if is_point:
        _field.play(_DOUBLE * above)
    return is_point


def _add(is_point, steps, digit, kept):
    """Play steps, then add a kept point, or its opposite for a negative digit. -> False for
    infinity, as `is_point` says of the sum before."""
    _field.put(AX, kept)
    if digit < 0:
        steps += _OPPOSITE
    if is_point:
        _field.play(steps + _SUM)
        if _field.keep(Z, 1) != _0:
            return True
        if _field.keep(_R, 1) != _0:
            return False
        steps = _NOTHING  # the same point: by a signature that was made to be so
    _field.play(steps)
    _field.put(X, _field.keep(AX, 2))
    _field.put(Z, _1)
    if is_point:
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
