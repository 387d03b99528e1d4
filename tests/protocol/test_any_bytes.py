"""Any bytes give a value or RemoteError, never another exception and never more than they pay for.

The property of h11's fuzz targets: same input whole and byte by byte, parse or one error.
"""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import batch, blacklist, cobs, emergency, frame, messages, params, record, rice
from protocol.errors import ProtocolError, RemoteError
from protocol.session import SERVER, TERMINAL
from tests.shared.pair import Pair, deliver, frames, side, traces

ANY = st.binary(max_size=400)


def value_or_remote_error(call, data):
    """The value, or None if the bytes were refused."""
    try:
        return call(data)
    except RemoteError as error:
        assert str(error)
        assert "\n" not in str(error)
        return None


@pytest.mark.parametrize(
    "call",
    [
        cobs.decode,
        frame.unpack,
        record.unpack,
        batch.split,
        batch.unpack,
        messages.decode,
        params.unpack,
        blacklist.decode,
        blacklist.decode_delta,
        blacklist.head,
        blacklist.head_delta,
        emergency.parse,
    ],
    ids=lambda call: f"{call.__module__}.{call.__name__}",
)
@given(data=ANY)
def test_any_bytes_give_a_value_or_remote_error(call, data):
    value_or_remote_error(call, data)


@given(st.binary(max_size=64), st.integers(0, 200), st.integers(1, 1 << 24))
def test_any_bits_give_ascending_numbers_or_remote_error(data, count, universe):
    numbers = value_or_remote_error(
        lambda bits: list(rice.read(rice.BitReader(bits, 0), count, universe)), data
    )
    if numbers is not None:
        assert len(numbers) == count
        assert numbers == sorted(set(numbers))
        assert all(0 <= number < universe for number in numbers)


@given(st.sampled_from([row[0] for row in messages.rows()]), ANY)
def test_any_body_of_a_known_message(number, rest):
    decoded = value_or_remote_error(messages.decode, bytes([number]) + rest)
    if decoded:
        number, values, tail = decoded
        assert messages.encode(number, values, tail) == bytes([number]) + rest


@given(st.lists(st.tuples(st.integers(1, 14), st.binary(max_size=9))))
def test_any_known_parameters(parts):
    data = b"".join(bytes([number, len(value)]) + value for number, value in parts)
    values = value_or_remote_error(params.unpack, data)
    if values is not None:
        assert params.unpack(params.pack(values)) == values


@given(st.binary(min_size=1, max_size=5), st.binary(max_size=40))
def test_a_list_never_yields_more_than_eight_numbers_a_byte(head, bits):
    numbers = value_or_remote_error(blacklist.decode, head + bits)
    if numbers is not None:
        assert len(numbers) <= 8 * len(head + bits)
        universe, _ = blacklist.head(head + bits)
        assert blacklist.decode(blacklist.encode(numbers, universe)) == numbers


@given(st.lists(ANY, max_size=12), st.integers(1, 60))
def test_splitter_gives_the_same_whole_and_in_pieces(chunks, size):
    stream = b"".join(chunks)
    whole, pieces = cobs.Splitter(100), cobs.Splitter(100)
    blocks = whole.feed(stream)
    cut = [pieces.feed(stream[at : at + size]) for at in range(0, len(stream), size)]
    assert [block for part in cut for block in part] == blocks
    assert (pieces.dropped, pieces.held) == (whole.dropped, whole.held)
    assert all(len(block) <= 100 for block in blocks)


@given(st.lists(st.binary(max_size=600), max_size=5), ANY)
def test_frames_behind_any_garbage_arrive(payloads, garbage):
    sent = [(7, frame.TERMINAL_REQUEST, payload) for payload in payloads]
    receiver = frame.Receiver()
    before = receiver.feed(garbage + b"\0")
    assert receiver.feed(b"".join(frame.pack(*one) for one in sent)) == sent
    assert len(before) <= garbage.count(0) + 1


@given(st.binary(max_size=2000))
def test_cobs_there_and_back(data):
    block = cobs.encode(data)
    assert block.count(0) == 1
    assert block[-1] == 0
    assert len(block) <= len(data) + len(data) // 254 + 2
    assert cobs.decode(block[:-1]) == data


@given(st.tuples(*[st.integers(0, (1 << 8 * size) - 1) for _, size in record.FIELDS]))
def test_records_there_and_back(values):
    raw = record.pack(record.Record(*values), b"12345678")
    assert tuple(record.unpack(raw)) == values


@given(st.sets(st.integers(0, 999)), st.sets(st.integers(0, 999)))
def test_lists_and_deltas_there_and_back(added, removed):
    removed -= added
    assert blacklist.decode(blacklist.encode(added, 1000)) == sorted(added)
    delta = blacklist.encode_delta(added, removed, 1000)
    assert blacklist.decode_delta(delta) == (1000, sorted(added), sorted(removed))


@given(
    st.sampled_from([TERMINAL, SERVER]),
    st.sampled_from(["closed", "challenged", "opened"]),
    st.integers(0, 255),
    st.binary(max_size=60),
)
def test_any_frame_in_any_state_gives_events_or_remote_error(role, stage, kind, payload):
    pair = Pair()
    if stage != "closed":
        getattr(pair, stage)()
    session = pair.of(role)
    live = session._live
    before = traces(session)
    events = value_or_remote_error(lambda data: session.receive(kind, data), payload)
    if events is None:
        assert traces(session) == before
    assert session._live is live
    assert all(name in ("send", "rejected") for name, _ in events or [])


@given(st.data())
@settings(max_examples=50)
def test_one_changed_byte_never_passes(data):
    pair = Pair().opened()
    ((kind, payload),) = frames(pair.terminal.request(b"twelve yuan fifty"))
    at = data.draw(st.integers(0, len(payload) - 1))
    changed = bytearray(payload)
    changed[at] ^= data.draw(st.integers(1, 255))
    before = traces(pair.server)
    with pytest.raises(RemoteError):
        pair.server.receive(kind, bytes(changed))
    assert traces(pair.server) == before


@given(st.binary(min_size=16, max_size=16), st.integers(0, (1 << 32) - 1))
def test_nobody_without_the_key_opens_a_session(key, epoch):
    server, thief = side(SERVER, 1), side(TERMINAL, 2, key=key)
    events = deliver(server, thief.hello(epoch))
    with pytest.raises(ProtocolError):
        deliver(thief, events[0][1])
        deliver(server, thief.request(b"let me in"))
    assert not server.is_open


def test_a_megabyte_of_garbage_costs_no_memory():
    receiver = frame.Receiver()
    piece = b"\xa5" * 4096
    receiver.feed(piece)
    tracemalloc.start()
    for _ in range(256):
        receiver.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024
