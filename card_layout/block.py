"""One 16-byte card block: 12 bytes of unsigned big-endian fields, and 4 of a MAC over them.

The MAC covers a label too (what the block is, of which card, at which place), so that a block is
worth nothing on another card or in another place. It does not say how old the block is.
Limits: 4 bytes stop one forgery in 2**32 tries at a reader that takes milliseconds for each.
"""

SIZE = 16
_BODY = 12


class Altered(Exception):
    """The card's bytes were not written by us for this card, or not to their end."""


def pack(values, fields, label, mac):
    """-> 16 bytes; `fields` is a table of (name, bytes), 12 in all; ValueError out of range."""
    body = b""
    for at, (name, width) in enumerate(fields):
        value = values[at]
        if not 0 <= value < 1 << (8 * width):
            raise ValueError(f"{name} {value} does not fit into {width} bytes")
        body += value.to_bytes(width, "big")
    return body + mac(label + body)[: SIZE - _BODY]


def unpack(block, fields, label, mac):
    """-> list of values, or None when the MAC is not ours; any bytes may be asked about."""
    if len(block) != SIZE or block == bytes(SIZE):
        return None
    body = bytes(block[:_BODY])
    expected = mac(label + body)
    wrong = 0  # looked at to the end: the place of the first wrong byte must not show
    for at in range(SIZE - _BODY):
        wrong |= expected[at] ^ block[_BODY + at]
    if wrong:
        return None
    values = []
    for _name, width in fields:
        values.append(int.from_bytes(body[:width], "big"))
        body = body[width:]
    return values
