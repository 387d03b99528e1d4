"""The code on a phone's screen: bytes, text, and every way in which it is not ours.

The signatures here were made once with the package `cryptography`; tests/card_layout makes new
ones with hypothesis.
"""

from card_layout import base45, code, p256
from tests.shared.expect import raises

HEAD = code.Authorisation(3, 70001, 2, 5, 1841, 1_790_000_000, 3, 5000, 20000, b"\x02" + bytes(32))


def unsigned(message):
    return bytes(64)


def test_base45_of_the_rfc():
    for data, text in ((b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"),
                       (b"ietf!", "QED8WEX0"), (b"", "")):  # fmt: skip
        assert base45.encode(data) == text
        assert base45.decode(text) == data
        assert base45.decode(text.encode()) == data


def test_base45_forgives_nothing():
    for text in ("A", "ABCD", "GGW", "::", "ab8", "BB8\r", "BB8\n", "B\x00B", b"\xff\xff\xff"):
        raises(ValueError, base45.decode, text)


def test_every_length_comes_back():
    for length in range(40):
        data = bytes([(7 * at + length) & 255 for at in range(length)])
        assert base45.decode(base45.encode(data)) == data


def test_the_bytes_are_those_of_the_page():
    shown = code.show(code.authorise(HEAD, unsigned), 1_789_999_999, 77, unsigned)
    assert len(shown) == code.SIZE == 191
    assert shown[:22].hex() == "01030111710200050007316ab13b8003001388004e20"
    assert shown[119:127].hex() == "6ab13b7f0000004d"
    assert len(base45.encode(shown)) == 287
    parsed = code.parse(shown)
    assert parsed == code.Code(HEAD, 1_789_999_999, 77)
    assert not code.issued(shown, p256.multiples(p256.GENERATOR))
    assert not code.shown(shown)


def test_what_does_not_fit_is_said():
    for field, value in (("card", 1 << 24), ("tap_fen", -1), ("zones", 1 << 16), ("issuer", 256),
                         ("public_key", b"\x04" + bytes(64)), ("list_stamp", 1 << 24)):  # fmt: skip
        values = list(HEAD)
        values[FIELDS.index(field)] = value
        raises(ValueError, code.authorise, code.Authorisation(*values), unsigned)


FIELDS = ("issuer", "card", "holder_kind", "zones", "list_stamp", "expiry_utc_s", "offline_taps",
          "tap_fen", "day_fen", "public_key")  # fmt: skip


def test_other_bytes_are_no_code():
    shown = code.show(code.authorise(HEAD, unsigned), 1, 1, unsigned)
    for data in (b"", shown[:-1], shown + b"\0", b"\x02" + shown[1:]):
        raises(code.BadCode, code.parse, data)
