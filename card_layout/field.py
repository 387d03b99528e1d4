"""Numbers modulo P-256's prime, in registers, and programs of sums and products over them.

A program is made by `program` of steps (MULTIPLY, ADD or SUBTRACT; register to write; left; right),
may be put after another with + and repeated with *, and is played by a `Field`. So the formulas of
points are written once, and who computes may be this file, in plain integers, or machine code that
does the same (card_layout.native.field). Numbers are integers below P.
"""

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
MULTIPLY, ADD, SUBTRACT = 0, 1, 2


def program(*steps):
    """-> what `Field.play` takes."""
    return steps


def invert(number, modulus):
    """-> the inverse of 0 < number < modulus, an odd prime: by Euclid, for MicroPython's pow knows
    no negative exponent."""
    high, low, left, right = modulus, number, 0, 1
    while low > 1:  # ends at the greatest common divisor, 1 for a prime modulus
        quotient = high // low
        high, low, left, right = low, high - quotient * low, right, left - quotient * right
    return right % modulus


class Field:
    """`count` registers, all 0."""

    def __init__(self, count):
        self._numbers = [0] * count

    def set(self, at, number):
        """Write a register."""
        self._numbers[at] = number

    def get(self, at):
        """-> number in a register."""
        return self._numbers[at]

    def keep(self, at, count):
        """-> what `count` registers hold, for `put`; equal if their numbers are."""
        return tuple(self._numbers[at : at + count])

    def put(self, at, kept):
        """Write registers from `at` on."""
        self._numbers[at : at + len(kept)] = kept

    def play(self, steps, times=1):
        """Do all steps of a program, so many times."""
        numbers = self._numbers
        for _ in range(times):  # `steps * times` would be 2 KB at a stretch of a heap in pieces
            for kind, to, left, right in steps:
                if kind == MULTIPLY:
                    numbers[to] = numbers[left] * numbers[right] % P
                elif kind == ADD:
                    numbers[to] = (numbers[left] + numbers[right]) % P
                else:
                    numbers[to] = (numbers[left] - numbers[right]) % P
