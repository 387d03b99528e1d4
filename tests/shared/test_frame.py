"""Frames: one table of cases drives both directions; noise never stops the next frame."""

import binascii
import struct

from protocol import cobs, frame
from protocol.errors import LocalError, RemoteError
from terminal_sim.prng import Prng
from tests.shared.expect import raises
from tests.shared.feeding import fed, feedings

# address, kind, payload, bytes on the wire (None: only there and back)
CASES = (
    (1, frame.HELLO, b"", "01 07 01 01 91 5d d8 c5 00"),
    (0x1234, frame.TERMINAL_REQUEST, b"\0", "04 12 34 04 05 9c 5a c8 40 00"),
    (65534, frame.POLL, b"\0\0\0", None),
    (7, frame.SERVER_REPLY, bytes(range(256)) * 16, None),
    (7, frame.SERVER_REQUEST, b"\xff" * frame.MAX_PAYLOAD, None),
)


def block_of(address, kind, payload, crc_xor=0):
    head = struct.pack(">HB", address, kind) + payload
    return head + struct.pack(">I", binascii.crc32(head) ^ crc_xor)


def test_pack_and_unpack_agree_with_the_table():
    for address, kind, payload, wire in CASES:
        packed = frame.pack(address, kind, payload)
        if wire:
            assert packed == bytes.fromhex(wire.replace(" ", "")), packed
        assert packed.find(b"\0") == len(packed) - 1
        assert frame.unpack(cobs.decode(packed[:-1])) == (address, kind, payload)


def test_receiver_finds_every_case_in_every_feeding():
    small = [case[:3] for case in CASES if len(case[2]) < 100]
    stream = b"".join([frame.pack(*case) for case in small])
    for name, pieces in feedings(stream):
        assert fed(frame.Receiver(), pieces) == small, name


def test_the_longest_frame_passes_in_pieces():
    address, kind, payload, _ = CASES[4]
    packed = frame.pack(address, kind, payload)
    receiver = frame.Receiver()
    pieces = [packed[at : at + 100] for at in range(0, len(packed), 100)]
    assert fed(receiver, pieces) == [(address, kind, payload)]


def test_what_is_no_frame_is_refused():
    good = block_of(5, frame.HELLO, b"abc")
    for block in (
        b"",
        good[:6],
        good[:-1],
        good + b"\0",
        block_of(5, frame.HELLO, b"abc", crc_xor=1),
        block_of(0, frame.HELLO, b""),
        block_of(65535, frame.HELLO, b""),
        block_of(5, 0, b""),
        block_of(5, 9, b""),
        block_of(5, frame.HELLO, bytes(frame.MAX_PAYLOAD + 1)),
    ):
        raises(RemoteError, frame.unpack, block)
    for address, kind, payload in (
        (0, frame.HELLO, b""),
        (65535, frame.HELLO, b""),
        (5, 0, b""),
        (5, 9, b""),
        (5, frame.HELLO, bytes(frame.MAX_PAYLOAD + 1)),
    ):
        raises(LocalError, frame.pack, address, kind, payload)


def test_every_flipped_bit_is_found():
    packed = frame.pack(300, frame.TERMINAL_REPLY, b"sealed")
    for at in range(len(packed)):
        for bit in range(8):
            flipped = bytearray(packed)
            flipped[at] ^= 1 << bit
            receiver = frame.Receiver()
            assert receiver.feed(bytes(flipped)) == []
            after = receiver.feed(b"\0" + packed)
            assert after == [(300, frame.TERMINAL_REPLY, b"sealed")], (at, bit)


def test_an_oversize_frame_never_grows_memory():
    receiver = frame.Receiver()
    good = frame.pack(9, frame.HELLO, b"after")
    for _ in range(128):
        assert receiver.feed(b"\xfe" * 512) == []
        assert receiver.held <= frame.MAX_BLOCK + 18
    assert receiver.feed(b"\0" + good) == [(9, frame.HELLO, b"after")]
    assert receiver.dropped == 1


def test_frames_between_64_kb_of_random_noise_all_arrive():
    prng = Prng(26)
    receiver = frame.Receiver()
    good = frame.pack(9, frame.HELLO, b"\0 \0")
    seen = 0
    for _ in range(64):
        frames = receiver.feed(prng.bytes(1024)) + receiver.feed(b"\0" + good)
        assert frames == [(9, frame.HELLO, b"\0 \0")]
        seen += 1
    assert seen == 64
    assert receiver.dropped > 64
