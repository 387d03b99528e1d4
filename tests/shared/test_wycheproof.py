"""Project Wycheproof's vectors, valid and invalid: CCM, CMAC, HKDF, ECDSA. T16.

The files in tests/shared/wycheproof are its own, one case a line, what we do not have left out
(keys of 192 and 256 bits). Source and licence stand in each.
"""

from card_layout import p256
from card_layout.cmac import cmac
from protocol import ccm, hkdf
from protocol.errors import LocalError
from tests.shared.expect import raises

HERE = __file__[: __file__.rfind("/")] + "/wycheproof/"


def cases(name):
    """Yields the columns of every case; bytes as bytes, the last column True for valid."""
    with open(HERE + name + ".txt") as lines:
        for line in lines:
            if line[0] == "#":
                continue
            number, *columns, result = line.split()
            values = [b"" if text == "-" else bytes.fromhex(text) for text in columns[:4]]
            yield [int(number)] + values + columns[4:] + [result != "invalid"]


def test_aes_ccm():
    valid = invalid = 0
    for number, key, nonce, aad, data, *rest in cases("aes_ccm"):
        sealed, tag_length, good = bytes.fromhex(rest[0]), int(rest[1]), rest[2]
        if good:
            assert ccm.seal(key, nonce, aad, data, tag_length) == sealed, number
            assert ccm.unseal(key, nonce, aad, sealed, tag_length) == data, number
            valid += 1
        else:
            refusals = (ccm.BadTag, LocalError)
            raises(refusals, ccm.unseal, key, nonce, aad, sealed, tag_length)
            invalid += 1
    assert (valid, invalid) == (135, 49), (valid, invalid)


def test_aes_cmac():
    valid = invalid = 0
    for number, key, data, mac, good in cases("aes_cmac"):
        assert (cmac(key, data) == mac) == good, number
        valid += good
        invalid += not good
    assert (valid, invalid) == (21, 81), (valid, invalid)


def test_hkdf_sha256():
    valid = invalid = 0
    with open(HERE + "hkdf_sha256.txt") as lines:
        for line in lines:
            if line[0] == "#":
                continue
            _, key, salt, info, length, made, result = line.split()
            key, salt, info = [bytes.fromhex("" if t == "-" else t) for t in (key, salt, info)]
            if result == "invalid":
                raises(LocalError, hkdf.derive, key, salt, info, int(length))
                invalid += 1
            else:
                expected = bytes.fromhex("" if made == "-" else made)
                assert hkdf.derive(key, salt, info, int(length)) == expected
                valid += 1
    assert (valid, invalid) == (83, 3), (valid, invalid)


def test_ecdsa_p256_sha256():
    """Hostile signatures and keys never raise; none that is invalid passes."""
    valid = invalid = 0
    for number, key, data, signature, good in cases("ecdsa_secp256r1_sha256_p1363"):
        assert p256.verify(key, data, signature) == good, number
        valid += good
        invalid += not good
    assert (valid, invalid) == (173, 89), (valid, invalid)
