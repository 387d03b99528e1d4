"""Messages, parameters and reasons: the tables, there and back."""

import struct

from protocol import channel, meals, messages, params, reasons, tariff
from protocol.errors import LocalError, RemoteError
from protocol.states import SERVER, TERMINAL
from tests.shared.expect import raises

DIGEST = bytes(range(16))

# number, values, tail, body
CASES = (
    (messages.FETCH, (messages.GRANTS, 7, 2048), b"", "03 01 00000007 00000800"),
    (messages.BATCH, (), b"r" * 64, "02" + "72" * 64),
    (messages.ANSWERS, (), b"\x01\0", "82 0100"),
    (messages.DELTA, (0, 6, 7, DIGEST), b"xy", "41 00 00000006 00000007" + DIGEST.hex() + "7879"),
    (messages.LIST_STATE, (0, 7, DIGEST, messages.APPLIED), b"", "c1 00 00000007"
     + DIGEST.hex() + "01"),
    (messages.NEWS, (0, 9), b"", "42 00 00000009"),
    (messages.PARAMS, (3,), b"\x09\x01\x02", "43 00000003 090102"),
    (messages.COMMAND, (messages.SEND_AGAIN, 512), b"", "44 02 00000200"),
    (messages.PROBLEM, (messages.MALFORMED,), b"", "ff 02"),
    (messages.STATE, (1554609600, 7, 2, 3, 99, 1), b"",
     "81 5ca975c0 00000007 00000002 00000003 00000063 01"),
)  # fmt: skip


def test_encode_and_decode_agree_with_the_table():
    for number, values, tail, expected in CASES:
        body = messages.encode(number, values, tail)
        assert body == bytes.fromhex(expected.replace(" ", "")), body
        found, decoded, rest = messages.decode(body)
        assert (found, tuple(decoded), rest) == (number, values, tail)


def test_values_have_the_names_of_the_table():
    _, values, _ = messages.decode(messages.encode(messages.FETCH, (1, 7, 2048)))
    assert (values.list, values.version, values.offset) == (1, 7, 2048)


def test_report_carries_every_field():
    values = [0] * 20
    values[6] = b"12345678"
    number, decoded, _ = messages.decode(messages.encode(messages.REPORT, values))
    assert number == messages.REPORT
    assert decoded.list_digest == b"12345678"
    assert len(decoded) == 20


def test_every_length_but_the_right_ones_is_refused():
    for row in messages.rows():
        number, name, _, _, _, (least, most, multiple) = row
        fixed = len(messages.encode(number, zeros(row), bytes(least))) - least
        for length in range(fixed + most + 3):
            body = bytes((number,)) + bytes(length - 1) if length else b""
            tail = length - fixed
            if least <= tail <= most and tail % multiple == 0:
                assert messages.decode(body)[0] == number, (name, length)
            else:
                raises(RemoteError, messages.decode, body)


def zeros(row):
    """Values for a row of the table: a zero for each field."""
    values = [0] * len(row[4].split())
    for index, field in enumerate(row[4].split()):
        if field.endswith("digest"):
            values[index] = bytes(8 if row[0] == messages.REPORT else 16)
        elif field in ("random", "mac1", "mac2"):
            values[index] = bytes(4)
    return values


def test_numbers_are_unique_and_replies_have_the_high_bit():
    numbers = [row[0] for row in messages.rows()]
    assert len(set(numbers)) == len(numbers)
    for row in messages.rows():
        if row[0] == messages.PROBLEM:
            continue
        asks = not row[0] & 0x80
        by_terminal = (row[0] & 0x40 == 0) == asks
        assert row[2] == (TERMINAL if by_terminal else SERVER), row[1]
    for number in numbers:
        assert number == messages.PROBLEM or number & 0x80 == 0 or number & 0x7F in numbers


def test_unknown_and_misplaced_messages_are_refused():
    for number in range(256):
        if number not in [row[0] for row in messages.rows()]:
            raises(RemoteError, messages.decode, bytes((number,)))
            raises(LocalError, messages.encode, number)
    raises(RemoteError, messages.decode, b"")
    report = messages.encode(messages.NEWS, (0, 1))
    assert messages.decode(report, SERVER)[0] == messages.NEWS
    raises(RemoteError, messages.decode, report, TERMINAL)
    problem = messages.encode(messages.PROBLEM, (1,))
    assert messages.decode(problem, TERMINAL)[0] == messages.decode(problem, SERVER)[0]


