"""A gate's day as a script: what happens at its door, and the screens that come of it.

Everything is the firmware's own core; only the world is made up. Each screen that is new is kept.
"""

from firmware.core.layout import make
from firmware.screens.render import render
from protocol import messages
from tests.shared.campus import Card
from tests.shared.orders import ENDED, FIRST, PRACTICE
from tests.shared.test_emergency import flash_of, trusting
from tests.shared.test_gate import Gate

_LAID = make(0, 3)


def screens():
    """-> [[language, screen, values]] in order of the day."""
    seen = []
    for gate in (_ordinary(), _drilled(), _emergency()):
        for screen, values in gate.said:
            if not seen or render(*seen[-1]) != render(0, screen, values):
                seen.append([0, screen, list(values)])
    return seen


def _gate(**settings):
    gate = Gate(flash_of(messages.GATE), _LAID, **settings)
    trusting(gate.terminal)
    gate.wait(2000)
    _rest(gate)
    return gate


def _rest(gate):
    """Nothing happens for a while: the idle screen."""
    gate.wait(3500)
    gate.do(gate.terminal.idle(gate.now()))


def _ordinary():
    """Cards, the door, a network that goes, a fire."""
    gate = _gate(passback_s=60, held_s=5)
    student, staff = Card(7), Card(8, holder_kind=1)
    gate.present(student)
    gate.turn(("door", 1))
    gate.turn(("door", 0))
    gate.present(student)  # handed back over the barrier
    _rest(gate)
    gate.turn(("exit", 1))
    gate.turn(("door", 1), ("exit", 0))
    gate.wait(6000)  # held open
    gate.turn(("door", 0))
    gate.turn(("door", 1))  # forced
    gate.turn(("door", 0))
    gate.present(Card(9, zones=0))
    _offline(gate)
    gate.turn(("fire", 1))
    gate.present(staff)
    gate.present(Card(10, valid_until=1))
    _rest(gate)
    gate.turn(("fire", 0))
    gate.wait(11_000)
    return gate


def _offline(gate):
    now = gate.now()
    gate.terminal.on_close(now)
    later = gate.terminal.moment(now.utc_s + 7800, now.ticks_ms + 7_800_000)
    gate.do(gate.terminal.idle(later))


def _drilled():
    """A drill by order of the centre, until its time is over."""
    gate = _gate()
    gate.terminal.ordered(PRACTICE, gate.now())
    gate.turn()
    gate.present(Card(7))
    _rest(gate)
    gate.ticks_ms += 3_600_000
    gate.turn()
    return gate


def _emergency():
    """The true thing, ended by an order."""
    gate = _gate()
    gate.terminal.ordered(FIRST, gate.now())
    gate.turn()
    gate.present(Card(10, valid_until=1))
    _rest(gate)
    gate.terminal.ordered(ENDED, gate.now())
    gate.turn()
    return gate
