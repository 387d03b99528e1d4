"""Power that fails while an emergency is ordered, begins, ends.

After the boot it is one or the other, parameters are what they were, and begin and end are told at
least once.
"""

import pytest

from firmware.core.layout import make
from firmware.core.terminal import Terminal
from protocol import emergency, messages, params, reasons, record
from terminal_sim.flash import SHAPES, Flash, PowerCut
from tests.shared.campus import NOON, moment, records
from tests.shared.orders import ENDED, FIRST
from tests.shared.test_emergency import flash_of, trusting

LAID = make(0, 3)


def terminal_on(flash):
    made = trusting(Terminal(flash, None, LAID))
    made.mount()
    return made


def told(terminal):
    """Details of the records of begin and end."""
    entries = [record.unpack(raw) for raw in records(terminal)]
    return [entry.detail for entry in entries if entry.reason == reasons.EMERGENCY]


def story(terminal):
    """An order, its begin, the order that ends it, its end; whatever of it is done already is not
    done again."""
    for order in (FIRST, ENDED):
        now = moment(terminal)
        terminal.ordered(order, now)
        terminal.turn(now)


def day(unit):
    """-> (flash of a till that has parameters, operations of the whole story)."""
    flash = flash_of(messages.POS)
    if unit > 1:
        page = flash.read(0, 128)
        flash = Flash(LAID.sectors * 4096, unit, False)
        flash.program(0, page)
    terminal = terminal_on(flash)
    terminal.params.apply(7, params.pack({"tap_limit_fen": 1234}))
    terminal.params.meet()
    return flash


def operations(unit):
    flash, count = day(unit), [0]
    flash.on_operation = lambda *_: count.__setitem__(0, count[0] + 1)
    story(terminal_on(flash))
    return count[0]


@pytest.mark.parametrize("unit", [1, 32])
def test_every_cut(unit):
    for at in range(1, operations(unit) + 1):
        for shape in SHAPES:
            flash = day(unit)
            terminal = terminal_on(flash)
            flash.cut_after(at, shape, at)
            with pytest.raises(PowerCut):
                story(terminal)
            flash.cut_after(0)
            again = terminal_on(flash)
            assert (again.params.version, again.params["tap_limit_fen"]) == (7, 1234)
            assert again.params.met
            order = again.emergency.order
            assert order in (None, emergency.parse(FIRST), emergency.parse(ENDED))
            story(again)
            assert again.emergency.order == emergency.parse(ENDED)
            assert not again.emergency.is_on(again.moment(NOON, 0))
            assert set(told(again)) == {2, 3}, (at, shape)
            assert told(again)[0] == 3 and told(again)[-1] == 2
