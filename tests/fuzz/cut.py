"""Shared by the fuzz targets: taking an input apart, and saying what came out of it.

A target is a function bytes -> verdict. It asserts what must hold; the verdict is compared between
interpreters, so it says everything that was seen: values, or the error with its text.
"""

import hashlib

from protocol.errors import RemoteError


class Cut:
    """An input, taken from the front. What is missing at its end is zeros."""

    def __init__(self, data):
        self._data = data
        self._at = 0

    @property
    def left(self):
        """Bytes not taken yet."""
        return len(self._data) - self._at

    def below(self, limit):
        """A number 0..limit-1 (limit at most 256) from one byte."""
        return self.take(1)[0] % limit

    def take(self, size):
        """`size` bytes, filled up with zeros."""
        taken = self._data[self._at : self._at + size]
        self._at = min(len(self._data), self._at + size)
        return taken + bytes(size - len(taken))

    def some(self):
        """As many bytes as the next byte says, if there are so many."""
        size = min(self.below(256), self.left)
        return self.take(size)

    def rest(self):
        """All that is left."""
        return self.take(self.left)


def pieces(stream, size):
    """The stream in pieces of 1 + size bytes."""
    return [stream[at : at + size + 1] for at in range(0, len(stream), size + 1)]


def tried(call, *arguments):
    """The value of a call, or the text of its RemoteError, which must be one clear line."""
    return tried_but(RemoteError, call, *arguments)


def tried_but(error, call, *arguments):
    """The same for another declared error (or a tuple of them)."""
    try:
        return ("value", call(*arguments))
    except error as refusal:
        text = str(refusal)
        assert text, "an error without a word"
        assert "\n" not in text, text
        return ("refused", text)


def verdict(value):
    """16 hexadecimal digits that name a value: numbers, bytes, texts, None, lists and tuples."""
    return hashlib.sha256(_text(value).encode()).digest()[:8].hex()


def _text(value):
    if isinstance(value, (tuple, list)):
        return "(" + ",".join([_text(one) for one in value]) + ")"
    if isinstance(value, (bytes, bytearray)):
        return "x" + bytes(value).hex()
    if isinstance(value, (set, frozenset)):
        return _text(sorted(value))
    return str(value)
