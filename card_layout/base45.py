"""Base45: bytes as the 45 characters that a QR code packs best. Source: RFC 9285.

Two bytes are three characters, a last single byte is two. Nothing is skipped or forgiven: a text
that `encode` would not have made is an error.
"""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_NONE = 0xFF
_VALUES = bytes([ALPHABET.find(chr(octet)) & 0xFF for octet in range(128)])  # 255 for none
_WHOLE = 45**3


def encode(data):
    """-> text."""
    letters = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, value = divmod(number, 45)
            letters.append(ALPHABET[value])
    return "".join(letters)


def decode(text):
    """-> bytes; ValueError if it is not Base45. `text`: a string, or bytes of ASCII."""
    octets = text.encode() if isinstance(text, str) else text
    data = bytearray(len(octets) // 3 * 2 + 1)
    length = number = 0
    scale = 1
    for octet in octets:
        value = _VALUES[octet] if octet < 128 else _NONE
        if value == _NONE:
            raise ValueError("not Base45: a character that it does not have")
        number += value * scale
        scale *= 45
        if scale == _WHOLE:
            if number > 0xFFFF:
                raise ValueError("not Base45: a value is out of range")
            data[length] = number >> 8
            data[length + 1] = number & 0xFF
            length += 2
            number, scale = 0, 1
    if scale == 45 or number > 0xFF:
        raise ValueError("not Base45: its end or a value is out of range")
    if scale > 1:
        data[length] = number
        length += 1
    return bytes(data[:length])