def test_values_that_do_not_fit_are_our_fault():
    for number, values, tail in (
        (messages.NEWS, (0,), b""),
        (messages.NEWS, (0, 1, 2), b""),
        (messages.NEWS, (256, 1), b""),
        (messages.NEWS, (0, -1), b""),
        (messages.NEWS, (0, 1 << 32), b""),
        (messages.NEWS, (0, 1), b"tail"),
        (messages.LIST_STATE, (0, 1, b"short", 1), b""),
        (messages.BATCH, (), b""),
        (messages.BATCH, (), bytes(51 * 64)),
        (messages.DELTA, (0, 1, 2, DIGEST), bytes(3073)),
    ):
        raises(LocalError, messages.encode, number, values, tail)


def test_every_body_fits_a_frame():
    sizes = [1 + struct.calcsize(">" + row[3]) + row[5][1] for row in messages.rows()]
    assert messages.MAX_BODY == max(sizes) <= channel.MAX_BODY


def test_parameters_there_and_back():
    values = params.defaults()
    assert values["tariff"] == tariff.ONE_FEN
    assert params.unpack(params.pack(values)) == values
    values["windows"] = params.pack_windows([(6, 0, 0x1F, 360, 1380), (1, 2, 0x7F, 0, 1440)])
    values["utc_offset_min"] = -210
    values["tap_limit_fen"] = 3000
    assert params.unpack(params.pack(values)) == values
    assert next(params.windows(values["windows"])) == (6, 0, 0x1F, 360, 1380)
    assert params.pack({"utc_offset_min": -2, "zone": 3}) == b"\x07\x02\xff\xfe\x09\x01\x03"
    assert params.unpack(b"") == {}


LONGEST = {
    "prices": b"\x01\x00" * 4,
    "meals": meals.pack([(1, n, n + 1, 1) for n in range(meals.MOST)]),
    "windows": params.pack_windows([(1, 0, 1, 0, 1)] * params.MAX_WINDOWS),
    "code_issuers": bytes(params.ISSUER_SIZE) * params.MAX_ISSUERS,
    "tariff": tariff.pack([(n, n + 1, 1) for n in range(35)] + [(35, tariff.END, 1)]),
}


def test_every_parameter_fits_its_bytes_and_the_whole_fits_the_message():
    longest = params.defaults()
    for _, name, _, letter, default, minimum, maximum, what in params.rows():
        assert what
        if letter == "s":
            longest[name] = LONGEST[name]
            assert len(longest[name]) == maximum
            raises(LocalError, params.pack, {name: longest[name] + b"\0"})
            continue
        assert minimum <= default <= maximum
        for value in (minimum, maximum):
            assert params.unpack(params.pack({name: value})) == {name: value}
        for value in (minimum - 1, maximum + 1, "1", None):
            raises(LocalError, params.pack, {name: value})
    assert len(params.pack(longest)) <= params.MAX_SIZE


def test_unknown_parameters_are_left_out():
    assert params.unpack(b"\x09\x01\x02\xc8\x03abc") == {"zone": 2}
    raises(LocalError, params.pack, {"colour": 1})


def test_malformed_parameters_are_refused():
    for data in (
        b"\x09",  # ends after the number
        b"\x09\x02\x01",  # value cut
        b"\x09\x02\x00\x01",  # zone has one byte
        b"\x09\x01\x10",  # zone 16
        b"\x09\x01\x01\x09\x01\x01",  # twice
        b"\x0a\x02\x00\x1e\x09\x01\x01",  # out of order
        b"\x0d\x06\x01\x00\x7f\x00\x00\x01",  # a window of 6 bytes
        b"\x0d\x07\x01\x00\x7f\x05\x00\x04\x00",  # ends before it begins
        b"\x0d\x07\x01\x00\x7f\x00\x00\x05\xa1",  # after midnight
        b"\x0d\x07\x01\x00\x80\x00\x00\x00\x01",  # an eighth weekday
        b"\xff\x00" + b"\xff\x00" * 600,  # too long
    ):
        raises(RemoteError, params.unpack, data)


def test_every_reason_says_what_happened_and_what_to_do():
    codes = [row[0] for row in reasons.rows()]
    assert codes == sorted(set(codes))
    for row in reasons.rows():
        code, name = row[:2]
        assert getattr(reasons, name) == code
        assert reasons.name(code) == name
        assert code < 128
        for language in (reasons.ZH, reasons.EN):
            happened, remedy = reasons.text(code, language)
            assert happened
            assert remedy or code == reasons.OK
    assert reasons.name(63) == "REASON 63"
    assert reasons.text(63, reasons.EN) == ("unknown reason 63", "")
    assert reasons.find(63) is None
