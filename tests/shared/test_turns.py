"""Whose turn it is: the terminal's rule, with the master's bit, losses, lateness and echo."""

from protocol import frame, polling, turns
from protocol.errors import LocalError
from terminal_sim.prng import Prng
from tests.shared.expect import raises

NOTHING = frame.pack(7, frame.POLL, b"")
HELLO = frame.pack(7, frame.HELLO, b"hello")
REQUEST = frame.pack(7, frame.TERMINAL_REQUEST, b"request")


def poll(bit, address=7):
    return (address, frame.POLL, bytes((bit,)))


def answer(turn, bit):
    """What a terminal says when it is polled."""
    assert turn.heard([poll(bit)], True)
    return turn.say()


def test_nothing_is_said_before_a_poll_and_one_frame_after_each():
    turn = turns.Turn(7)
    raises(LocalError, turn.say)
    turn.put(HELLO)
    turn.put(REQUEST)
    raises(LocalError, turn.say)
    assert answer(turn, 0) == HELLO
    raises(LocalError, turn.say)
    assert answer(turn, 1) == REQUEST
    assert turn.is_waiting
    assert answer(turn, 0) == NOTHING
    assert not turn.is_waiting


def test_what_was_not_heard_is_said_again_and_not_what_was():
    turn = turns.Turn(7)
    assert answer(turn, 0) == NOTHING
    turn.put(HELLO)
    assert answer(turn, 0) == NOTHING  # the master did not hear that there is nothing
    assert answer(turn, 1) == HELLO
    assert answer(turn, 1) == HELLO
    assert answer(turn, 0) == NOTHING


def test_two_frames_in_one_are_said_in_two_turns_and_repeats_once():
    turn = turns.Turn(7)
    turn.put(HELLO + REQUEST)
    turn.put(HELLO + REQUEST)
    assert answer(turn, 0) == HELLO
    turn.put(HELLO)  # not known to be heard: it will be said again anyway
    assert answer(turn, 1) == REQUEST
    assert answer(turn, 0) == NOTHING


def test_a_turn_that_has_passed_is_not_taken():
    turn = turns.Turn(7)
    turn.put(HELLO)
    assert not turn.heard([poll(0), poll(0, 8)], True)  # the next one was asked meanwhile
    assert not turn.heard([poll(0)], False)  # somebody speaks already
    raises(LocalError, turn.say)
    assert turn.heard([poll(0)], True)
    assert not turn.heard([], False)
    raises(LocalError, turn.say)


def test_own_echo_and_others_polls_are_no_turn():
    turn = turns.Turn(7)
    assert not turn.heard([(7, frame.POLL, b"")], True)
    assert not turn.heard([(7, frame.HELLO, b"x")], True)
    assert not turn.heard([poll(0, 8)], True)
    assert not turn.heard([(7, frame.POLL, b"\0\0")], True)


def test_the_queue_is_bounded_and_drops_the_oldest():
    turn = turns.Turn(7)
    for number in range(20):
        turn.put(frame.pack(7, frame.HELLO, bytes((number,))))
    said = [answer(turn, number % 2) for number in range(turns.MAX_QUEUE + 1)]
    assert said[0] == frame.pack(7, frame.HELLO, bytes((20 - turns.MAX_QUEUE,)))
    assert said[-1] == NOTHING


def test_every_frame_arrives_in_order_and_once_though_polls_and_answers_are_lost():
    for seed in range(1, 9):
        prng = Prng(seed)
        turn = turns.Turn(7)
        wanted = [frame.pack(7, frame.TERMINAL_REQUEST, bytes((n,))) for n in range(60)]
        unsaid = list(wanted)
        bit, arrived = 0, []
        for _ in range(2000):
            if unsaid and not turn.is_waiting:
                turn.put(unsaid.pop(0))
            if prng.chance(1, 4):
                continue  # the poll is lost
            said = answer(turn, bit)
            if prng.chance(1, 4):
                continue  # the answer is
            bit ^= 1
            if said != NOTHING:
                arrived.append(said)
        assert arrived == wanted, seed


def test_waits_grow_as_the_line_gets_slower_and_pauses_as_failures_repeat():
    for bound in (polling.first_byte_ms, polling.gap_ms, polling.answer_ms):
        assert bound(9600) > bound(115200) > bound(921600)
    assert 70 < polling.first_byte_ms(9600) < 71
    assert 405 < polling.answer_ms(115200) < 412
    pauses = [polling.pause_ms(n) for n in range(1, 40)]
    assert pauses[:3] == [20, 40, 80] and pauses[-1] == polling.PAUSE_MAX_MS
