"""The 64-byte record: what a terminal remembers for ever about one tap or event.

Not the journal (where records lie in flash) and not the ledger (what they mean in money).
Bytes 0-47 are the fields below, big-endian. Then: 48 chain (8), SHA-256 over the chain of the
record before and bytes 0-47, cut; 56 CRC-32 (4) over bytes 0-55; 60 outcome; 61 acked; 62 two
bytes FF. Bytes 60-63 are outside chain and CRC because flash programs them later; NOR flash only
clears bits, so each has a reading for every half-programmed value.
Limits: serial 1..2**32-1, card and money on cards 24 bits, amounts in fen. Source: docs/record.md.
"""

import binascii
import hashlib
import struct
from collections import namedtuple

from protocol.errors import LocalError, RemoteError

SIZE = 64
CHAIN_SIZE = 8

# type
PURCHASE = 1
PASS = 2
REFUSAL = 3
REVERSAL = 4
LOAD = 5
RESERVE = 6
SETTLE = 7
EVENT = 8

TAKES = (PURCHASE, RESERVE)  # types that take amount_fen from the card
GIVES = (REVERSAL, LOAD, SETTLE)  # types that put it there, if they read the purse

# flags
ONLINE = 1
CLOCK_TRUSTED = 2
OFFLINE_LEAVE = 4
EMERGENCY = 8
PURSE_READ = 16  # counter, balance and the three previous_* fields are valid
DRILL = 128  # the emergency is a drill: nothing was taken, `detail` is what would have been

# kind of credential, low nibble of `credential`
NO_CREDENTIAL = 0
MIFARE = 1
CPU = 2
CODE = 3

# outcome byte, as written
INTENT = 0xFF  # nothing written yet: grey
DONE = 0x0F
VOID = 0xF0

# acked byte, as written: this record and all before it are on the server
ACKED = 0x00

UNKNOWN_AGE_MIN = 0xFFFF
UNKNOWN_AMOUNT_FEN = 0xFFFFFF

FIELDS = (
    ("serial", 4),  # number of this record at its terminal, from 1 without gaps
    ("type", 1),  # purchase, pass, refusal, reversal, load, reserve, settle, event
    ("flags", 1),  # online 1, clock trusted 2, leave 4, emergency 8, purse read 16, drill 128
    ("reason", 2),  # code of `reasons`, 0 when accepted
    ("utc_s", 4),  # seconds since 1970, the terminal's clock
    ("card", 3),  # card number, 0 none
    ("credential", 1),  # low nibble kind (1 MIFARE, 2 CPU, 3 code), high nibble key version
    ("amount_fen", 4),  # what is taken or given, by type; of a proof a PSAM's number
    ("counter", 3),  # purse counter as read; a debit makes it one more
    ("balance_fen", 3),  # purse balance after this record if it is done
    ("policy", 4),  # bit n: the check of reason n failed or warned
    ("list_version", 3),  # blacklist version the card was checked against
    ("list_age_min", 2),  # age of that list, 65535 unknown or older
    ("previous_terminal", 2),  # terminal that wrote the card's purse before
    ("previous_serial", 4),  # and its record; with `counter` it names the card's record before
    ("previous_amount_fen", 3),  # amount of that record, FFFFFF unknown
    ("detail", 4),  # by type: serial, proof, pulses, argument; meal u8 and subsidy u24
)
FIELDS_SIZE = 48
CREDENTIAL_AT = 15
_CHAINED = 56
OUTCOME_AT = 60  # where the journal programs the outcome later
ACKED_AT = 61  # and the acknowledgement

Record = namedtuple(  # the names of FIELDS, written out so that tools see them
    "Record",
    "serial type flags reason utc_s card credential amount_fen counter balance_fen policy "
    "list_version list_age_min previous_terminal previous_serial previous_amount_fen detail",
)

_LIMITS = [1 << 8 * size for _, size in FIELDS]
_FORMAT = ">IBBHIBHBIBHBHIBHHHIBHI"  # a 3-byte field is B and H
_FREE = b"\xff" * SIZE


