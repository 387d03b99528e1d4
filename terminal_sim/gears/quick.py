"""Gear 1's cipher primitives at the speed of a library: the same verdicts, found by OpenSSL.

ECDSA P-256 and triple DES in plain integers are what a terminal has, and tens of times slower than
all else in a tap together. While `primitives` is open, what the credentials, the codec and the
card's model ask goes to package cryptography instead. Tests of this file compare both; the player
of tapes on MicroPython has the terminal's own, and must come to the same digest.
"""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.utils import CryptographyDeprecationWarning

from card_layout import code, p256, purse_cpu
from firmware import credential
from firmware.credential import code as credential_code
from terminal_sim import pboc

with warnings.catch_warnings():
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

_SHA256 = ec.ECDSA(hashes.SHA256())


class QuickDes:
    """As card_layout.des.Des."""

    def __init__(self, key: bytes):
        if len(key) not in (8, 16):
            raise ValueError(f"a DES key of {len(key)} bytes")
        self._cipher = _cipher(bytes(key))

    def encrypt(self, block: bytes) -> bytes:
        """-> 8 bytes, of 8."""
        return self._cipher.encryptor().update(bytes(block))

    def decrypt(self, block: bytes) -> bytes:
        """-> 8 bytes, of 8."""
        return self._cipher.decryptor().update(bytes(block))


class QuickP256:
    """As card_layout.p256, for who only verifies; a table is the point itself."""

    SIGNATURE = p256.SIGNATURE
    decode = staticmethod(p256.decode)

    @staticmethod
    def prepare() -> None:
        """The library has all that it needs."""

    @staticmethod
    def multiples(point: tuple[int, int]) -> tuple[int, int]:
        """-> what `verify_with` takes."""
        return point

    @staticmethod
    def verify_with(point: tuple[int, int], message: bytes, signature: bytes) -> bool:
        """True if the signature, r and s, is one of this message."""
        return _verified(_of_point(point), message, signature)

    @staticmethod
    def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
        """The same with a key as SEC 1 has it."""
        try:
            key = _of_octets(bytes(public_key))
        except ValueError:
            return False
        return _verified(key, message, signature)


@lru_cache(4096)
def _cipher(key: bytes) -> Cipher[Any]:
    return Cipher(TripleDES(key * 3 if len(key) == 8 else key + key[:8]), modes.ECB())


@lru_cache(64)
def _of_point(point: tuple[int, int]) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicNumbers(*point, ec.SECP256R1()).public_key()


@lru_cache(1024)
def _of_octets(octets: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets)


def _verified(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    if len(signature) != p256.SIGNATURE:
        return False
    halves = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(*halves), message, _SHA256)
    except InvalidSignature:
        return False
    return True


def _seams() -> tuple[tuple[Any, str, Any], ...]:
    """(module, name, the library's)."""
    names = [
        name for _, name, _ in pkgutil.iter_modules(credential.__path__, "firmware.credential.")
    ]
    ours = [importlib.import_module(name) for name in names]
    uses = [module for module in (*ours, purse_cpu, pboc) if hasattr(module, "Des")]
    ciphers = [(module, "Des", QuickDes) for module in uses]
    return (code, "p256", QuickP256), (credential_code, "p256", QuickP256), *ciphers


_SEAMS = _seams()


@contextmanager
def primitives() -> Iterator[None]:
    """While it is open, the library's; then what was there before."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in _SEAMS]
    for owner, name, quick in _SEAMS:
        setattr(owner, name, quick)
    try:
        yield
    finally:
        for owner, name, was in before:
            setattr(owner, name, was)
