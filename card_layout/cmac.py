"""AES-CMAC: 16 bytes that only the holder of a key can make over some data.

It hides nothing, and it does not compare: who checks a MAC compares it to the end, whatever the
first bytes say. Source: NIST SP 800-38B, RFC 4493.
"""

from protocol.aes import BLOCK, Aes


def cmac(key, data):
    """-> 16 bytes over data of any length; for many under one key keep a `Cmac`."""
    return Cmac(key).mac(data)


def cmac_with(encrypt, data):
    """-> 16 bytes, where `encrypt` (16 bytes -> 16 bytes) is a key store that keeps its key."""
    whole, last = split_last(data, subkeys(encrypt))
    state = bytes(BLOCK)
    for at in range(0, len(whole), BLOCK):
        state = encrypt(xor_block(state, whole[at : at + BLOCK]))
    return encrypt(xor_block(state, last))


class Cmac:
    """One key (16 bytes; LocalError for another length) for many MACs."""

    def __init__(self, key):
        self._aes = Aes(key)
        self._subkeys = subkeys(self._aes.ecb)

    def mac(self, data):
        """-> 16 bytes."""
        whole, last = split_last(data, self._subkeys)
        return self._aes.cbc(bytes(BLOCK), whole + last)[-BLOCK:]


def subkeys(encrypt):
    """-> (K1, K2) of SP 800-38B 6.1: for a last block that is whole, and for one filled up."""
    doubled = _double(encrypt(bytes(BLOCK)))
    return doubled, _double(doubled)


def split_last(data, pair):
    """-> (whole blocks before the last, last block filled up and covered by its subkey)."""
    start = max(len(data) - 1, 0) // BLOCK * BLOCK
    last = bytes(data[start:])
    if len(last) == BLOCK:
        return bytes(data[:start]), xor_block(last, pair[0])
    return bytes(data[:start]), xor_block(pad(last, BLOCK), pair[1])


def pad(data, length):
    """-> data, one bit set, zeros up to `length` bytes; data must be shorter than that."""
    return data + b"\x80" + bytes(length - len(data) - 1)


def xor_block(left, right):
    """-> 16 bytes."""
    number = int.from_bytes(left, "big") ^ int.from_bytes(right, "big")
    return number.to_bytes(BLOCK, "big")


def _double(block):
    """-> the block times x in GF(2**128) with the polynomial of SP 800-38B."""
    number = int.from_bytes(block, "big") << 1
    if number >> 128:
        number ^= (1 << 128) | 0x87
    return number.to_bytes(BLOCK, "big")
