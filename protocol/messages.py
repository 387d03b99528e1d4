"""Every message that terminal and server exchange inside a session: one table.

Not how they are sealed (session) nor what they cause. A body is the number u8, the fixed fields
big-endian, then a tail whose length is what is left. A reply has the number of its request with
the high bit turned. Limits: each tail's own; a body is at most MAX_BODY bytes.
Source: docs/messages.md, generated from this table.
"""

import struct
from collections import namedtuple

from protocol import lines
from protocol.errors import LocalError, RemoteError
from protocol.states import SERVER, TERMINAL

BOTH = TERMINAL | SERVER

REPORT = 0x01
BATCH = 0x02
FETCH = 0x03
PIECE = 0x04
ACTION = 0x05
SIGN = 0x06
PIN = 0x07
SPENT = 0x08
BALANCE = 0x09
DELTA = 0x41
NEWS = 0x42
PARAMS = 0x43
COMMAND = 0x44
IMAGE = 0x45
WAITING = 0x46
KEYS = 0x47
EMERGENCY = 0x49
STATE = 0x81
ANSWERS = 0x82
CHUNK = 0x83
BYTES = 0x84
GRANT = 0x85
SIGNED = 0x86
PIN_STATE = 0x87
SPENT_STATE = 0x88
BALANCE_STATE = 0x89
LIST_STATE = 0xC1
PARAMS_STATE = 0xC3
COMMAND_STATE = 0xC4
IMAGE_STATE = 0xC5
WAITING_STATE = 0xC6
KEYS_STATE = 0xC7
EMERGENCY_STATE = 0xC9
PROBLEM = 0xFF

# lists
BLACKLIST = 0
GRANTS = 1  # cards that may pass this gate

# status of LIST_STATE, PARAMS_STATE, COMMAND_STATE, IMAGE_STATE, WAITING_STATE, KEYS_STATE,
# EMERGENCY_STATE
APPLIED = 1
SAME = 2
NEED_FULL = 3
FETCHING = 4
REFUSED = 5

# flags of STATE
MAY_LEAVE_OFFLINE = 1

# kinds of terminal in REPORT
POS = 1
GATE = 2
WATER = 3

# operations of COMMAND
REPORT_NOW = 1
SEND_AGAIN = 2  # argument: first serial the server does not have (it was restored)
RESTART = 3
IDENTIFY = 4  # beep, so that a technician finds the terminal

# operations of GRANT
NOTHING = 0
LOAD = 1
FREE = 2  # the mark of a lost card; tail: its identity as it is now
IDENTITY = 3  # tail: the same
REKEY = 4  # tail: its identity under the keys of the version that cards shall have

# in the credential of ACTION
MARKED = 0x80  # the card carries the mark
OLD = 0x40  # some of it stands under keys of an older version

# codes of PROBLEM
UNKNOWN_MESSAGE = 1
MALFORMED = 2
NOT_NOW = 3
FAILED = 4

# number | name | sender | struct letters | field names | tail: least, most, multiple of bytes
_TEXT = """
01 | REPORT | terminal | IBBBBI8sIIIIIHIIHIHBI | utc_s major minor patch kind list_version \
list_digest grants_version params_version serial_next acked_to queue grey capacity heap_peak \
boots taps tears clock_trusted offline_s | 0 0 1
81 | STATE | server | IIIIIB | utc_s list_version grants_version params_version serial_highest \
flags | 0 0 1
02 | BATCH | terminal |  |  | 64 3200 64
82 | ANSWERS | server |  |  | 2 100 2
03 | FETCH | terminal | BII | list version offset | 0 0 1
83 | CHUNK | server | BIII16s | list version total offset digest | 0 2048 1
41 | DELTA | server | BII16s | list before after digest | 0 3072 1
C1 | LIST_STATE | terminal | BI16sB | list version digest status | 0 0 1
42 | NEWS | server | BI | list version | 0 0 1
43 | PARAMS | server | I | version | 0 1024 1
C3 | PARAMS_STATE | terminal | IB | version status | 0 0 1
44 | COMMAND | server | BI | op argument | 0 0 1
C4 | COMMAND_STATE | terminal | BB | op status | 0 0 1
45 | IMAGE | server |  |  | 160 160 1
C5 | IMAGE_STATE | terminal | IB | offset status | 0 0 1
04 | PIECE | terminal | 16sI | digest offset | 0 0 1
84 | BYTES | server | I | offset | 1 1024 1
05 | ACTION | terminal | IBIIIHI | card credential counter balance_fen serial previous_terminal \
previous_serial | 0 10 1
85 | GRANT | server | IIBI | card action op amount_fen | 0 16 1
06 | SIGN | terminal | IIII4s4sI | action serial count balance_fen random mac1 utc_s | 0 0 1
86 | SIGNED | server | 4s | mac2 | 0 0 1
07 | PIN | terminal | III | card amount_fen serial | 6 6 1
87 | PIN_STATE | server | IBB | card verdict tries | 0 0 1
08 | SPENT | terminal | III | card day_utc_s meal_utc_s | 0 0 1
88 | SPENT_STATE | server | III | card day_fen meal_fen | 0 0 1
09 | BALANCE | terminal | I | card | 0 0 1
89 | BALANCE_STATE | server | II | card fen | 0 0 1
46 | WAITING | server | I | version | 0 1024 1
C6 | WAITING_STATE | terminal | IB | version status | 0 0 1
47 | KEYS | server | B | newest | 49 735 49
C7 | KEYS_STATE | terminal | BB | newest status | 0 0 1
49 | EMERGENCY | server |  |  | 96 96 1
C9 | EMERGENCY_STATE | terminal | IB | number status | 0 0 1
FF | PROBLEM | both | B | code | 0 0 1
"""
MAX_BODY = 3201  # of the longest

