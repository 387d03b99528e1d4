"""Consistent Overhead Byte Stuffing: any bytes become bytes without 0x00, so 0x00 ends a block.

Not a check of content (frame has the CRC). Whatever came before, the receiver is in step again at
the next 0x00, by construction. Costs one byte in 254, at least one. Memory is bounded by the
limit given to `Splitter`. Source: S. Cheshire, M. Baker, "Consistent Overhead Byte Stuffing",
SIGCOMM 1997; the trailing 0x01 after a full last group is left out.
"""

from protocol.errors import RemoteError

_GROUP = 254  # most bytes that follow one code byte
_FULL = 255


def encode(data):
    """The block for `data`, its closing 0x00 included."""
    out = bytearray()
    run = b""
    for run in bytes(data).split(b"\0"):
        start = 0
        while len(run) - start >= _GROUP:
            out.append(_FULL)
            out += run[start : start + _GROUP]
            start += _GROUP
        out.append(len(run) - start + 1)
        out += run[start:]
    if run and len(run) % _GROUP == 0:
        out = out[:-1]  # the last full group needs no code after it
    out.append(0)
    return bytes(out)


def decode(block):
    """The data of one block without its closing 0x00. RemoteError if it is none."""
    size = len(block)
    if not size or block.find(b"\0") >= 0:
        raise RemoteError("a COBS block is not empty and has no zero inside")
    out = bytearray()
    at = 0
    while at < size:
        code = block[at]
        end = at + code
        if end > size:
            raise RemoteError("a COBS block ends before its last group")
        out += block[at + 1 : end]
        if code != _FULL and end < size:
            out.append(0)
        at = end
    return bytes(out)


class Splitter:
    """Cuts a stream, in pieces of any size, into decoded blocks of at most `limit` bytes.

    Keeps no more than one encoded block. `dropped` counts what was thrown away: a block too long,
    or no COBS. Empty blocks are nothing: a sender may begin with 0x00 to end what noise began.
    """

    def __init__(self, limit):
        self._limit = limit
        self._held_limit = limit + limit // _GROUP + 1
        self._held = bytearray()
        self._skipping = False
        self.dropped = 0

    @property
    def held(self):
        """Bytes kept until the block ends."""
        return len(self._held)

    def feed(self, data):
        """List of the blocks that `data` (bytes or bytearray) completes, decoded, in order."""
        blocks = []
        start = 0
        end = data.find(b"\0")
        while end >= 0:
            if self._held or self._skipping:
                self._hold(data, start, end)
                block = self._held
                self._held = bytearray()
            else:
                block = data[start:end]
            self._finish(block, blocks)
            start = end + 1
            end = data.find(b"\0", start)
        if start < len(data):
            self._hold(data, start, len(data))
        return blocks

    def _hold(self, data, start, end):
        """Keep a piece of an unfinished block, or begin to skip it if it grows too long."""
        if self._skipping:
            return
        if len(self._held) + end - start > self._held_limit:
            self._held = bytearray()
            self._skipping = True
            self.dropped += 1
        else:
            self._held += data[start:end]

    def _finish(self, block, blocks):
        """Decode one whole block into `blocks`, or count it as dropped."""
        if self._skipping:
            self._skipping = False
            return
        if not block:
            return
        if len(block) > self._held_limit:
            self.dropped += 1
            return
        try:
            decoded = decode(block)
        except RemoteError:
            self.dropped += 1
            return
        if len(decoded) > self._limit:
            self.dropped += 1
        else:
            blocks.append(decoded)
