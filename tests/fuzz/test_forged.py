"""T7: 100,000 forged frames against both ends of an open session: none accepted. I7."""

import time

from protocol.session import SERVER, TERMINAL
from terminal_sim.prng import Prng
from tests.shared.attacker import HOWS, Attacker

FRAMES = 100_000
MOST_S = 20


def test_a_hundred_thousand_forged_frames_and_none_accepted():
    began_s = time.process_time()
    attacker = Attacker(Prng(2026))
    for _ in range(FRAMES):
        attacker.attack()
    attacker.check()
    assert attacker.accepted == 0
    assert sum(attacker.tried.values()) > 0.95 * FRAMES
    assert min(attacker.tried[how] for how in HOWS) > FRAMES // 20
    assert time.process_time() - began_s < MOST_S


def test_an_accepted_frame_would_be_counted():
    """The true frame, which the attacker never sends, is taken and seen at once."""
    for role in (TERMINAL, SERVER):
        attacker = Attacker(Prng(1))
        attacker.deliver(role, *attacker.latest[role])
        assert attacker.accepted
