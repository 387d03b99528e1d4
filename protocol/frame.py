"""Frames, the same bytes on RS-485, UART and TCP: address, kind, payload, CRC, closed by 0x00.

Before COBS: address u16 (terminal number 1..65534, both directions), kind u8, payload 0..4096,
CRC-32 u32 over all before it. The CRC finds noise, not forgery (session). CRC-32 because
`binascii.crc32` is native on every interpreter. Source: docs/frame.md.
"""

import binascii
import struct

from protocol import cobs
from protocol.errors import LocalError, RemoteError

HELLO = 1
CHALLENGE = 2
REJECT = 3
TERMINAL_REQUEST = 4
SERVER_REPLY = 5
SERVER_REQUEST = 6
TERMINAL_REPLY = 7
POLL = 8  # whose turn it is on a half-duplex line (turns)

KIND_NAMES = (
    "none",
    "hello",
    "challenge",
    "reject",
    "terminal request",
    "server reply",
    "server request",
    "terminal reply",
    "poll",
)

MAX_ADDRESS = 65534
MAX_PAYLOAD = 4096
_HEAD = 3
_CRC = 4
MAX_BLOCK = _HEAD + MAX_PAYLOAD + _CRC


def kind_name(kind):
    """Words for a kind, for logs and errors."""
    return KIND_NAMES[kind] if HELLO <= kind <= POLL else f"{kind}"


def pack(address, kind, payload):
    """The bytes to send, closing 0x00 included. LocalError if an argument is out of range."""
    if not 1 <= address <= MAX_ADDRESS:
        raise LocalError(f"no such address: {address}")
    if not HELLO <= kind <= POLL:
        raise LocalError(f"no such kind of frame: {kind}")
    if len(payload) > MAX_PAYLOAD:
        raise LocalError(f"a payload has at most {MAX_PAYLOAD} bytes, not {len(payload)}")
    block = struct.pack(">HB", address, kind) + payload
    return cobs.encode(block + struct.pack(">I", binascii.crc32(block)))


def unpack(block):
    """(address, kind, payload) of one block that is decoded already. RemoteError if it is none."""
    size = len(block) - _CRC
    if not _HEAD <= size <= _HEAD + MAX_PAYLOAD:
        raise RemoteError(f"a frame of {len(block)} bytes")
    (crc,) = struct.unpack_from(">I", block, size)
    if binascii.crc32(block[:size]) != crc:
        raise RemoteError("frame CRC is wrong")
    address, kind = struct.unpack_from(">HB", block)
    if not 1 <= address <= MAX_ADDRESS:
        raise RemoteError(f"no such address: {address}")
    if not HELLO <= kind <= POLL:
        raise RemoteError(f"no such kind of frame: {kind}")
    return address, kind, block[_HEAD:size]


class Receiver:
    """A byte stream becomes frames; noise between them is counted and forgotten."""

    def __init__(self):
        self._splitter = cobs.Splitter(MAX_BLOCK)
        self._damaged = 0

    @property
    def dropped(self):
        """How many blocks were no frame: too long, no COBS, a wrong CRC."""
        return self._splitter.dropped + self._damaged

    @property
    def held(self):
        """Bytes of an unfinished frame; never more than the longest frame."""
        return self._splitter.held

    def feed(self, data):
        """List of (address, kind, payload) that `data` completes, in order. Never raises."""
        frames = []
        for block in self._splitter.feed(data):
            try:
                frames.append(unpack(block))
            except RemoteError:
                self._damaged += 1
        return frames
