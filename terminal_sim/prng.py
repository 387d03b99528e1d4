"""A small random number generator of our own: the same numbers on every interpreter.

Same seed, same run, to the byte (I9). `random` differs between CPython and MicroPython, and
between versions of either, so nothing in a simulation may use it. xorshift32 (Marsaglia 2003,
"Xorshift RNGs"): period 2**32 - 1, plenty for choosing weather; nothing secret comes from here.
"""

_MASK = 0xFFFFFFFF


class Prng:
    """Numbers from one seed (any int). `fork` gives an independent stream for one subject."""

    def __init__(self, seed):
        state = (seed * 2654435761 + 0x9E3779B9) & _MASK
        self._state = state or 1
        for _ in range(8):  # neighbouring seeds start alike; a few steps part them
            self._next()

    def _next(self):
        state = self._state
        state ^= (state << 13) & _MASK
        state ^= state >> 17
        state ^= (state << 5) & _MASK
        self._state = state
        return state

    def below(self, limit):
        """An int in 0 .. limit - 1 (limit 1 .. 2**31; bias under limit / 2**32)."""
        return self._next() % limit

    def between(self, low, high):
        """An int in low .. high, both included."""
        return low + self._next() % (high - low + 1)

    def chance(self, count, of):
        """True `count` times out of `of`."""
        return self._next() % of < count

    def pick(self, items):
        """One item of a non-empty sequence."""
        return items[self._next() % len(items)]

    def bytes(self, length):
        """`length` bytes (for UIDs and noise, never for keys)."""
        return bytes(self._next() >> 11 & 0xFF for _ in range(length))

    def fork(self, subject):
        """A stream of its own for `subject` (an int): one more draw there moves nothing here."""
        return Prng(self._next() ^ (subject * 0x85EBCA6B))