_SENDERS = {"terminal": TERMINAL, "server": SERVER, "both": BOTH}
_LIMITS = {"B": 1 << 8, "H": 1 << 16, "I": 1 << 32}


def rows():
    """Yield (number, name, sender, struct letters, field names, (least, most, multiple) of the
    tail) of every message."""
    for cells in lines.every(_TEXT):
        yield _row(cells)


def _row(cells):
    number, name, sender, letters, names, tail = cells
    least, most, multiple = tail.split()
    return (
        int(number, 16), name, _SENDERS[sender], letters, names,
        (int(least), int(most), int(multiple)),
    )  # fmt: skip


class _Message:
    """One row of the table, ready for use."""

    def __init__(self, row):
        self.number, self.name, self.sender, letters, names, self.tail = row
        self.format = ">" + letters
        self.size = 1 + struct.calcsize(self.format)
        self.letters = _letters(letters)
        self._names = names
        self._values = None

    def values(self, fields):
        """The named tuple of unpacked fields. Its class is made at the first use: a terminal
        reads a third of these messages, and a class costs it a kilobyte."""
        if self._values is None:
            self._values = namedtuple(self.name, self._names.split())
        return self._values(*fields)


def _letters(letters):
    """The struct letters one by one: "BI16s" -> ["B", "I", 16] (a number: bytes of that length)."""
    out = []
    length = ""
    for letter in letters:
        if letter == "s":
            out.append(int(length))
            length = ""
        elif letter.isdigit():
            length += letter
        else:
            out.append(letter)
    return out


_ready = {}  # type: dict[int, _Message]  # made at the first use


def _message(number):
    """The _Message of a number, None if there is none."""
    if number not in _ready:
        cells = lines.find(_TEXT, f"{number:02X}")
        if cells:
            _ready[number] = _Message(_row(cells))
    return _ready.get(number)


def name(number):
    """Name of a message, for logs and errors."""
    message = _message(number)
    return message.name if message else f"message 0x{number:02X}"


def encode(number, values=(), tail=b""):
    """Body of message `number` with its field values in table order. LocalError if one is wrong."""
    message = _message(number)
    if message is None:
        raise LocalError(f"no such message: {number}")
    if len(values) != len(message.letters):
        raise LocalError(f"{message.name} has {len(message.letters)} fields, not {len(values)}")
    for letter, value in zip(message.letters, values):
        if isinstance(letter, int):
            if len(value) != letter:
                raise LocalError(f"{message.name}: a field of {letter} bytes has {len(value)}")
        elif not 0 <= value < _LIMITS[letter]:
            raise LocalError(f"{message.name}: {value} does not fit its field")
    if _tail_is_wrong(message, len(tail)):
        raise LocalError(f"{message.name}: a tail of {len(tail)} bytes")
    return bytes([number]) + struct.pack(message.format, *values) + tail


def decode(body, sender=BOTH):
    """(number, values, tail) of a body; values is a namedtuple of the table's field names.

    `sender` is who sent it (TERMINAL or SERVER); a message the other side sends is refused.
    RemoteError on an unknown number, a wrong length, a wrong sender.
    """
    if not body:
        raise RemoteError("empty message")
    message = _message(body[0])
    if message is None:
        raise RemoteError(f"unknown message 0x{body[0]:02X}")
    if not message.sender & sender:
        raise RemoteError(f"{message.name} from the wrong side")
    if len(body) < message.size or _tail_is_wrong(message, len(body) - message.size):
        raise RemoteError(f"{message.name} of {len(body)} bytes")
    values = message.values(struct.unpack_from(message.format, body, 1))
    return message.number, values, body[message.size :]


def of_card(card, body, wanted):
    """(values, tail) of what the server answers of this card, a field of it; None: it does not."""
    if not body:
        return None
    try:
        number, values, tail = decode(body, SERVER)
    except RemoteError:
        return None
    return (values, tail) if number == wanted and values.card == card else None


def _tail_is_wrong(message, length):
    """True if a tail of `length` bytes is not allowed."""
    least, most, multiple = message.tail
    return not least <= length <= most or length % multiple != 0
