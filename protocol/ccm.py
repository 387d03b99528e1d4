"""AES-128-CCM: one key, one call, the data hidden and it and the aad beside it vouched for.

It does not choose nonces: a (key, nonce) pair used twice gives both messages away, and who calls
must make that impossible (protocol.session counts). Limits: nonce 7 to 13 bytes, tag 4 to 16 in
steps of 2, data shorter than 2 ** (8 * (15 - nonce length)). Nothing that was not verified is
ever returned. Source: NIST SP 800-38C with the formatting of its appendix A; RFC 3610.
"""

from protocol.aes import BLOCK, KEY, Aes, ccm_cipher
from protocol.errors import LocalError, RemoteError

_CHUNK = 16 * BLOCK  # what one cipher call takes: big enough to be quick, small on a small heap


class BadTag(RemoteError):
    """The sealed bytes, the aad, the nonce or the key are not those of the sealing."""


def seal(key, nonce, aad, data, tag_length):
    """-> ciphertext || tag, for one message; for many under one key keep a `Ccm`."""
    return Ccm(key, tag_length).seal(nonce, aad, data)


def unseal(key, nonce, aad, sealed, tag_length):
    """-> data; BadTag when it is not what was sealed. See `Ccm.unseal`."""
    return Ccm(key, tag_length).unseal(nonce, aad, sealed)


class Ccm:
    """One key (16 bytes) and tag length (4, 6 .. 16) for many messages; LocalError for others."""

    def __init__(self, key, tag_length):
        if len(key) != KEY:
            raise LocalError(f"CCM key of {len(key)} bytes")
        if not 4 <= tag_length <= 16 or tag_length % 2:
            raise LocalError(f"CCM tag of {tag_length} bytes")
        self._tag_length = tag_length
        self._cipher = ccm_cipher(key, tag_length) or BlockCcm(key, tag_length)

    def seal(self, nonce, aad, data):
        """-> ciphertext || tag; LocalError for a bad nonce length or too much data."""
        if len(data) > _data_limit(nonce):
            raise LocalError(f"{len(data)} bytes are too many for this nonce length")
        return self._cipher.seal(nonce, aad, data)

    def unseal(self, nonce, aad, sealed):
        """-> data; BadTag when it is not what was sealed; LocalError for a bad nonce length."""
        length = len(sealed) - self._tag_length
        if not 0 <= length <= _data_limit(nonce):
            raise BadTag(f"{len(sealed)} sealed bytes cannot be a message")
        data = self._cipher.unseal(nonce, aad, sealed)
        if data is None:
            raise BadTag("the tag does not fit")
        return data


def _data_limit(nonce):
    """-> the most data bytes that the length field beside this nonce can tell."""
    if not 7 <= len(nonce) <= 13:
        raise LocalError(f"CCM nonce of {len(nonce)} bytes")
    return (1 << (8 * (15 - len(nonce)))) - 1


class BlockCcm:
    """CCM made of AES blocks, for interpreters that have none; arguments were checked before.

    In memory it needs a few copies of the message and never more than one chunk of key stream.
    """

    def __init__(self, key, tag_length):
        self._aes = Aes(key)
        self._tag_length = tag_length

    def seal(self, nonce, aad, data):
        """-> ciphertext || tag."""
        mixed = self._mix(nonce, self._tag(nonce, aad, data) + data)
        return mixed[BLOCK:] + mixed[: self._tag_length]

    def unseal(self, nonce, aad, sealed):
        """-> data, or None when the tag does not fit."""
        split = len(sealed) - self._tag_length
        padding = bytes(BLOCK - self._tag_length)
        mixed = self._mix(nonce, bytes(sealed[split:]) + padding + bytes(sealed[:split]))
        data = mixed[BLOCK:]
        tag = self._tag(nonce, aad, data)
        wrong = 0  # every byte is looked at: where the first wrong one stands must not show
        for at in range(self._tag_length):
            wrong |= tag[at] ^ mixed[at]
        return None if wrong else data

    def _tag(self, nonce, aad, data):
        """-> 16 bytes: CBC-MAC over the blocks of SP 800-38C A.2, not encrypted yet."""
        width = 15 - len(nonce)
        flags = (64 if aad else 0) | (self._tag_length - 2) << 2 | (width - 1)
        head = bytes((flags,)) + nonce + len(data).to_bytes(width, "big")
        rest = b""
        if aad:
            head += _length_of_aad(len(aad))
            edge = 2 * BLOCK - len(head)
            head += aad[:edge]
            rest = aad[edge:]
        state = self._chain(bytes(BLOCK), head)
        return self._chain(self._chain(state, rest), data)

    def _chain(self, state, data):
        """-> the CBC-MAC state after `data`, which is filled up with zeros to whole blocks."""
        for at in range(0, len(data), _CHUNK):
            part = bytes(data[at : at + _CHUNK])
            state = self._aes.cbc(state, part + bytes(-len(part) % BLOCK))[-BLOCK:]
        return state

    def _mix(self, nonce, text):
        """-> text XOR key stream from counter 0: its first block covers the tag (A.3)."""
        width = 15 - len(nonce)
        prefix = bytes((width - 1,)) + nonce
        mixed = []
        for at in range(0, len(text), _CHUNK):
            part = text[at : at + _CHUNK]
            first = at // BLOCK
            count = (len(part) + BLOCK - 1) // BLOCK
            counters = [prefix + n.to_bytes(width, "big") for n in range(first, first + count)]
            stream = self._aes.ecb(b"".join(counters))[: len(part)]
            number = int.from_bytes(part, "big") ^ int.from_bytes(stream, "big")
            mixed.append(number.to_bytes(len(part), "big"))
        return b"".join(mixed)


def _length_of_aad(length):
    """-> the length as SP 800-38C A.2.2 writes it: 2 bytes, or 6 from 65,280 on."""
    if length < 0xFF00:
        return length.to_bytes(2, "big")
    return b"\xff\xfe" + length.to_bytes(4, "big")
