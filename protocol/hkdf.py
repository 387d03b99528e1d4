"""HKDF with SHA-256: keys for named purposes from one secret.

It is not for passwords (it is fast). Limit: 8,160 bytes from one call. Source: RFC 5869, and
RFC 2104 for the HMAC below it, which MicroPython does not bring.
"""

import hashlib

from protocol.errors import LocalError

DIGEST = 32
_BLOCK = 64  # SHA-256's own block, to which HMAC fills the key
_MOST = 255 * DIGEST


def derive(key, salt, info, length):
    """-> `length` bytes (0 to 8,160, else LocalError); salt may be empty, info names the use."""
    if not 0 <= length <= _MOST:
        raise LocalError(f"HKDF gives 0 to {_MOST} bytes, not {length}")
    return expand(extract(salt, key), info, length)


def extract(salt, key):
    """-> 32 bytes: the secret, evened out (RFC 5869 section 2.2; the order is the RFC's)."""
    return hmac_sha256(salt, key)  # an empty salt and 32 zeros make the same HMAC key


def expand(even_key, info, length):
    """-> `length` bytes from an evened-out key (RFC 5869 section 2.3); derive checks length."""
    made = b""
    block = b""
    while len(made) < length:
        block = hmac_sha256(even_key, block + info + bytes((len(made) // DIGEST + 1,)))
        made += block
    return made[:length]


def hmac_sha256(key, data):
    """-> 32 bytes; any key length, as RFC 2104 has it."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    key = bytes(key) + bytes(_BLOCK - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(data)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()
