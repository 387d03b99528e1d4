"""10,000 sessions at a valve, and planted bugs that they must find."""

import pytest

from firmware.core import reserves, settling, strip, usage
from firmware.drivers.meter import Meter
from firmware.kinds.water import Water
from terminal_sim.gears import waterworks
from terminal_sim.oracle import Violation

SESSIONS = 10_000
ENOUGH = 1_500  # in which each of the bugs is found


# shows R18
def test_ten_thousand_sessions():
    figures = waterworks.play(SESSIONS)
    print(dict(figures))
    assert figures["sessions"] >= SESSIONS
    assert figures["pull_outs"] > SESSIONS // 4
    assert figures["power_cuts"] > SESSIONS // 5 and figures["warned"] > SESSIONS // 20
    assert figures["tears"] > SESSIONS // 20
    assert figures["units"] > 10 * SESSIONS
    assert figures["relays"] > SESSIONS // 100


def test_the_same_seed_draws_the_same():
    assert waterworks.play(100, 7) == waterworks.play(100, 7)


def _no_marks(self, units):
    """Units that no power cut outlives."""


def _always_done(self, serial, outcome):
    self._done.add(serial)


def _no_drain(self, now_ms, pulses, back, glitches):
    if self.state == usage.SHUTTING:
        self._step(usage.STILL, now_ms)
    _turn(self, now_ms, pulses, back, glitches)


def _every_rise(self, edges, now_us):
    return sum(level == 1 for level, _ in edges), 0


def _forgets_greys(self, entry, outcome):
    if outcome != 0xFF:
        _written(self, entry, outcome)


_turn = usage.Usage.turn
_written = reserves.Reserves.written
BUGS = {
    "a unit is in RAM only": (strip.Strip, "mark", _no_marks),
    "a torn reserve is taken for done": (reserves.Reserves, "settled", _always_done),
    "what flows while the valve shuts is nobody's": (usage.Usage, "turn", _no_drain),
    "bounces count": (Meter, "feed", _every_rise),
    "a torn reserve is forgotten": (reserves.Reserves, "written", _forgets_greys),
    "what is owed is not given": (Water, "owes", lambda self, tap: None),
    "the close is one unit late": (
        settling, "close", lambda terminal, now, reserve, units, fen, close=settling.close: close(
            terminal, now, reserve, units + 2, min(fen + 2, reserve.amount_fen)
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_is_found(bug, monkeypatch):
    where, name, instead = BUGS[bug]
    monkeypatch.setattr(where, name, instead)
    with pytest.raises(Violation):
        waterworks.play(ENOUGH)
