"""AES-128-CCM against NIST's CAVS files, with the cipher of the interpreter and with our own."""

from protocol import ccm
from protocol.errors import LocalError, RemoteError
from tests.shared.expect import raises
from tests.shared.vectors import cases, octets

FOLDER = "ciphers/AES/CCM/"
KEY = bytes(range(16))
NONCE = bytes(range(13))


def pair(key, tag_length):
    """-> the two ways to the same bytes, the second without the argument checks."""
    return ccm.Ccm(key, tag_length), ccm.BlockCcm(key, tag_length)


def parts(case):
    """-> nonce, aad, data, sealed; the files write 00 where there is nothing."""
    aad = octets(case["Adata"])[: int(case["Alen"])]
    data = octets(case["Payload"])[: int(case["Plen"])]
    return octets(case["Nonce"]), aad, data, octets(case["CT"])


def check_sealing(name, expected):
    count = 0
    for case in cases(FOLDER + name, "CT"):
        nonce, aad, data, sealed = parts(case)
        key, tag_length = octets(case["Key"]), int(case["Tlen"])
        assert ccm.seal(key, nonce, aad, data, tag_length) == sealed
        for cipher in pair(key, tag_length):
            assert cipher.seal(nonce, aad, data) == sealed
            assert cipher.unseal(nonce, aad, sealed) == data
        count += 1
    assert count == expected, count


def test_nist_variable_aad():
    check_sealing("VADT128.rsp", 330)


def test_nist_variable_nonce():
    check_sealing("VNT128.rsp", 70)


def test_nist_variable_payload():
    check_sealing("VPT128.rsp", 250)


def test_nist_variable_tag():
    check_sealing("VTT128.rsp", 70)


def test_nist_decryption_and_verification():
    passed = failed = 0
    for case in cases(FOLDER + "DVPT128.rsp", "Result"):
        nonce, aad, sealed = octets(case["Nonce"]), octets(case["Adata"]), octets(case["CT"])
        aad = aad[: int(case["Alen"])]
        key, tag_length = octets(case["Key"]), int(case["Tlen"])
        kept, blocks = pair(key, tag_length)
        if case["Result"] == "Fail":
            raises(ccm.BadTag, ccm.unseal, key, nonce, aad, sealed, tag_length)
            raises(ccm.BadTag, kept.unseal, nonce, aad, sealed)
            assert blocks.unseal(nonce, aad, sealed) is None
            failed += 1
        else:
            data = octets(case["Payload"])[: int(case["Plen"])]
            assert ccm.unseal(key, nonce, aad, sealed, tag_length) == data
            assert kept.unseal(nonce, aad, sealed) == blocks.unseal(nonce, aad, sealed) == data
            passed += 1
    assert passed and failed and passed + failed == 240, (passed, failed)


def test_one_changed_bit_is_a_bad_tag():
    cipher = ccm.Ccm(KEY, 8)
    sealed = cipher.seal(NONCE, b"aad", b"sixteen bytes or more")
    for at in range(len(sealed)):
        for bit in (1, 128):
            changed = bytearray(sealed)
            changed[at] ^= bit
            raises(ccm.BadTag, cipher.unseal, NONCE, b"aad", bytes(changed))
    raises(ccm.BadTag, cipher.unseal, NONCE, b"aae", sealed)
    raises(ccm.BadTag, cipher.unseal, bytes(13), b"aad", sealed)
    assert issubclass(ccm.BadTag, RemoteError)


def test_no_length_of_sealed_bytes_is_a_crash():
    cipher, blocks = pair(KEY, 16)
    for length in range(40):
        raises(ccm.BadTag, cipher.unseal, NONCE, b"", bytes(length))
        assert length < 16 or blocks.unseal(NONCE, b"", bytes(length)) is None
    raises(ccm.BadTag, cipher.unseal, NONCE, b"", bytes(65536 + 16))


def test_our_own_arguments():
    raises(LocalError, ccm.Ccm, bytes(15), 8)
    for tag_length in (0, 2, 3, 5, 7, 15, 17, 18):
        raises(LocalError, ccm.Ccm, KEY, tag_length)
    cipher = ccm.Ccm(KEY, 8)
    for length in (0, 6, 14):
        raises(LocalError, cipher.seal, bytes(length), b"", b"")
        raises(LocalError, cipher.unseal, bytes(length), b"", bytes(20))
    raises(LocalError, cipher.seal, NONCE, b"", bytes(65536))


def test_both_ways_agree_around_block_and_chunk_edges():
    kept, blocks = pair(KEY, 8)
    for length in (0, 1, 15, 16, 17, 239, 240, 241, 255, 256, 257, 511, 512, 4096):
        data = bytes([at & 0xFF for at in range(length)])
        for aad in (b"", bytes(13), bytes(14), bytes(15), bytes(300)):
            sealed = blocks.seal(NONCE, aad, data)
            assert kept.seal(NONCE, aad, data) == sealed
            assert kept.unseal(NONCE, aad, sealed) == data
            assert blocks.unseal(NONCE, aad, sealed) == data


def test_any_buffer_may_be_sealed():
    for cipher in pair(KEY, 8):
        sealed = cipher.seal(NONCE, b"aad", b"data")
        for kind in (bytearray, memoryview):
            assert cipher.seal(kind(NONCE), kind(b"aad"), kind(b"data")) == sealed
            assert cipher.unseal(kind(NONCE), kind(b"aad"), kind(sealed)) == b"data"


def test_aad_longer_than_two_bytes_can_tell():
    aad = bytes(0xFF00)
    kept, blocks = pair(KEY, 8)
    assert kept.seal(NONCE, aad, b"data") == blocks.seal(NONCE, aad, b"data")
