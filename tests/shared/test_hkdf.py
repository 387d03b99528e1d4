"""HKDF and HMAC with SHA-256 against RFC 5869 and RFC 4231."""

from protocol import hkdf
from protocol.errors import LocalError
from tests.shared.expect import raises
from tests.shared.vectors import cases, octets


def test_rfc_5869():
    count = 0
    for case in cases("KDF/rfc-5869-HKDF-SHA256.txt", "OKM"):
        key, salt, info = octets(case["IKM"]), octets(case["salt"]), octets(case["info"])
        assert hkdf.extract(salt, key) == octets(case["PRK"])
        made = hkdf.derive(key, salt, info, int(case["L"]))
        assert made == octets(case["OKM"])
        assert hkdf.expand(octets(case["PRK"]), info, int(case["L"])) == made
        count += 1
    assert count == 3


def test_rfc_4231():
    count = 0
    for case in cases("HMAC/rfc-4231-sha256.txt", "MD"):
        made = hkdf.hmac_sha256(octets(case["Key"]), octets(case["Msg"]))
        assert made[: len(case["MD"]) // 2] == octets(case["MD"])
        count += 1
    assert count >= 6


def test_limits():
    assert hkdf.derive(b"k", b"", b"", 0) == b""
    assert len(hkdf.derive(b"k", b"", b"", 8160)) == 8160
    raises(LocalError, hkdf.derive, b"k", b"", b"", 8161)
    raises(LocalError, hkdf.derive, b"k", b"", b"", -1)
