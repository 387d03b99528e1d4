"""The code on a phone's screen: what its issuer says of the holder, and what its phone says of now.

Bytes only: who may pay, whether the time fits and whether a counter was seen is for policy. Signing
needs secrets that a terminal does not have, so it is the caller's: `sign` is a callable, bytes ->
64 bytes r || s. Layout and order of questions: docs/code.md.
"""

from collections import namedtuple

from card_layout import p256

FORMAT = 1
SIZE = 191
_ISSUER_SAYS = b"campus authorisation"
_HOLDER_SAYS = b"campus code"

# card: number in the lists. expiry_utc_s: of the authorisation. offline_taps, tap_fen, day_fen:
# what may be taken while nobody can be asked; a day's at one terminal.
_FIELDS = (
    ("issuer", 1),
    ("card", 3),
    ("holder_kind", 1),
    ("zones", 2),
    ("list_stamp", 3),
    ("expiry_utc_s", 4),
    ("offline_taps", 1),
    ("tap_fen", 3),
    ("day_fen", 3),
)
_KEY = 33  # public_key: the holder's, compressed
_SIGNED = 1 + sum([width for _, width in _FIELDS]) + _KEY  # by the issuer
_AUTHORISED = _SIGNED + p256.SIGNATURE
_MOMENT = 8  # UTC seconds and counter

Authorisation = namedtuple(
    "Authorisation",
    (
        "issuer",
        "card",
        "holder_kind",
        "zones",
        "list_stamp",
        "expiry_utc_s",
        "offline_taps",
        "tap_fen",
        "day_fen",
        "public_key",
    ),
)
Code = namedtuple("Code", ("authorisation", "utc_s", "counter"))


class BadCode(Exception):
    """These bytes are no code of ours. What they say means nothing."""


def authorise(authorisation, sign):
    """-> 119 bytes that the issuer gives to a phone; ValueError when a field does not fit."""
    if len(authorisation.public_key) != _KEY:
        raise ValueError("the holder's public key must be compressed, 33 bytes")
    body = bytes((FORMAT,))
    for (name, width), value in zip(_FIELDS, authorisation):
        body += _octets(name, value, width)
    body += authorisation.public_key
    return body + sign(_ISSUER_SAYS + body)


def show(authorised, utc_s, counter, sign):
    """-> the 191 bytes that a phone shows now."""
    body = authorised + _octets("utc_s", utc_s, 4) + _octets("counter", counter, 4)
    return body + sign(_HOLDER_SAYS + body)


def parse(data):
    """-> Code, nothing of it checked but the form. BadCode."""
    if len(data) != SIZE or data[0] != FORMAT:
        raise BadCode("not a code of ours")
    values = []  # type: list[object]
    at = 1
    for _, width in _FIELDS:
        values.append(int.from_bytes(bytes(data[at : at + width]), "big"))
        at += width
    values.append(bytes(data[at:_SIGNED]))
    moment = bytes(data[_AUTHORISED : _AUTHORISED + _MOMENT])
    utc_s, counter = int.from_bytes(moment[:4], "big"), int.from_bytes(moment[4:], "big")
    return Code(Authorisation(*values), utc_s, counter)


def issued(data, table):
    """True if the issuer whose `p256.multiples` these are has signed it. `data`: a code."""
    return p256.verify_with(table, _ISSUER_SAYS + bytes(data[:_SIGNED]), data[_SIGNED:_AUTHORISED])


def shown(data):
    """True if the phone whose key is in the code has signed it."""
    key = data[_SIGNED - _KEY : _SIGNED]
    end = _AUTHORISED + _MOMENT
    return p256.verify(key, _HOLDER_SAYS + bytes(data[:end]), data[end:])


def authorised_part(data):
    """-> the bytes that stay the same for days: what a terminal remembers as checked."""
    return bytes(data[:_AUTHORISED])


def _octets(name, value, width):
    if not 0 <= value < 1 << 8 * width:
        raise ValueError(f"{name} {value} does not fit into {width} bytes")
    return value.to_bytes(width, "big")
