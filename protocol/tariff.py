"""What a unit of water or power costs: steps, and the fen of so many units.

A unit is a pulse of a meter or a second. Bytes: for each step from u16, to u16 (not included),
price u16 in hundredths of a fen: of a unit, or of a kWh where a meter makes `pulses_per_kwh` units
of one (0: there is no such meter). Steps cover 0 to END without gap or overlap. Amounts are whole
fen, what is less is dropped, once and of the whole. Limits: 36 steps, 65,535 units. Source:
docs/water.md.
"""

import struct

from protocol.errors import LocalError

END = 65535
MAX_STEPS = 36
ONE_FEN = b"\x00\x00\xff\xff\x00\x64"  # each unit costs a fen

_STEP = ">HHH"
_STEP_SIZE = 6


def fault(data):
    """What is wrong with the bytes of a tariff, or None."""
    if not data or len(data) % _STEP_SIZE or len(data) > MAX_STEPS * _STEP_SIZE:
        return f"a tariff is 1 to 36 times 6 bytes, not {len(data)} bytes"
    expected = 0
    for begin, end, _ in steps(data):
        if begin > expected:
            return f"tariff has a gap: no price from unit {expected} to {begin}"
        if begin < expected:
            return f"tariff steps overlap at unit {begin}"
        if end <= begin:
            return f"a tariff step must end after it begins, at unit {begin}"
        expected = end
    if expected != END:
        return f"tariff has a gap: no price from unit {expected} to {END}"
    return None


def steps(data):
    """Yield (from unit, to unit, price in hundredths of a fen)."""
    for at in range(0, len(data), _STEP_SIZE):
        yield struct.unpack_from(_STEP, data, at)


def pack(rows):
    """Bytes of rows as `steps` yields them. LocalError if they are no tariff."""
    for row in rows:
        if len(row) != 3 or not all(0 <= part <= END for part in row):
            raise LocalError(f"no such tariff step: {row}")
    data = b"".join([struct.pack(_STEP, *row) for row in rows])
    wrong = fault(data)
    if wrong:
        raise LocalError(wrong)
    return data


def fen(data, units, pulses_per_kwh=0):
    """Price of the first `units` (0..END) in whole fen."""
    hundredths = 0
    for begin, end, price in steps(data):
        hundredths += max(0, min(units, end) - begin) * price
    return hundredths // (100 * (pulses_per_kwh or 1))


def units_for(data, amount_fen, pulses_per_kwh=0):
    """The most units that cost no more than `amount_fen`."""
    # what is less than a fen is dropped
    left = (amount_fen + 1) * 100 * (pulses_per_kwh or 1) - 1
    units = 0
    for begin, end, price in steps(data):
        fits = end - begin if not price else min(end - begin, left // price)
        units += fits
        left -= fits * price
        if fits < end - begin:
            break
    return units
