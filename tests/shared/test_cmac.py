"""AES-CMAC against the examples of NIST SP 800-38B."""

from card_layout.cmac import Cmac, cmac, cmac_with
from protocol.aes import Aes
from tests.shared.vectors import cases, octets


def test_nist_800_38b():
    count = 0
    for case in cases("CMAC/nist-800-38b-aes128.txt", "OUTPUT"):
        key, data, mac = octets(case["KEY"]), octets(case["MESSAGE"]), octets(case["OUTPUT"])
        assert cmac(key, data) == mac
        assert cmac_with(Aes(key).ecb, data) == mac
        count += 1
    assert count == 4


def test_three_ways_agree_at_every_length():
    key = bytes(range(16))
    kept = Cmac(key)
    oracle = Aes(key).ecb
    for length in range(70):
        data = bytes(range(length))
        assert cmac(key, data) == kept.mac(data) == cmac_with(oracle, data)
        assert kept.mac(bytearray(data)) == kept.mac(memoryview(data)) == kept.mac(data)
