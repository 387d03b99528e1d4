"""T7: forged, flipped, replayed, reflected frames against both ends of an open session. I7.

None is accepted, nothing moves, the session lives. Here some thousands, on both interpreters;
tests/fuzz/test_forged.py plays the same attacker for 100,000 frames.
"""

from protocol import frame
from terminal_sim.prng import Prng
from tests.shared.attacker import Attacker
from tests.shared.pair import ADDRESS, Pair, deliver, frames, sent, side

FORGED = 2000


def test_no_forged_frame_is_accepted_by_either_side():
    attacker = Attacker(Prng(7))
    for _ in range(FORGED):
        attacker.attack()
    attacker.check()
    assert attacker.accepted == 0
    assert min(attacker.tried.values()) > FORGED // 20


def test_after_any_garbage_at_most_one_frame_is_lost():
    """By construction: the next 0x00 ends whatever came before it."""
    prng = Prng(11)
    pair = Pair().opened()
    receiver = frame.Receiver()
    for _ in range(150):
        receiver.feed(prng.bytes(prng.below(300)))
        request = pair.terminal.request(b"behind the noise")
        found = receiver.feed(request)
        if not found or found[-1][2] != frames(request)[0][1]:  # the noise had swallowed it
            found = receiver.feed(pair.terminal.retry())
        assert pair.server.receive(*found[-1][1:]) == [("request", b"behind the noise")]
        deliver(pair.terminal, pair.server.reply(b"heard"))


def test_a_session_is_up_again_within_three_round_trips():
    """Whoever restarted, and whatever of the old session is said meanwhile."""
    for who in ("terminal", "server", "both"):
        pair = Pair().opened()
        old = pair.exchange(b"before", b"before")
        if who != "server":
            pair.terminal = side(1, 50)
        if who != "terminal":
            pair.server = side(2, 51)
        round_trips = 0
        hello = pair.hello()
        for raw in old:
            for session in (pair.terminal, pair.server):
                assert _is_refused(session, raw)
        deliver(pair.terminal, sent(deliver(pair.server, hello)))
        round_trips += 1
        first = pair.terminal.request(b"first")
        deliver(pair.server, first)
        assert deliver(pair.terminal, pair.server.reply(b"there"))[0][0] == "open"
        round_trips += 1
        assert round_trips <= 3 and pair.terminal.is_open and pair.server.is_open
        assert frames(first)[0][0] == frame.TERMINAL_REQUEST and pair.terminal._address == ADDRESS


def _is_refused(session, raw):
    """True if nothing of it was taken (a kept reply sent again takes nothing)."""
    try:
        return all(name in ("send", "rejected") for name, _ in deliver(session, raw))
    except frame.RemoteError:
        return True
