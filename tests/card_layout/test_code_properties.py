"""Codes signed with the package `cryptography`, and everything that may be done to them."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from card_layout import base45, code, p256


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


@pytest.mark.parametrize("bit", range(8, 8 * code.SIZE, 5))
def test_every_flipped_bit_breaks_a_signature(bit):
    """All bytes but the format are under one signature or are one."""
    bent = bytearray(SHOWN)
    bent[bit >> 3] ^= 0x80 >> (bit & 7)
    assert not holds(bytes(bent))


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
