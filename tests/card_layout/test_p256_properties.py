"""ECDSA P-256 against the package `cryptography`: what one takes the other takes, and no more."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from card_layout import p256
from card_layout.field import P

SECRETS = st.integers(1, p256.ORDER - 1)
FORMATS = st.sampled_from([PublicFormat.UncompressedPoint, PublicFormat.CompressedPoint])
NEAR = st.sampled_from([0, 1, 2, p256.ORDER - 1, p256.ORDER, P - p256.ORDER, 2**256 - 1])
NUMBERS = st.one_of(NEAR, st.integers(0, 2**256 - 1))


def public(secret, form):
    key = ec.derive_private_key(secret, ec.SECP256R1())
    return key, key.public_key().public_bytes(Encoding.X962, form)


def signature_of(key, message):
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@settings(max_examples=60, deadline=None)
@given(SECRETS, FORMATS, st.binary(max_size=200))
def test_what_is_signed_is_right_and_its_mirror_too(secret, form, message):
    key, octets = public(secret, form)
    signature = signature_of(key, message)
    assert p256.verify(octets, message, signature)
    s = p256.ORDER - int.from_bytes(signature[32:], "big")  # ECDSA's other solution
    assert p256.verify(octets, message, signature[:32] + s.to_bytes(32, "big"))
    assert not p256.verify(octets, message + b"!", signature)


@settings(max_examples=100, deadline=None)
@given(SECRETS, st.binary(max_size=40), NUMBERS, NUMBERS)
def test_any_two_numbers_are_judged_alike(secret, message, r, s):
    key, octets = public(secret, PublicFormat.UncompressedPoint)
    try:
        der = utils.encode_dss_signature(r, s)
        key.public_key().verify(der, message, ec.ECDSA(hashes.SHA256()))
        is_right = True
    except (InvalidSignature, ValueError):
        is_right = False
    got = p256.verify(octets, message, r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    assert got is is_right


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=32, max_size=64), st.sampled_from([2, 3, 4, 5, 0]))
def test_any_bytes_are_a_point_or_none(body, head):
    octets = bytes((head,)) + body[: 32 if head in (2, 3) else 64]
    try:
        numbers = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets)
        expected = numbers.public_numbers()
        assert p256.decode(octets) == (expected.x, expected.y)
    except ValueError:
        assert p256.decode(octets) is None
