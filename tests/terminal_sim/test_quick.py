"""The library's primitives that gear 1 has in place of the terminal's own say the same."""

import pytest

from card_layout import code, p256
from card_layout.des import Des
from terminal_sim.gears import quick
from terminal_sim.pocket import Issuer
from terminal_sim.prng import Prng

DRAW = Prng(1)


@pytest.mark.parametrize("length", [8, 16])
def test_des(length):
    for _ in range(8):
        key, block = DRAW.bytes(length), DRAW.bytes(8)
        own, library = Des(key), quick.QuickDes(key)
        assert own.encrypt(block) == library.encrypt(block)
        assert own.decrypt(block) == library.decrypt(block)
    with pytest.raises(ValueError):
        quick.QuickDes(bytes(7))


def test_signatures_good_and_bad():
    issuer, message = Issuer(5), b"a word"
    key, good = issuer.parameter[1:], issuer.sign(message)
    cases = [good, good[:-1], bytes(64), good[:32] + bytes(32), bytes(32) + good[32:]]
    cases += [bytes((*good[:at], good[at] ^ 1, *good[at + 1 :])) for at in (0, 31, 32, 63)]
    table = p256.multiples(p256.decode(key))
    verdicts = [p256.verify(key, message, case) for case in cases]
    assert verdicts == [True] + [False] * 8
    assert [quick.QuickP256.verify(key, message, case) for case in cases] == verdicts
    point = quick.QuickP256.multiples(p256.decode(key))
    for case in cases:
        own = p256.verify_with(table, message, case)
        assert quick.QuickP256.verify_with(point, message, case) == own
    for wrong in (b"", b"\x02" + b"\xff" * 32, key + b"\0"):
        assert not p256.verify(wrong, message, good)
        assert not quick.QuickP256.verify(wrong, message, good)


def test_they_go_when_they_are_not_asked_for_any_more():
    before = code.p256
    with quick.primitives():
        assert code.p256 is quick.QuickP256
    assert code.p256 is before is p256
