"""The identity block: whose card it is, of which kind, until when, and where it opens.

It carries no name and decides nothing: whether a kind may pass or pay is policy. Limits: card
numbers to 16,777,215, validity to the year 2179, 16 zones. Bytes: docs/mifare.md.
"""

from collections import namedtuple

from card_layout import block as sealed
from card_layout.block import Altered

SECTOR = 1  # of the card: the one that is ours
BLOCK = 4  # of the card: its first block has the identity

STAFF = 1
STUDENT = 2
TEMPORARY = 3
HOLDER_KINDS = (STAFF, STUDENT, TEMPORARY)

DAY_0_UTC_S = 946684800  # 2000-01-01, the day that valid_until counts from
_DAY_S = 86400

# card: number in the lists. valid_until: last valid day, days since 2000-01-01. list_stamp: list
# version at issue; an older list says nothing about this card. zones: bit n = zone n.
_FIELDS = (
    ("card", 3),
    ("holder_kind", 1),
    ("valid_until", 2),
    ("list_stamp", 3),
    ("zones", 2),
    ("key_version", 1),
)

Identity = namedtuple(
    "Identity", ("card", "holder_kind", "valid_until", "list_stamp", "zones", "key_version")
)


def pack(identity, uid, mac):
    """-> 16 bytes; ValueError when a field does not fit or the kind has no name yet."""
    if identity.holder_kind not in HOLDER_KINDS:
        raise ValueError(f"no holder kind {identity.holder_kind}")
    return sealed.pack(identity, _FIELDS, b"I" + uid, mac)


def unpack(block, uid, mac):
    """-> Identity; Altered when the MAC is not ours. A kind of later years is handed on."""
    values = sealed.unpack(block, _FIELDS, b"I" + uid, mac)
    if values is None:
        raise Altered("the identity block is not of this card")
    return Identity(*values)


def day_of(utc_s):
    """-> the day of a UTC time, as valid_until counts them; negative before 2000."""
    return (utc_s - DAY_0_UTC_S) // _DAY_S
