"""What the centre orders in an emergency: 32 bytes that are signed, 64 of signature.

It checks no signature (card_layout.p256 does) and knows no terminal. An order has a number, and a
terminal obeys only a number above all that it has obeyed: so an old order is worth nothing, and the
order that ends an emergency cannot be kept back by sending the first one again. Source:
docs/emergency.md, which has the table.
"""

import struct
from collections import namedtuple

from protocol.errors import LocalError, RemoteError

MAGIC = b"CEMO"
FORMAT = 1
SIGNED = 32  # bytes, from the beginning
SIZE = SIGNED + 64  # with the signature r || s: what goes over the wire
BODY_AT = 5  # from here to BODY_AT + BODY: what a terminal keeps
BODY = 22

# what
END = 0
EMERGENCY = 1
DRILL = 2

MAX_S = 259_200  # three days: longer is another order
MAX_FEN = 100_000
ALL_KINDS = 0x06  # bit k: kind k of `messages`; a valve has no emergency

_BODY = ">IBBIIII"

# number: above all before, below 2**31. what: END, EMERGENCY, DRILL. kinds: bit k for terminals of
# kind k. begin_s, end_s: UTC. tap_fen, card_fen: most that a tap, and that a card in all, may take
Order = namedtuple("Order", "number what kinds begin_s end_s tap_fen card_fen")


def pack(order):
    """-> the bytes that are signed. LocalError for an order that makes no sense."""
    fault = _fault(order)
    if fault:
        raise LocalError(fault)
    return MAGIC + bytes((FORMAT,)) + body(order) + b"\xff" * (SIGNED - BODY_AT - BODY)


def parse(raw):
    """-> Order of the beginning of `raw`. RemoteError if it is none."""
    if len(raw) < SIZE:
        raise RemoteError(f"an order of {len(raw)} bytes")
    if raw[:4] != MAGIC or raw[4] != FORMAT:
        raise RemoteError("no order of this format")
    if raw[BODY_AT + BODY : SIGNED] != b"\xff" * (SIGNED - BODY_AT - BODY):
        raise RemoteError("no order of this format")
    order = of_body(raw[BODY_AT : BODY_AT + BODY])
    fault = _fault(order)
    if fault:
        raise RemoteError(fault)
    return order


def body(order):
    """-> the bytes of an order alone."""
    return struct.pack(_BODY, *order)


def of_body(raw):
    """-> Order of what `body` made."""
    return Order(*struct.unpack(_BODY, raw))


def _fault(order):
    """What is wrong with an order, or None."""
    if not 0 < order.number < 1 << 31:
        return f"an order is numbered from 1, not {order.number}"
    if order.what not in (END, EMERGENCY, DRILL):
        return f"an order is 0 to 2, not {order.what}"
    if not order.kinds or order.kinds & ~ALL_KINDS:
        return "an order is for terminals of known kinds"
    if not 0 <= order.begin_s < order.end_s < 1 << 32 or order.end_s - order.begin_s > MAX_S:
        return "an emergency ends after it begins, within three days"
    if not (0 <= order.tap_fen <= MAX_FEN and 0 <= order.card_fen <= MAX_FEN):
        return "an emergency takes at most 1000.00 yuan of a card"
    return None
