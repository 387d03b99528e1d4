"""Codes signed with the package `cryptography`, and everything that may be done to them."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from card_layout import base45, code, p256
from card_layout.field import P
from card_layout.p256 import ORDER, decode


def signer(key):
    """-> callable bytes -> 64 bytes r || s."""

    def sign(message):
        r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def compressed(key):
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


ISSUER, HOLDER, STRANGER = (ec.derive_private_key(n, ec.SECP256R1()) for n in (11, 22, 33))
TABLE = p256.multiples(p256.decode(compressed(ISSUER)))
AUTHORISATION = code.Authorisation(
    1, 70001, 2, 5, 1841, 1_790_000_000, 3, 5000, 20000, compressed(HOLDER)
)
AUTHORISED = code.authorise(AUTHORISATION, signer(ISSUER))
SHOWN = code.show(AUTHORISED, 1_789_000_000, 5, signer(HOLDER))


def holds(data):
    return code.issued(data, TABLE) and code.shown(data)


def test_ours_holds_through_its_text():
    data = base45.decode(base45.encode(SHOWN))
    assert holds(data)
    assert code.parse(data).authorisation == AUTHORISATION
    assert code.authorised_part(data) == AUTHORISED


def is_taken(data):
    """As a terminal asks, form first."""
    try:
        code.parse(data)
    except code.BadCode:
        return False
    return holds(data)


@pytest.mark.parametrize("octet", range(code.SIZE))
def test_every_flipped_bit_is_refused(octet):
    """All bytes but the format are under one signature or are one."""
    for bit in range(8):
        bent = bytearray(SHOWN)
        bent[octet] ^= 1 << bit
        assert not is_taken(bytes(bent))


def test_every_other_length_is_refused():
    assert is_taken(SHOWN)
    for length in range(code.SIZE):
        assert not is_taken(SHOWN[:length])
        assert not is_taken(SHOWN[length + 1 :])
    for more in (b"\0", b"\x01", SHOWN[:1], SHOWN):
        assert not is_taken(SHOWN + more) and not is_taken(more + SHOWN)


def test_numbers_that_are_no_part_of_a_signature():
    """r and s of 0, 1, n, n + 1, all ones: in the issuer's place and in the holder's."""
    numbers = [n.to_bytes(32, "big") for n in (0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1)]
    for r in numbers:
        for s in numbers:
            assert not is_taken(SHOWN[:-64] + r + s)
            assert not is_taken(SHOWN[:55] + r + s + SHOWN[119:])


def test_a_holder_whose_key_is_no_point():
    """The issuer's word holds; what it says of the key does not help."""
    off_curve = next(x for x in range(1, 99) if decode(b"\x02" + x.to_bytes(32, "big")) is None)
    for x in (off_curve, P, P + 1, 2**256 - 1):
        for head in (2, 3, 4, 0):
            key = bytes((head,)) + x.to_bytes(32, "big")
            said = code.Authorisation(*AUTHORISATION[:-1], key)
            data = code.show(code.authorise(said, signer(ISSUER)), 1, 1, signer(HOLDER))
            assert code.issued(data, TABLE) and not code.shown(data)


def test_a_stranger_signs_neither_part():
    assert not holds(code.show(AUTHORISED, 1, 1, signer(STRANGER)))
    foreign = code.authorise(AUTHORISATION, signer(STRANGER))
    assert not holds(code.show(foreign, 1, 1, signer(HOLDER)))


def test_a_signature_is_good_for_its_purpose_only():
    """A holder whose key was the issuer's could else sign authorisations by showing codes."""
    taken = code.authorise(AUTHORISATION, lambda message: signer(ISSUER)(b"campus code" + message))
    assert not code.issued(code.show(taken, 1, 1, signer(HOLDER)), TABLE)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=250))
def test_any_bytes_are_a_code_or_none(data):
    try:
        code.parse(data)
    except code.BadCode:
        assert len(data) != code.SIZE or data[0] != code.FORMAT
    assert not (len(data) == code.SIZE and holds(data))


@given(st.text(max_size=60))
def test_any_text_is_base45_or_none(text):
    try:
        data = base45.decode(text)
    except ValueError:
        return
    assert base45.encode(data) == text
