"""A code and its issuer's key, a line of hexadecimal each -> microseconds of a first check, and of
one where the issuer is remembered; the middle one of several, on the terminals' interpreter."""

import sys
import time

from card_layout import code, p256

ROUNDS = 15


def middle_us(check):
    """-> microseconds."""
    times_us = []
    for _ in range(ROUNDS):
        began_us = time.ticks_us()
        if not check():
            raise ValueError("the code does not hold")
        times_us.append(time.ticks_diff(time.ticks_us(), began_us))
    return sorted(times_us)[ROUNDS // 2]


data, issuer = (bytes.fromhex(line.strip()) for line in sys.stdin)  # argv takes no 382 digits
table = p256.multiples(p256.decode(issuer))
print(middle_us(lambda: code.issued(data, table) and code.shown(data)))
print(middle_us(lambda: code.shown(data)))
