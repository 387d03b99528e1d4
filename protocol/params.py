"""Parameters the server gives a terminal: one table, and their bytes.

Not where they are kept (firmware.core.params) nor what they do. Bytes: for each parameter number
u8, length u8, value big-endian, in ascending order of number. A number the table does not know is
left out, so an old terminal reads a new server; everything else must be exact.
Limits: 1024 bytes in all, 36 time windows.
"""

import binascii
import struct

from protocol import lines, tariff
from protocol.errors import LocalError, RemoteError

MAX_SIZE = 1024
MAX_WINDOWS = 36
MAX_ISSUERS = 2
MAX_PRICES = 4
ISSUER_SIZE = 34  # number 1, public key 33

_BYTES = "s"
_WINDOW = ">BBBHH"
_WINDOW_SIZE = 7
_DAY_MIN = 1440

# number | name | unit | struct letter | default | minimum | maximum (for bytes, s: of the length) |
# what it is
_TEXT = """
1 | tap_limit_fen | fen | I | 5000 | 1 | 1000000 | most that one tap may take
2 | offline_hours | h | H | 240 | 0 | 8760 | offline longer than this refuses
3 | offline_taps_per_card | taps | B | 3 | 0 | 255 | per card and offline spell
4 | offline_fen_per_card | fen | I | 5000 | 0 | 1000000 | per card and offline spell
5 | offline_list_age_h | h | H | 72 | 0 | 1092 | an older blacklist refuses
6 | open_ms | ms | H | 3000 | 100 | 60000 | how long a gate stays open
7 | utc_offset_min | min | h | 480 | -720 | 840 | local time of screens and windows
8 | clock_tolerance_s | s | I | 600 | 1 | 86400 | a bigger step makes the clock untrusted
9 | zone |  | B | 0 | 0 | 15 | bit of the card's zones asked for here
10 | heartbeat_s | s | H | 30 | 1 | 3600 | longest silence of an idle terminal
11 | language |  | B | 0 | 0 | 1 | 0 Chinese, 1 English
12 | grants_only |  | B | 0 | 0 | 1 | 1: only cards on the grants list pass
13 | windows | 7-byte windows | s |  | 0 | 252 | when it is open; none: always
14 | code_issuers | 34-byte keys | s |  | 0 | 68 | number, public key; none: no codes
15 | code_window_s | s | B | 30 | 5 | 250 | a code of a phone is good for so long
16 | code_tolerance_s | s | B | 15 | 0 | 250 | and the two clocks may differ by so much
17 | tariff | 6-byte steps | s | 0000ffff0064 | 6 | 216 | price of water or power
18 | per_second |  | B | 0 | 0 | 1 | a unit is 0 a pulse, 1 a second
19 | free_units | units | H | 0 | 0 | 65535 | of a card in a period
20 | free_month |  | B | 0 | 0 | 1 | the period is 0 a day, 1 a month
21 | reserve_fen | fen | I | 500 | 1 | 1000000 | taken before water flows
22 | most_units | units | H | 600 | 1 | 2000 | of one session
23 | margin_units | units | B | 1 | 0 | 50 | that flow while the valve shuts
24 | no_flow_s | s | B | 20 | 2 | 250 | so long without a unit ends a session
25 | prices | 2-byte fen | s |  | 0 | 8 | of the price keys A to D; 0: no such key
26 | fixed_fen | fen | I | 0 | 0 | 1000000 | asked of each card when nothing is keyed in
27 | repeat_s | s | H | 0 | 0 | 3600 | same card, same amount so soon: the cashier is asked
28 | meals | 7-byte meals | s |  | 0 | 84 | of the staff window; none: no subsidy
29 | staff |  | B | 0 | 0 | 2 | who eats here: 0 anybody, 1 staff, 2 who is on the grants
30 | cashier_zone |  | B | 255 | 0 | 255 | cards with it open shifts; 255: no shifts
31 | supervisor_zone |  | B | 255 | 0 | 255 | cards with it end any and give back old sales
32 | pin_tap_fen | fen | I | 0 | 0 | 1000000 | above it one tap asks for a PIN; 0: never
33 | pin_meal_fen | fen | I | 0 | 0 | 1000000 | the same, of a card in one of the meals
34 | pin_day_fen | fen | I | 0 | 0 | 1000000 | the same, of a card in a local day
35 | pin_offline_fen | fen | I | 0 | 0 | 1000000 | above them, per card and offline spell
36 | pin_wait_s | s | B | 20 | 5 | 120 | the keypad waits so long for the next digit
37 | pin_ask_fen | fen | I | 0 | 0 | 1000000 | of a day here; above, other tills count
38 | code_asks |  | B | 1 | 0 | 1 | 1: who is online asks what a phone has before it pays
40 | passback_s | s | H | 0 | 0 | 3600 | a card lets one in, then rests; 0: at once again
41 | held_s | s | B | 30 | 0 | 250 | a door open for longer is an alarm; 0: never
42 | tells_holder |  | B | 0 | 0 | 1 | 1: programs on the local link learn who was let in
50 | card_key |  | B | 1 | 1 | 15 | key version that cards shall have: older are re-keyed
51 | oldest_card_key |  | B | 1 | 1 | 15 | cards of an older version are refused
52 | pulses_per_kwh | pulses | H | 0 | 0 | 10000 | of an electricity meter; 0: of water
"""


def rows():
    """Yield (number, name, unit, struct letter, default, minimum, maximum, what it is) of every
    parameter, by number."""
    for cells in lines.every(_TEXT):
        yield _row(cells)


