"""The cashier's keypad."""

from firmware.kinds import of_number
from firmware.kinds.pos import Pos
from protocol import reasons
from protocol.params import defaults
from tests.shared.expect import raises


class Stand:
    """What a kind asks of its terminal when nothing happens."""

    def __init__(self, params):
        self.params = params


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
    assert pos.armed_fen is None and pos.idle(Stand(defaults())) is None
    pos, effects = press("1250#3")
    assert pos.armed_fen is None and effects == [("show", "amount", (3,))]
    assert pos.idle(Stand(defaults())) == (("show", "amount", (3,)),)
    assert press("#", pos)[0].armed_fen == 3
    pos, effects = press("700##")
    assert pos.armed_fen == 700


def test_kinds_by_number():
    assert of_number(1).NUMBER == 1 and of_number(2).NUMBER == 2
    assert of_number(2).key("1", None, None) == []
    assert of_number(3).NUMBER == 3
    raises(ValueError, of_number, 4)


PRICES = bytes((0, 200, 1, 44, 0, 0))  # A 2.00, B 3.00, C and D none


def test_dishes_add_up():
    settings = defaults()
    settings["prices"] = PRICES
    for keys, screen, values in (
        ("650+", "dishes", (1, 650)),
        ("650+2.5", "dish", (1, 250, 900)),
        ("650+A", "dishes", (2, 850)),
        ("650A", "dishes", (2, 850)),
        ("AAB", "dishes", (3, 700)),
        ("+", "amount", (0,)),
        ("A+", "dishes", (1, 200)),
        ("C", "amount", (0,)),
        ("650+3*", "dishes", (1, 650)),
        ("650+*", "amount", (0,)),
        ("AB#+", "dishes", (2, 500)),
        ("AB#A", "dishes", (3, 700)),
        ("AB#7", "amount", (7,)),
    ):
        pos = Pos()
        for char in keys:
            effects = pos.key(char, None, settings)
        assert effects == [("show", screen, values)], keys
        assert pos.armed_fen is None
    for keys, fen in (("650+2.5#", 900), ("AB#", 500), ("AB#A#", 700)):
        pos = Pos()
        for char in keys:
            effects = pos.key(char, None, settings)
        assert effects == [("show", "ready", (fen,))] and pos.armed_fen == fen, keys


def test_a_bill_has_its_limits():
    pos, _ = press("1+" * 99)
    assert press("1+", pos)[1] == [("show", "dish", (99, 1, 100))]
    pos, _ = press("9999999")
    assert press("+1", pos)[1] == [("show", "dishes", (1, 9999999))]
    pos, effects = press("4000+4000#")
    assert effects == [("show", "refused", (reasons.TAP_LIMIT,))] and pos.armed_fen is None
    assert press("**300#", pos)[0].armed_fen == 300


def test_a_fixed_price_is_asked_for_when_nothing_is_keyed_in():
    settings = defaults()
    settings["fixed_fen"] = 800
    pos = Pos()
    assert pos.idle(Stand(settings)) == (("show", "ready", (800,)),) and pos.armed_fen == 800
    assert pos.key("*", None, settings) == [("show", "paused", (800,))]
    assert pos.idle(Stand(settings)) == (("show", "paused", (800,)),) and pos.armed_fen is None
    assert pos.key("#", None, settings) == [("show", "ready", (800,))] and pos.armed_fen == 800
    assert pos.key("5", None, settings) == [("show", "amount", (5,))] and pos.armed_fen is None
    assert pos.key("#", None, settings) == [("show", "ready", (5,))]
    settings["fixed_fen"] = 900  # pushed meanwhile: what was keyed in holds
    assert pos.idle(Stand(settings)) == (("show", "ready", (5,)),)
    pos.key("*", None, settings)
    assert pos.idle(Stand(settings)) == (("show", "ready", (900,)),)
    pos.key("*", None, settings)
    settings["fixed_fen"] = 0
    assert pos.idle(Stand(settings)) is None and pos.armed_fen is None
