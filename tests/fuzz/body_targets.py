"""Bodies and blobs: messages, records, batches, lists of cards, parameters, key pages, orders."""

from protocol import batch, blacklist, emergency, keypage, messages, params, record, rice
from protocol.states import SERVER, TERMINAL
from tests.fuzz.cut import Cut, tried

NUMBERS = [row[0] for row in messages.rows()]


def message(data):
    """A body of any number, known or not: only what `encode` would have made is taken."""
    told = [tried(messages.decode, data, sender) for sender in (messages.BOTH, TERMINAL, SERVER)]
    if told[0][0] == "value":
        number, values, tail = told[0][1]
        assert messages.encode(number, values, tail) == data
        assert "value" in (told[1][0], told[2][0])
        return told[0][1]
    assert told[1][0] == told[2][0] == "refused"
    return told


def known_message(data):
    """The same with a number that exists, and what reads the tail."""
    cut = Cut(data)
    number = NUMBERS[cut.below(len(NUMBERS))]
    body = bytes((number,)) + cut.rest()
    told = message(body)
    if told[0] != number:
        return told
    tail = told[2]
    readers = {
        messages.BATCH: lambda: [tried(record.unpack, raw) for raw in batch.split(tail)],
        messages.ANSWERS: lambda: batch.unpack(tail),
        messages.PARAMS: lambda: params.unpack(tail),
        messages.DELTA: lambda: blacklist.decode_delta(tail),
    }
    return told, tried(readers[number]) if number in readers else None


def one_record(data):
    """64 bytes of any content, and with a true CRC, as foreign flash or a foreign terminal has."""
    told = tried(record.unpack, data)
    raw = Cut(data).take(record.SIZE)
    crc = record.binascii.crc32(raw[:56]).to_bytes(4, "big")
    sealed = raw[:56] + crc + raw[60:]
    values = record.unpack(sealed)
    again = record.pack(values, bytes(8))
    assert again[:48] == sealed[:48]
    marks = record.outcome_of(sealed), record.is_acked(sealed), record.is_free(sealed)
    assert marks[0] in (record.INTENT, record.DONE, record.VOID)
    return told, tuple(values), marks


def batches(data):
    """Tails of BATCH and ANSWERS."""
    split = tried(batch.split, data)
    if split[0] == "value":
        assert b"".join(split[1]) == data and 1 <= len(split[1]) <= batch.MAX_RECORDS
    answers = tried(batch.unpack, data)
    if answers[0] == "value":
        assert batch.pack(answers[1]) == data
    return split, answers


def full_list(data):
    """A blacklist: ascending numbers below its universe, not more than its bytes pay for."""
    told = tried(blacklist.decode, data)
    if told[0] == "value":
        numbers = told[1]
        universe, count = blacklist.head(data)
        assert len(numbers) == count <= 8 * len(data)
        assert numbers == sorted(set(numbers))
        assert not numbers or 0 <= numbers[0] <= numbers[-1] < universe
        assert blacklist.decode(blacklist.encode(numbers, universe)) == numbers
    else:
        tried(_walk, blacklist.iterate(data), 8 * len(data))
    return tried(blacklist.head, data), told


def delta(data):
    """A change of a list: the same, twice, and none in both."""
    told = tried(blacklist.decode_delta, data)
    if told[0] == "value":
        universe, added, removed = told[1]
        assert (universe, len(added), len(removed)) == blacklist.head_delta(data)
        assert not set(added) & set(removed)
        again = blacklist.encode_delta(added, removed, universe)
        assert blacklist.decode_delta(again) == told[1]
    else:
        tried(_walk, blacklist.iterate_delta(data), 8 * len(data))
    return tried(blacklist.head_delta, data), told


def _walk(numbers, most):
    """Read lazily, as a terminal does; never more than `most` before the error."""
    for count, _ in enumerate(numbers):
        assert count < most, "more numbers than bits"


def rice_bits(data):
    """Bare Rice bits under any count and universe."""
    cut = Cut(data)
    count = cut.below(256)
    universe = 1 + int.from_bytes(cut.take(3), "big")
    bits = cut.rest()
    told = tried(lambda: list(rice.read(rice.BitReader(bits, 0), count, universe)))
    if told[0] == "value":
        assert len(told[1]) == count
        assert all(0 <= number < universe for number in told[1])
    return told


def parameters(data):
    """Parameters: what is read is written and read again the same; windows are within a day."""
    told = tried(params.unpack, data)
    if told[0] == "value":
        assert params.unpack(params.pack(told[1])) == told[1]
        rows = list(params.windows(told[1].get("windows", b"")))
        assert params.pack_windows(rows) == told[1].get("windows", b"")
        return sorted(told[1].items())
    return told


def key_page(data):
    """A key page or None: of any length, and behind a true CRC."""
    told = keypage.unpack(data)
    assert told is None or len(data) == keypage.SIZE
    page = b"CAMPUSK1" + Cut(data).take(keypage.SIZE - 12)
    page += keypage.binascii.crc32(page).to_bytes(4, "big")
    found = keypage.unpack(page)
    if found is not None:
        assert keypage.unpack(keypage.pack(*found))[:6] == found[:6]
    return told, found


def emergency_order(data):
    """An order of the centre, bare and behind a true head: what is read is what was signed."""
    head = emergency.MAGIC + bytes((emergency.FORMAT,))
    body = Cut(data).take(emergency.BODY)
    filled = head + body + b"\xff" * (emergency.SIZE - len(head) - len(body))
    told = [tried(emergency.parse, raw) for raw in (data, filled)]
    for raw, (what, order) in zip((data, filled), told):
        if what == "value":
            assert emergency.pack(order) == raw[: emergency.SIGNED]
            assert order.begin_s < order.end_s <= order.begin_s + emergency.MAX_S
    return told
