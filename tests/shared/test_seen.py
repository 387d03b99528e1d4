"""Cards seen lately: counters, offline spells, and what is forgotten first."""

from firmware.core.seen import Seen


def test_unknown_cards_are_not_older_and_have_spent_nothing():
    seen = Seen()
    for card in (0, 1, 4095, 4096, 0xFFFFFF):
        assert not seen.is_older(card, 0)
        assert seen.spent(card) == (0, 0)


def test_counters_only_grow():
    seen = Seen()
    seen.note(7, 10)
    seen.note(7, 4)
    assert seen.is_older(7, 9) and not seen.is_older(7, 10) and not seen.is_older(7, 11)
    seen.note(7, 0x12345)
    assert seen.is_older(7, 0x12344) and not seen.is_older(7, 0x12345)


def test_spells():
    seen = Seen()
    seen.note(7, 1, 250)
    seen.note(7, 2, 250)
    seen.note(8, 1)
    assert seen.spent(7) == (2, 500) and seen.spent(8) == (0, 0)
    seen.new_spell()
    assert seen.spent(7) == (0, 0) and seen.is_older(7, 1)


def test_it_counts_no_further_than_it_can():
    seen = Seen()
    for _ in range(300):
        seen.note(7, 1, 0xFFFFFF)
    assert seen.spent(7) == (255, 0xFFFFFF)


def test_4096_neighbours_fit_and_the_oldest_goes_first():
    seen = Seen()
    for card in range(4096):
        seen.note(card, 5)
    for card in range(4096):
        assert seen.is_older(card, 4)
    seen.note(0, 5)  # seen again: it is the latest of its eight now
    seen.note(4096, 5)  # a ninth card in the set of cards 0 to 7
    assert seen.is_older(4096, 4) and seen.is_older(0, 4) and not seen.is_older(1, 4)


def test_cards_do_not_stand_for_each_other():
    seen = Seen()
    for card in (1, 9, 4097, 4105, 0xFFFFFF, 0x7FFFFF):
        seen.note(card, card & 0xFF or 9)
    for card in (0, 2, 8, 10, 4096, 8193, 0xFFFFFE, 0x3FFFFF):
        assert not seen.is_older(card, 0)
