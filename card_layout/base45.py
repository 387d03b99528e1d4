"""Base45: bytes as the 45 characters that a QR code packs best. Source: RFC 9285.

Two bytes are three characters, a last single byte is two. Nothing is skipped or forgiven: a text
that `encode` would not have made is an error.
"""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


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
    if not isinstance(text, str):
        text = "".join([chr(octet) for octet in text])
    data = bytearray()
    for at in range(0, len(text), 3):
        group = text[at : at + 3]
        number = 0
        for letter in reversed([_VALUES.get(letter, -1) for letter in group]):
            if letter < 0:
                raise ValueError("not Base45: a character that it does not have")
            number = 45 * number + letter
        width = len(group) - 1
        if not width or number >> 8 * width:
            raise ValueError("not Base45: its end or a value is out of range")
        data.extend(number.to_bytes(width, "big"))
    return bytes(data)
