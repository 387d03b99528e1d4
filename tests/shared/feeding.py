"""One way to drive any stream reader: the same bytes whole, byte by byte, and between garbage."""

from terminal_sim.prng import Prng

NOISE = b"\x07noise\xff\x01 and more"  # no zero inside: it spoils what it touches, nothing else


def feedings(stream):
    """Yield (name, pieces) for a stream of whole blocks; each must give the blocks and no more."""
    yield "whole", cut(stream, len(stream))
    yield "byte by byte", cut(stream, 1)
    yield "two by two", cut(stream, 2)
    yield "garbage before", (NOISE + b"\0", stream)
    yield "garbage after", (stream, NOISE)
    yield "garbage around, byte by byte", cut(NOISE + b"\0\0" + stream + NOISE + b"\0", 1)
    yield "random pieces", torn(stream, Prng(len(stream)))


def cut(stream, size):
    """Yield pieces of `size` bytes, one at a time: a list of them would fill a terminal."""
    for at in range(0, len(stream), size):
        yield stream[at : at + size]


def torn(stream, prng):
    """Yield pieces of random sizes."""
    at = 0
    while at < len(stream):
        size = prng.between(1, 40)
        yield stream[at : at + size]
        at += size


def fed(reader, pieces):
    """What a reader with `feed` gives for pieces one after the other."""
    out = []
    for piece in pieces:
        out += reader.feed(piece)
    return out
