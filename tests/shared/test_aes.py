"""AES-128 of both interpreters against NIST's known-answer and multi-block files."""

from protocol.aes import Aes
from protocol.errors import LocalError
from tests.shared.expect import raises
from tests.shared.vectors import cases, octets

KEY = bytes(range(16))


def test_nist_ecb():
    count = 0
    for name in ("ECBGFSbox128.rsp", "ECBKeySbox128.rsp", "ECBMMT128.rsp"):
        for case in cases(f"ciphers/AES/ECB/{name}", "CIPHERTEXT"):
            made = Aes(octets(case["KEY"])).ecb(octets(case["PLAINTEXT"]))
            assert made == octets(case["CIPHERTEXT"])
            count += 1
    assert count == 76


def test_nist_cbc():
    count = 0
    for case in cases("ciphers/AES/CBC/CBCMMT128.rsp", "CIPHERTEXT"):
        made = Aes(octets(case["KEY"])).cbc(octets(case["IV"]), octets(case["PLAINTEXT"]))
        assert made == octets(case["CIPHERTEXT"])
        count += 1
    assert count == 20


def test_nothing_is_nothing():
    assert Aes(KEY).ecb(b"") == b""
    assert Aes(KEY).cbc(bytes(16), b"") == b""


def test_a_kept_key_forgets_what_it_did():
    kept = Aes(KEY)
    first = kept.ecb(bytes(32)), kept.cbc(bytes(16), bytes(32))
    assert (kept.ecb(bytes(32)), kept.cbc(bytes(16), bytes(32))) == first
    assert first[0][:16] == first[0][16:] == first[1][:16] != first[1][16:]


def test_lengths():
    for length in (0, 8, 15, 17, 24, 32):
        raises(LocalError, Aes, bytes(length))
    for length in (1, 15, 17):
        raises(LocalError, Aes(KEY).ecb, bytes(length))
        raises(LocalError, Aes(KEY).cbc, bytes(16), bytes(length))
        raises(LocalError, Aes(KEY).cbc, bytes(length), bytes(16))
