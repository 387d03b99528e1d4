"""Meals of a staff window: the bytes of the parameter `meals`, and which meal it is.

A meal, 7 bytes: weekdays u8 (bit 0 Monday), begin u16 and end u16 in local minutes, the end not
included, subsidy u16 in fen. Its number is its place, from 1. Limits: 12 meals, no two at once; one
over midnight is two. Only a till with a staff window has this in RAM.
"""

import struct

from protocol.errors import LocalError

MOST = 12
_MEAL = ">BHHH"
_SIZE = 7
_DAY_MIN = 1440


def rows(data):
    """Yield (weekdays mask, from_min, to_min, subsidy in fen) of each meal."""
    for at in range(0, len(data), _SIZE):
        yield struct.unpack_from(_MEAL, data, at)


def at(data, weekday, minute):
    """(number from 1, subsidy in fen) of the meal at that local time, (0, 0) if there is none."""
    for number, (weekdays, from_min, to_min, subsidy_fen) in enumerate(rows(data), 1):
        if weekdays >> weekday & 1 and from_min <= minute < to_min:
            return number, subsidy_fen
    return 0, 0


def fault(data):
    """What is wrong with the bytes, or None."""
    if len(data) % _SIZE or len(data) > MOST * _SIZE:
        return f"meals are 0 to 12 times 7 bytes, not {len(data)} bytes"
    before = []
    for weekdays, from_min, to_min, _ in rows(data):
        if not from_min < to_min <= _DAY_MIN:
            return "a meal must begin before it ends, within a day"
        if weekdays > 0x7F:
            return "a meal has 7 weekdays"
        for days, begin, end in before:
            if days & weekdays and begin < to_min and from_min < end:
                return "two meals at the same time"
        before.append((weekdays, from_min, to_min))
    return None


def pack(wanted):
    """The bytes of rows as `rows` yields them. LocalError if one is impossible."""
    for row in wanted:
        if not all(0 <= part <= 0xFFFF for part in row) or row[0] > 0x7F:
            raise LocalError(f"no such meal: {row}")
    out = b"".join([struct.pack(_MEAL, *row) for row in wanted])
    wrong = fault(out)
    if wrong:
        raise LocalError(wrong)
    return out
