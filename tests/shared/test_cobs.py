"""COBS: one table of cases drives encoder and decoder."""

from protocol import cobs
from protocol.errors import RemoteError
from tests.shared.expect import raises
from tests.shared.feeding import fed, feedings

LIMIT = 600
RUN = bytes(range(1, 255))  # 254 bytes without a zero: one full group

# data, block with its closing zero; the ten examples of Wikipedia's article are among them
CASES = (
    (b"", b"\x01\0"),
    (b"\0", b"\x01\x01\0"),
    (b"\0\0", b"\x01\x01\x01\0"),
    (b"\0\x11\0", b"\x01\x02\x11\x01\0"),
    (b"\x11\x22\0\x33", b"\x03\x11\x22\x02\x33\0"),
    (b"\x11\x22\x33\x44", b"\x05\x11\x22\x33\x44\0"),
    (b"\x11\0\0\0", b"\x02\x11\x01\x01\x01\0"),
    (RUN[:253], b"\xfe" + RUN[:253] + b"\0"),
    (RUN, b"\xff" + RUN + b"\0"),
    (b"\0" + RUN, b"\x01\xff" + RUN + b"\0"),
    (RUN + b"\xff", b"\xff" + RUN + b"\x02\xff\0"),
    (RUN + b"\0", b"\xff" + RUN + b"\x01\x01\0"),
    (RUN[1:] + b"\0\x01", b"\xfe" + RUN[1:] + b"\x02\x01\0"),
    (RUN + RUN, b"\xff" + RUN + b"\xff" + RUN + b"\0"),
    (RUN + b"\0" + RUN, b"\xff" + RUN + b"\x01\xff" + RUN + b"\0"),
)

# no COBS: empty, a zero inside, a group that is longer than what follows
BROKEN = (b"", b"\0", b"\x02\0", b"\x01\0\x01", b"\x02", b"\x05abc", b"\x02a\xff" + RUN[:253])


def test_encode_and_decode_agree_with_the_table():
    for data, block in CASES:
        assert cobs.encode(data) == block, data
        assert cobs.decode(block[:-1]) == data, block


def test_a_full_group_may_also_be_closed_by_a_code():
    assert cobs.decode(b"\xff" + RUN + b"\x01") == RUN


def test_splitter_finds_every_case_in_every_feeding():
    stream = b"".join([block for _, block in CASES])
    expected = [data for data, _ in CASES]
    for name, pieces in feedings(stream):
        assert fed(cobs.Splitter(LIMIT), pieces) == expected, name


def test_broken_blocks_are_refused_and_dropped():
    for block in BROKEN:
        raises(RemoteError, cobs.decode, block)
    splitter = cobs.Splitter(LIMIT)
    assert splitter.feed(b"\x05abc\0\x02\0\x02a\0") == [b"a"]
    assert splitter.dropped == 2


def test_empty_blocks_are_nothing():
    splitter = cobs.Splitter(LIMIT)
    assert splitter.feed(b"\0\0\0\x02a\0\0") == [b"a"]
    assert splitter.dropped == 0


def test_a_block_of_the_limit_passes_and_one_more_does_not():
    splitter = cobs.Splitter(LIMIT)
    for data in (b"x" * LIMIT, b"\0" * LIMIT):
        assert splitter.feed(cobs.encode(data)) == [data]
        assert splitter.feed(cobs.encode(data + b"y")) == []
    assert splitter.dropped == 2


def test_64_kb_of_garbage_never_grow_memory():
    splitter = cobs.Splitter(LIMIT)
    for _ in range(256):
        assert splitter.feed(b"\xaa" * 256) == []
        assert splitter.held <= LIMIT + LIMIT // 254 + 1
    assert splitter.dropped == 1  # one block that did not end
    assert splitter.feed(b"\0" + cobs.encode(b"in step")) == [b"in step"]


def test_an_oversize_block_in_one_piece_is_dropped():
    splitter = cobs.Splitter(LIMIT)
    assert splitter.feed(b"\xaa" * 5000 + b"\0" + cobs.encode(b"a")) == [b"a"]
    assert splitter.dropped == 1
    assert splitter.held == 0