def _row(cells):
    number, name, unit, letter, default, minimum, maximum, what = cells
    value = binascii.unhexlify(default) if letter == _BYTES else int(default)
    return int(number), name, unit, letter, value, int(minimum), int(maximum), what


def defaults():
    """A new dict name -> value with every parameter at its default."""
    return {row[1]: row[4] for row in rows()}


def _fault(row, value):
    """What is wrong with a value of a parameter, or None."""
    _, name, unit, letter, _, minimum, maximum, _ = row
    if letter == _BYTES:
        if not isinstance(value, (bytes, bytearray)):
            return f"parameter {name} must be bytes"
        return _BYTE_FAULTS[name](value)
    if not isinstance(value, int):
        return f"parameter {name} must be a whole number"
    if not minimum <= value <= maximum:
        return f"parameter {name} must be {minimum}..{maximum} {unit}, not {value}"
    return None


def pack(values):
    """Bytes of a dict name -> value (any subset). LocalError on an unknown name or a bad value."""
    out = bytearray()
    unknown = list(values)
    for row in rows():
        if row[1] in values:
            unknown.remove(row[1])
            out += _packed(row, values[row[1]])
    if unknown:
        raise LocalError(f"no such parameter: {unknown[0]}")
    return bytes(out)


def _packed(row, value):
    fault = _fault(row, value)
    if fault:
        raise LocalError(fault)
    packed = value if row[3] == _BYTES else struct.pack(">" + row[3], value)
    return bytes([row[0], len(packed)]) + packed


def unpack(data):
    """Dict name -> value of what `data` carries. RemoteError on anything malformed."""
    if len(data) > MAX_SIZE:
        raise RemoteError(f"parameters are at most 1024 bytes, not {len(data)}")
    given = _given(data)
    return {row[1]: _read(row, given[row[0]]) for row in rows() if row[0] in given}


def _given(data):
    """Dict number -> bytes."""
    given = {}
    at = 0
    last = -1
    while at < len(data):
        if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
            raise RemoteError("parameters end in the middle of one")
        number = data[at]
        given[number] = bytes(data[at + 2 : at + 2 + data[at + 1]])
        at += 2 + len(given[number])
        if number <= last:
            raise RemoteError(f"parameter {number} is out of order")
        last = number
    return given


def _read(row, value):
    """The value of one parameter from its bytes, checked against the table."""
    if row[3] != _BYTES:
        if len(value) != struct.calcsize(">" + row[3]):
            raise RemoteError(f"parameter {row[1]} has {len(value)} bytes")
        (value,) = struct.unpack(">" + row[3], value)
    fault = _fault(row, value)
    if fault:
        raise RemoteError(fault)
    return value


def _windows_fault(data):
    """What is wrong with the bytes of `windows`, or None."""
    if len(data) % _WINDOW_SIZE or len(data) > MAX_WINDOWS * _WINDOW_SIZE:
        return f"windows are 0 to 36 times 7 bytes, not {len(data)} bytes"
    for _, _, weekdays, from_min, to_min in windows(data):
        if not from_min < to_min <= _DAY_MIN:
            return "a window must begin before it ends, within a day"
        if weekdays > 0x7F:
            return "a window has 7 weekdays"
    return None


def _issuers_fault(data):
    """What is wrong with the bytes of `code_issuers`, or None."""
    if len(data) % ISSUER_SIZE or len(data) > MAX_ISSUERS * ISSUER_SIZE:
        return f"code issuers are 0 to 2 times 34 bytes, not {len(data)} bytes"
    return None


def _prices_fault(data):
    """What is wrong with the bytes of `prices`, or None."""
    if len(data) % 2 or len(data) > 2 * MAX_PRICES:
        return f"prices are 0 to 4 times 2 bytes, not {len(data)} bytes"
    return None


def _meals_fault(data):
    """What is wrong with the bytes of `meals`, or None."""
    if not data:
        return None
    from protocol import meals  # no terminal without meals has it in RAM

    return meals.fault(data)


_BYTE_FAULTS = {
    "windows": _windows_fault,
    "code_issuers": _issuers_fault,
    "tariff": tariff.fault,
    "prices": _prices_fault,
    "meals": _meals_fault,
}
BYTES = list(_BYTE_FAULTS)  # names of those that are no numbers


def prices(data):
    """List of the fen of all price keys; what `data`, a `prices` value, leaves out is 0."""
    fen = [data[at] << 8 | data[at + 1] for at in range(0, len(data), 2)]
    return fen + [0] * (MAX_PRICES - len(fen))


def windows(data):
    """Yield (holder kinds mask, zone, weekdays mask, from_min, to_min) of a `windows` value.

    Masks: bit k of kinds is holder kind k, bit 0 of weekdays is Monday. Minutes are local, the end
    not included; a window over midnight is two windows.
    """
    for at in range(0, len(data), _WINDOW_SIZE):
        yield struct.unpack_from(_WINDOW, data, at)


def pack_windows(rows):
    """A `windows` value from rows as `windows` yields them. LocalError if one is impossible."""
    for row in rows:
        if not (all(0 <= part <= 255 for part in row[:3]) and 0 <= row[3] < row[4] <= _DAY_MIN):
            raise LocalError(f"no such window: {row}")
    out = b"".join([struct.pack(_WINDOW, *row) for row in rows])
    fault = _windows_fault(out)
    if fault:
        raise LocalError(fault)
    return out