def first_chain(terminal):
    """The chain before record 1 of a terminal (its number 1..65534): 8 bytes."""
    return hashlib.sha256(b"campus-card journal" + struct.pack(">H", terminal)).digest()[:8]


def next_chain(previous_chain, raw):
    """Chain (8 bytes) of the record `raw` (its first 48 bytes count) after `previous_chain`."""
    return hashlib.sha256(previous_chain + raw[:FIELDS_SIZE]).digest()[:CHAIN_SIZE]


def pack(record, previous_chain, outcome=INTENT):
    """The 64 bytes of `record` after the record with chain `previous_chain` (8 bytes).

    `outcome` INTENT leaves the last word open; DONE makes the record final at once. LocalError if
    a field does not fit.
    """
    for (name, _), value, limit in zip(FIELDS, record, _LIMITS):
        if not 0 <= value < limit:
            raise LocalError(f"record field {name} does not fit: {value}")
    if len(previous_chain) != CHAIN_SIZE:
        raise LocalError(f"chain must be 8 bytes, not {len(previous_chain)}")
    fields = bytearray(FIELDS_SIZE)
    at = 0
    for (_, size), value in zip(FIELDS, record):
        fields[at : at + size] = value.to_bytes(size, "big")
        at += size
    fields = bytes(fields)
    chained = fields + next_chain(previous_chain, fields)
    return chained + struct.pack(">IBBH", binascii.crc32(chained), outcome, 0xFF, 0xFFFF)


def unpack(raw):
    """Record of 64 bytes. RemoteError if the length or the CRC is wrong.

    Meaning is not judged: an unknown type or reason comes back as it is.
    """
    if len(raw) != SIZE:
        raise RemoteError(f"a record has 64 bytes, not {len(raw)}")
    (crc,) = struct.unpack_from(">I", raw, _CHAINED)
    if binascii.crc32(raw[:_CHAINED]) != crc:
        raise RemoteError("record CRC is wrong")
    v = struct.unpack_from(_FORMAT, raw)
    return Record(
        v[0],
        v[1],
        v[2],
        v[3],
        v[4],
        v[5] << 16 | v[6],
        v[7],
        v[8],
        v[9] << 16 | v[10],
        v[11] << 16 | v[12],
        v[13],
        v[14] << 16 | v[15],
        v[16],
        v[17],
        v[18],
        v[19] << 16 | v[20],
        v[21],
    )


def makes_step(entry):
    """True if this Record, done, has taken the card's purse from `counter` to the next one."""
    if not entry.flags & PURSE_READ:
        return False
    if entry.type in TAKES:
        return entry.amount_fen > 0  # a reserve may be of free units, a meal all subsidy
    return entry.type in GIVES and entry.credential & 15 == MIFARE  # a CPU card counts loads apart


def meal_detail(number, fen):
    """The detail of a purchase of meal `number` of which a subsidy pays `fen`."""
    return number << 24 | fen


def subsidy_fen(entry):
    """What of a purchase a subsidy paid, beside `amount_fen` from the card."""
    return entry.detail & 0xFFFFFF if entry.type == PURCHASE else 0


def meal_number(entry):
    """The meal, from 1, of a purchase with a subsidy."""
    return entry.detail >> 24


def outcome_of(raw):
    """INTENT, DONE or VOID; defined for every value a torn program can leave behind."""
    outcome = raw[OUTCOME_AT]
    if outcome & 0xF0 != 0xF0:
        return DONE
    if outcome & 0x0F != 0x0F:
        return VOID
    return INTENT


def is_acked(raw):
    """True if this record and all before it are known to be on the server."""
    return raw[ACKED_AT] != 0xFF


def is_free(raw):
    """True if the 64 bytes are erased flash."""
    return raw == _FREE


def chain_of(raw):
    """The 8 chain bytes stored in a record."""
    return bytes(raw[FIELDS_SIZE:_CHAINED])


def credential(kind, key_version):
    """The credential byte from its kind (NO_CREDENTIAL..CODE) and key version (0..15)."""
    if not (0 <= kind <= 15 and 0 <= key_version <= 15):
        raise LocalError("credential kind and key version are 0..15")
    return key_version << 4 | kind
