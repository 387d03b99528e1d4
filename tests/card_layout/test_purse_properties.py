"""The purse under random histories: tears, stale blocks, garbage. The oracle counts by itself."""

from hypothesis import given, settings
from hypothesis import strategies as st

from card_layout import purse_m1
from card_layout.purse_m1 import BLOCK_A, BLOCK_B, EMPTY, Altered, Purse
from tests.shared.card import UID, mac_of

MAC = mac_of()
blocks = st.one_of(st.binary(max_size=20), st.binary(min_size=16, max_size=16))
purses = st.builds(
    Purse,
    counter=st.integers(0, purse_m1.COUNTER_MAX),
    balance_fen=st.integers(0, purse_m1.BALANCE_MAX_FEN),
    terminal=st.integers(0, 0xFFFF),
    serial=st.integers(0, 0xFFFFFFFF),
)
uids = st.sampled_from((4, 7, 10)).flatmap(lambda size: st.binary(min_size=size, max_size=size))
# one step of a card's life: amount wanted, then how the write of it ends
amounts = st.integers(-4000, 4000)
endings = st.one_of(
    st.just("whole"),
    st.tuples(st.just("cut"), st.integers(0, 15)),  # the first bytes new, the others old
    st.tuples(st.just("garbage"), st.binary(min_size=16, max_size=16)),
)


def choose(card):
    return purse_m1.choose(card[BLOCK_A], card[BLOCK_B], UID, MAC)


@given(purses, uids, st.sampled_from((BLOCK_A, BLOCK_B)))
def test_what_goes_in_comes_out(purse, uid, index):
    mac = mac_of(uid)
    block = purse_m1.pack(purse, uid, index, mac)
    assert len(block) == 16
    assert purse_m1.unpack(block, uid, index, mac) == purse
    assert purse_m1.unpack(block, uid, BLOCK_A + BLOCK_B - index, mac) is None


@given(blocks, blocks)
def test_blocks_that_we_did_not_write_are_altered(block_a, block_b):
    try:
        held = purse_m1.choose(block_a, block_b, UID, MAC)
    except Altered:
        return
    raise AssertionError(f"{held} out of nothing")


@given(purses, st.sampled_from((BLOCK_A, BLOCK_B)), blocks)
def test_garbage_beside_a_good_block_never_matters(purse, index, garbage):
    card = {BLOCK_A: garbage, BLOCK_B: garbage}
    card[index] = purse_m1.pack(purse, UID, index, MAC)
    assert choose(card) == (purse, BLOCK_A + BLOCK_B - index, None)


@settings(max_examples=60)
@given(st.lists(st.tuples(amounts, endings), max_size=30), st.sampled_from((BLOCK_A, BLOCK_B)))
def test_a_life_of_torn_writes_never_makes_or_loses_a_fen(steps, first):
    """After every step the card is exactly where it was, or exactly where it was to be."""
    truth, before = Purse(0, 20000, 0, 0), None
    card = {BLOCK_A: EMPTY, BLOCK_B: EMPTY}
    card[first] = purse_m1.pack(truth, UID, first, MAC)
    for serial, (change_fen, ending) in enumerate(steps, 1):
        held, index, previous = choose(card)
        assert held == truth
        assert purse_m1.unpack(card[index], UID, index, MAC) != held
        if before is not None and previous == before:
            amount_fen = purse_m1.previous_amount(held, previous)
            assert amount_fen == before.balance_fen - truth.balance_fen
        try:
            after = purse_m1.successor(held, change_fen, serial % 7, serial)
        except ValueError:
            assert not 0 <= truth.balance_fen + change_fen <= purse_m1.BALANCE_MAX_FEN
            continue
        new = purse_m1.pack(after, UID, index, MAC)
        if ending == "whole":
            card[index] = new
        elif ending[0] == "cut":
            card[index] = new[: ending[1]] + card[index][ending[1] :]
        else:
            card[index] = ending[1]
        if card[index] == new:
            truth, before = after, truth


@given(st.integers(2, 40), st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_blocks_put_back_never_give_more_than_a_state_that_was(length, old_a, old_b, odd):
    """An attacker who kept every block ever written can show old states only, and never two
    blocks of one counter: those are of different places."""
    written = {BLOCK_A: [], BLOCK_B: []}
    states = []
    purse = Purse(0, 10000, 0, 0)
    for count in range(length):
        index = BLOCK_A if (count % 2 == 0) != odd else BLOCK_B
        states.append(purse)
        written[index].append(purse_m1.pack(purse, UID, index, MAC))
        purse = purse_m1.successor(purse, -100, 1, count)
    shown_a = written[BLOCK_A][old_a % len(written[BLOCK_A])]
    shown_b = written[BLOCK_B][old_b % len(written[BLOCK_B])]
    held, index, previous = purse_m1.choose(shown_a, shown_b, UID, MAC)
    assert held in states
    assert previous in states
    assert (purse_m1.previous_amount(held, previous) == 100) == (
        previous.counter == held.counter - 1
    )
