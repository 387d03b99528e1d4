"""A full list on its way: chunks put together in RAM until the last one is here.

It does not apply the list. The server names version, length and offset in every chunk; a chunk of
another version than the one under way starts anew. Limits: 48 KiB, one list at a time; a list that
finds no room in RAM is given up until the server offers it again.
"""

from protocol import messages
from protocol.errors import RemoteError

MAX_BYTES = 48 * 1024


class Fetch:
    """What is wanted, and what of it has come."""

    def __init__(self):
        self.wanted = []  # numbers of lists, the urgent one first
        self._version = 0
        self._digest = b""
        self._blob = None
        self._filled = 0

    def want(self, number):
        """Fetch this list, if it is not under way."""
        if number not in self.wanted:
            self.wanted.append(number)

    def drop(self):
        """Forget what has come; what is wanted stays wanted."""
        self._version = 0
        self._blob = None
        self._filled = 0

    def request(self):
        """Body of the next FETCH, or None."""
        if not self.wanted:
            return None
        return messages.encode(messages.FETCH, (self.wanted[0], self._version, self._filled))

    def take(self, values, tail):
        """A CHUNK. -> (list, version, digest, blob) when it is complete, else None.

        RemoteError for a chunk that does not fit; then the list is given up.
        """
        try:
            return self._take(values, tail)
        except (RemoteError, MemoryError) as error:
            self.drop()
            if self.wanted:
                del self.wanted[0]
            raise RemoteError(f"list given up: {error}") from None

    def _take(self, values, tail):
        if not self.wanted or values.list != self.wanted[0]:
            raise RemoteError(f"a chunk of list {values.list} was not asked for")
        if values.total > MAX_BYTES:
            raise RemoteError(f"a list of {values.total} bytes is too long")
        if self._blob is None or (values.version, values.digest) != (self._version, self._digest):
            self._version, self._digest = values.version, bytes(values.digest)
            self._blob = bytearray(values.total)
            self._filled = 0
        end = self._filled + len(tail)
        if values.total != len(self._blob) or end > values.total:
            raise RemoteError("a chunk does not fit its list")
        if values.offset != self._filled:
            if self._filled:
                raise RemoteError(f"a chunk at {values.offset}, not at {self._filled}")
            return None  # of a version that is new to us, but not its beginning: ask again
        if not tail and end < values.total:
            raise RemoteError("an empty chunk")
        self._blob[self._filled : end] = tail
        self._filled = end
        if end < values.total:
            return None
        done = (values.list, values.version, self._digest, self._blob)
        del self.wanted[0]
        self.drop()
        return done
