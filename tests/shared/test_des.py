"""DES and triple DES against the vectors of NIST."""

import sys

from card_layout import des, des_rounds
from card_layout.des import Des
from tests.shared.expect import raises
from tests.shared.vectors import lines, octets

FOLDER = "ciphers/3DES/ECB/"


def vectors(name):
    """Yields (is encryption, dict of a case) of a NIST file."""
    encrypts = True
    case = {}
    for line in lines(FOLDER + name):
        if line in ("[ENCRYPT]", "[DECRYPT]"):
            encrypts = line == "[ENCRYPT]"
        field, equals, value = line.partition(" = ")
        if equals:
            case[field] = value
        elif case:
            yield encrypts, case
            case = {}
    if case:
        yield encrypts, case


def check(des, encrypts, case):
    plain, sealed = octets(case["PLAINTEXT"]), octets(case["CIPHERTEXT"])
    for at in range(0, len(plain), 8):
        assert des.encrypt(plain[at : at + 8]) == sealed[at : at + 8]
        if not encrypts:
            assert des.decrypt(sealed[at : at + 8]) == plain[at : at + 8]


def test_single_keys():
    """All three keys alike is single DES: every bit of text and key, the boxes, both tables."""
    count = 0
    for name in ("vartext", "varkey", "invperm", "permop", "subtab"):
        for encrypts, case in vectors("TECB%s.rsp" % name):
            key = octets(case["KEYs"])
            check(Des(key), encrypts, case)
            count += 1
    assert count > 300


def test_two_keys():
    count = 0
    for encrypts, case in vectors("TECBMMT2.rsp"):
        check(Des(octets(case["KEY1"]) + octets(case["KEY2"])), encrypts, case)
        count += 1
    assert count == 20


def test_two_halves_alike_are_single_des():
    key, block = bytes(range(8)), b"campus!!"
    assert Des(key + key).encrypt(block) == Des(key).encrypt(block)
    assert Des(key + key).decrypt(Des(key).encrypt(block)) == block


def test_other_lengths_are_refused():
    for key in (b"", bytes(7), bytes(24)):
        raises(ValueError, Des, key)
    for block in (b"", bytes(7), bytes(9)):
        raises(ValueError, Des(bytes(8)).encrypt, block)


def test_machine_code_says_what_integers_say():
    """On a terminal's interpreter the tests above ran over machine code; else none."""
    assert (des.cipher is not des_rounds.cipher) is (sys.implementation.name == "micropython")
    block = b"campus!!"
    for turn in range(32):
        key = bytes([turn * 8 + at & 255 for at in range(8)])
        subkeys = des.schedule(key)
        assert subkeys == des_rounds.schedule(key)
        for is_back in (False, True):
            found = des.cipher(block, subkeys, is_back)
            assert found == des_rounds.cipher(block, subkeys, is_back)
        block = found
