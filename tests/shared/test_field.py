"""Numbers modulo P-256's prime: what a program comes to, and programs put together.

The same cases go through the machine code of a board in hil_tests/test_credentials.py.
"""

from card_layout.field import ADD, MULTIPLY, SUBTRACT, Field, P, program

EDGES = (0, 1, 2, 3, P - 1, P - 2, (P + 1) // 2, 1 << 255, 1 << 224, (1 << 96) - 1, 1 << 192)
# every kind of step; operands that are also the result, or each other
STEPS = (
    (MULTIPLY, 2, 0, 1), (ADD, 3, 0, 1), (SUBTRACT, 4, 0, 1), (SUBTRACT, 5, 1, 0),
    (MULTIPLY, 6, 0, 0), (ADD, 7, 1, 1), (SUBTRACT, 8, 1, 1), (MULTIPLY, 0, 0, 1), (ADD, 1, 1, 2),
    (SUBTRACT, 3, 3, 6), (MULTIPLY, 4, 4, 4), (ADD, 5, 5, 5),
)  # fmt: skip


def expected(a, b):
    """-> what STEPS make of registers 0 and 1, by the book."""
    return [
        a * b % P, (b + a * b) % P, a * b % P, (a + b - a * a) % P, pow(a - b, 2, P),
        2 * (b - a) % P, a * a % P, 2 * b % P, 0,
    ]  # fmt: skip


def test_every_step():
    for a in EDGES:
        for b in EDGES:
            field = Field(9)
            field.set(0, a)
            field.set(1, b)
            field.play(program(*STEPS))
            assert [field.get(at) for at in range(9)] == expected(a, b)


def test_programs_are_put_together():
    double = program((ADD, 0, 0, 0))
    field = Field(2)
    field.set(0, 3)
    field.play(double * 4 + program((ADD, 1, 0, 0)) + double * 0)
    assert (field.get(0), field.get(1)) == (48, 96)


def test_kept_registers_are_equal_if_their_numbers_are():
    field, other = Field(3), Field(5)
    field.set(1, 7)
    field.set(2, P - 7)
    other.put(3, field.keep(1, 2))
    assert (other.get(3), other.get(4)) == (7, P - 7)
    field.play(program((ADD, 0, 1, 2)))  # P, which is 0
    assert field.keep(0, 1) == other.keep(0, 1)
    assert field.keep(1, 1) != field.keep(2, 1)
