"""The cashier's keypad."""

from firmware.kinds import of_number
from firmware.kinds.pos import Pos
from protocol import reasons
from protocol.params import defaults
from tests.shared.expect import raises


def press(keys, pos=None):
    """-> (Pos, effects of the last key)."""
    pos = pos or Pos()
    effects = []
    for char in keys:
        effects = pos.key(char, None, defaults())
    return pos, effects


def test_amounts():
    for keys, fen in (("1250", 1250), ("12.5", 1250), ("12.50", 1250), (".5", 50), ("7.", 700)):
        assert press(keys)[1] == [("show", "amount", (fen,))]
        pos, effects = press(keys + "#")
        assert pos.armed_fen == fen and effects == [("show", "ready", (fen,))]


def test_what_is_no_amount_is_not_taken():
    for keys, fen in (("1.2.3", 123 * 1), ("1.234", 123), ("12345678", 1234567), ("00", 0)):
        assert press(keys)[1] == [("show", "amount", (fen,))]
    for char in ("a", "", "\x00", "卡", "10", None):
        assert Pos().key(char, None, defaults()) == []


def test_zero_and_above_the_limit_ask_no_card():
    for keys in ("#", "0#", "0.00#"):
        pos, effects = press(keys)
        assert effects == [("show", "refused", (reasons.AMOUNT_ZERO,))] and pos.armed_fen is None
    pos, effects = press("5001#")
    assert effects == [("show", "refused", (reasons.TAP_LIMIT,))] and pos.armed_fen is None
    assert press("700#", pos)[0].armed_fen == 700


def test_clear_and_change():
    pos, _ = press("1250#*")
    assert pos.armed_fen is None and pos.idle() is None
    pos, effects = press("1250#3")
    assert pos.armed_fen is None and effects == [("show", "amount", (3,))]
    assert pos.idle() == (("show", "amount", (3,)),)
    assert press("#", pos)[0].armed_fen == 3
    pos, effects = press("700##")
    assert pos.armed_fen == 700


def test_kinds_by_number():
    assert of_number(1).NUMBER == 1 and of_number(2).NUMBER == 2
    assert of_number(2).key("1", None, None) == []
    assert of_number(3).NUMBER == 3
    raises(ValueError, of_number, 4)
