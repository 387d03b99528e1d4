"""AES-128, encrypting only: the one file that differs from interpreter to interpreter.

MicroPython brings the cipher in `cryptolib`, CPython takes it from the package `cryptography`.
It is not for messages: ECB and CBC as such protect nothing. CCM, CMAC and key diversification
are built on them and need no decryption. Source: FIPS 197; SP 800-38A for the two modes.
"""

from protocol.errors import LocalError

try:
    import cryptolib  # type: ignore[import-not-found]
except ImportError:
    cryptolib = None

BLOCK = 16
KEY = 16


class Aes:
    """One key of 16 bytes; LocalError for a key, vector or data of another length."""

    def __init__(self, key):
        _check("key", len(key), len(key) == KEY)
        self._key = bytes(key)
        self._ecb = _ecb_of(self._key)

    def ecb(self, data):
        """-> n * 16 bytes encrypted, each block by itself."""
        _check("data", len(data), len(data) % BLOCK == 0)
        return self._ecb(data)

    def cbc(self, iv, data):
        """-> n * 16 bytes encrypted, chained from `iv` (16 bytes)."""
        _check("vector", len(iv), len(iv) == BLOCK)
        _check("data", len(data), len(data) % BLOCK == 0)
        return _cbc(self._key, iv, data)


def _check(name, length, good):
    if not good:
        raise LocalError(f"AES {name} of {length} bytes")


if cryptolib:

    def _ecb_of(key):
        return cryptolib.aes(key, 1).encrypt

    def _cbc(key, iv, data):
        return cryptolib.aes(key, 2, iv).encrypt(data)

    def ccm_cipher(key, tag_length):
        """-> None: there is no CCM below us here, protocol.ccm builds it from blocks."""
        return None

else:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    def _ecb_of(key):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update

    def _cbc(key, iv, data):
        return Cipher(algorithms.AES(key), modes.CBC(bytes(iv))).encryptor().update(data)

    def ccm_cipher(key, tag_length):
        """-> an object with the calls of protocol.ccm.BlockCcm, done by OpenSSL."""
        return _OpensslCcm(key, tag_length)

    class _OpensslCcm:
        def __init__(self, key, tag_length):
            self._ccm = AESCCM(bytes(key), tag_length)

        def seal(self, nonce, aad, data):
            """-> ciphertext || tag."""
            return self._ccm.encrypt(nonce, data, aad)

        def unseal(self, nonce, aad, sealed):
            """-> data, or None when the tag does not fit."""
            try:
                return self._ccm.decrypt(nonce, sealed, aad)
            except InvalidTag:
                return None
