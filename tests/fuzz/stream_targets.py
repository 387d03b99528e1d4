"""Streams that come in pieces of any size: COBS, frames, the reader chip's answers."""

from firmware.drivers import pn532
from protocol import cobs, frame
from tests.fuzz.cut import Cut, pieces, tried, tried_but

LIMIT = 300


def cobs_stream(data):
    """The same blocks whole, in pieces and byte by byte; never more kept than one block."""
    cut = Cut(data)
    size = cut.below(64)
    stream = cut.rest()
    told = []
    for parts in ([stream], pieces(stream, size), pieces(stream, 0)):
        splitter = cobs.Splitter(LIMIT)
        blocks = []
        for part in parts:
            blocks += [bytes(block) for block in splitter.feed(part)]
            assert splitter.held <= LIMIT + LIMIT // 254 + 1
        told.append((blocks, splitter.held, splitter.dropped))
    assert told[0] == told[1] == told[2], told
    assert all(len(block) <= LIMIT for block in told[0][0])
    block = cobs.encode(stream)
    assert block.find(b"\0") == len(block) - 1
    assert cobs.decode(block[:-1]) == stream
    return told[0], tried(cobs.decode, stream)


def frames(data):
    """The same frames whole, in pieces and byte by byte; after any garbage the next one arrives."""
    cut = Cut(data)
    size = cut.below(64)
    stream = cut.rest()
    told = []
    for parts in ([stream], pieces(stream, size), pieces(stream, 0)):
        receiver = frame.Receiver()
        found = []
        for part in parts:
            found += [(one[0], one[1], bytes(one[2])) for one in receiver.feed(part)]
            assert receiver.held <= frame.MAX_BLOCK + frame.MAX_BLOCK // 254 + 1
        told.append((found, receiver.held, receiver.dropped))
    assert told[0] == told[1] == told[2], told
    for one in told[0][0]:
        assert frame.unpack(cobs.decode(frame.pack(*one)[:-1])) == one
    # the delimiter ends the garbage, and may complete one more frame of it; the next is ours
    ours = (7, frame.TERMINAL_REQUEST, b"ours")
    found = receiver.feed(b"\0" + frame.pack(*ours))
    assert found[-1] == ours and len(found) <= 2
    return told[0], tried(frame.unpack, stream)


def framed(data):
    """Payloads behind a true CRC, so that what the CRC keeps away is met too."""
    cut = Cut(data)
    told = []
    while cut.left:
        block = cut.some()
        crc = frame.binascii.crc32(block).to_bytes(4, "big")
        told.append(tried(frame.unpack, block + crc))
        if told[-1][0] == "value":
            address, kind, payload = told[-1][1]
            assert frame.pack(address, kind, payload) == cobs.encode(block + crc)
    return told


def reader(data):
    """Answers of a reader chip to a command: data or ReaderFault, the same in any pieces."""
    cut = Cut(data)
    code, size = cut.below(128) * 2, cut.below(64)
    stream = cut.rest()
    told = []
    for parts in ([stream], pieces(stream, size), pieces(stream, 0)):
        chip = pn532.Pn532()
        begun = chip.begin(code, b"")
        assert begun[5:7] == bytes((0xD4, code))
        told.append(tried_but(pn532.ReaderFault, _first_answer, chip, parts))
    assert told[0] == told[1] == told[2], told
    found = told[0][1] if told[0][0] == "value" and told[0][1] is not None else stream
    return (
        told[0],
        tried_but(pn532.ReaderFault, pn532.found, found),
        tried_but(pn532.ReaderFault, pn532.answer, found),
    )


def _first_answer(chip, parts):
    """What the chip's first whole answer says, None if there is none."""
    for part in parts:
        found = chip.feed(part)
        assert len(chip._heard) <= 600, "noise is kept"
        if found is not None:
            return found
    return None


def answered(data):
    """Well-formed answers of a hostile chip: what they are taken for."""
    cut = Cut(data)
    code = cut.below(128) * 2
    told = []
    chip = pn532.Pn532()
    chip.begin(code, b"")
    while cut.left:
        body = cut.some()
        head = bytes((0, 0, 0xFF, len(body), -len(body) & 0xFF))
        whole = head + body + bytes((-sum(body) & 0xFF, 0))
        acked = pn532.ACK if cut.below(4) else b""
        told.append(tried_but(pn532.ReaderFault, chip.feed, acked + whole))
        if told[-1][0] == "value" and told[-1][1] is not None:
            told.append(tried_but(pn532.ReaderFault, pn532.found, told[-1][1]))
            told.append(tried_but(pn532.ReaderFault, pn532.answer, told[-2][1]))
        chip.begin(code, b"")
    return told
