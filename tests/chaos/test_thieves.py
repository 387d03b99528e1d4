"""What a thief can do with what he copies, who sees it, and what it costs (docs/threats.md)."""

import pytest

from protocol import reasons
from terminal_sim import scenario
from terminal_sim.gears import held, quick, settling
from terminal_sim.gears.inprocess import Campus
from terminal_sim.oracle import PAID, REFUSED
from terminal_sim.weather import TROUBLES, Weather

FIRST, SECOND = 0, 1
FEN = 1000
COPY = Campus.COPY


@pytest.fixture(autouse=True)
def library():
    with quick.primitives():
        yield


def campus(cpu=0, codes=0, taps=3):
    """All is well but for the thief; holders are of one kind; `taps`: of a card offline."""
    weather = Weather(scenario.Prng(1))
    for name in (*TROUBLES, "sync", "hurry", "sealed"):
        setattr(weather, name, 0)
    weather.cpu, weather.codes, weather.offline_taps = cpu, codes, taps
    return Campus(1, weather)


def sell(made, till, key, card=None, fen=FEN):
    return made.nodes[till].sell(key, card or made.cards[key], fen, 0)


def copy(made, of=1):
    made.play(scenario.Copy(of, 1))
    return of + COPY


def offline(made):
    for line in made.lines.values():
        line.down(made.utc_s + 10**6)
        line.step()


def test_two_mifare_cards_with_one_image_are_seen_by_the_server_when_both_have_paid():
    made = campus()
    key = copy(made)
    assert (sell(made, FIRST, 1), sell(made, SECOND, key)) == (PAID, PAID)
    assert not made.office.forks
    settling.sync(made)
    assert {made.office.card_of(*fork) for fork in made.office.forks} == {1}


def test_an_older_image_is_refused_at_once_where_the_newer_one_was_seen():
    made = campus()
    key = copy(made)
    assert sell(made, FIRST, key) == PAID
    made.play(scenario.Rollback(1, 1))
    assert sell(made, FIRST, key) == REFUSED
    assert sell(made, SECOND, key) == PAID  # not where nobody knew; the server sees it
    settling.sync(made)
    assert made.office.faults[reasons.FORKED_CARD] == 1


def test_a_magic_card_with_another_uid_is_refused_at_once():
    made = campus()
    card = held.copied(made.cards[1], 0)
    card.uid = b"\x5a\x00\x00\x63"
    assert sell(made, FIRST, 1, card) == REFUSED


def test_a_cpu_card_without_its_keys_is_refused_at_once():
    """Files can be read, keys cannot: what anybody makes of a card has not the key "I"."""
    made = campus(cpu=12)
    card = held.copied(made.cards[1], 5)
    card.wallet.keys = card.wallet.keys._replace(internal=bytes(16))
    assert sell(made, FIRST, 1, card) == REFUSED


def test_a_counterfeit_made_with_a_terminals_keys_is_named_by_its_first_proof():
    made = campus(cpu=12)
    key = copy(made)
    assert sell(made, FIRST, key) == PAID
    settling.sync(made)
    assert len(made.office.bad_proofs) == 1
    assert sell(made, SECOND, 1) == PAID  # the true card, where the false one was not


@pytest.mark.parametrize("later_s", [0, 30, 44])
def test_a_screenshot_is_refused_at_once_at_the_same_terminal(later_s):
    made = campus(codes=12)
    assert sell(made, FIRST, 1) == PAID
    shot = held.Screenshot(made.cards[1])
    made.later(later_s)
    assert sell(made, FIRST, 1, shot) == REFUSED


def test_a_screenshot_at_another_terminal_is_taken_in_the_window_and_flagged_at_sync():
    made = campus(codes=12)
    assert sell(made, FIRST, 1) == PAID
    shot = held.Screenshot(made.cards[1])
    made.later(44)
    assert sell(made, SECOND, 1, shot) == PAID
    settling.sync(made)
    assert {made.office.card_of(*fork) for fork in made.office.forks} == {1}
    assert made.oracle.cards[1].is_copied


def test_a_screenshot_is_refused_after_the_window_everywhere():
    made = campus(codes=12)
    made.cards[1].show(made.utc_s)
    shot = held.Screenshot(made.cards[1])
    made.later(46)
    assert [sell(made, till, 1, shot) for till in (FIRST, SECOND)] == [REFUSED, REFUSED]


def test_a_screenshot_is_refused_after_a_boot_too():
    made = campus(codes=12)
    assert sell(made, FIRST, 1) == PAID
    shot = held.Screenshot(made.cards[1])
    made.nodes[FIRST].boot()
    assert sell(made, FIRST, 1, shot, 999) == REFUSED


def test_a_screenshot_is_refused_after_a_boot_though_the_server_has_the_record():
    made = campus(codes=12)
    assert sell(made, FIRST, 1) == PAID
    shot = held.Screenshot(made.cards[1])
    while made.lines[1].step():
        pass
    assert made.nodes[FIRST].terminal.journal.queue == 0
    made.nodes[FIRST].boot()
    made.lines[1].power_cut()
    for _ in range(20):
        made.lines[1].step()
    assert made.nodes[FIRST].terminal.online
    assert sell(made, FIRST, 1, shot, 999) == REFUSED
    assert sell(made, FIRST, 1, fen=998) == PAID  # it was not the clock


@pytest.mark.parametrize("taps", [1, 3, 8])
def test_what_a_copy_takes_from_a_terminal_that_is_offline_is_capped(taps):
    made = campus(taps=taps)
    offline(made)
    key = copy(made)
    said = []
    for _ in range(taps + 2):
        said.append(sell(made, FIRST, key, fen=1000))
    assert said.count(PAID) == taps
    taken_fen = sum(write.amount_fen for write in made.oracle.cards[key].writes)
    assert taken_fen <= taps * 2000
