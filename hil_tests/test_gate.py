"""A gate on the board: its fire loop, exit button and door's contact are pins of the chip.

It has never met a server, and has no line to one: people must get out all the same.
"""

import pytest

from hil_tests.emulated import factory
from hil_tests.emulated.board import Board
from hil_tests.emulated.canteen import CONFIG, Canteen, new_flash
from hil_tests.emulated.wires import PanelWire, ReaderWire
from protocol import messages
from terminal_sim.field import Field

DOOR, EXIT, FIRE, BARRIER = 26, 27, 28, 15
HEAP_BYTES = 128 * 1024  # the bar
WIRES = {"inputs": {"door": DOOR, "exit": EXIT, "fire": FIRE}, "link": None}


class Gate:
    """A board at a door; levels as contacts to ground with pull-ups give them."""

    def __init__(self):
        self.board = Board(new_flash(factory.page_of(messages.GATE), CONFIG | WIRES))
        self.is_open = False
        self.put(EXIT, True)  # not pressed
        self.put(FIRE, False)  # the loop is closed
        self.put(DOOR, False)  # shut
        ReaderWire(self.board, Field())
        self.panel = PanelWire(self.board)
        self.board.watch(BARRIER, self._moved)
        self.board.wait(5, lambda: self.panel.face.shows("1"), "no screen")
        self.board.run(1.5)

    def put(self, pin, level):
        self.board.chip.gpio[pin].set_input_value(level)

    def _moved(self, now_ns, level):
        self.is_open = level
        self.board.notice()


@pytest.mark.long
def test_a_fire_and_a_button_open_though_no_server_was_ever_met(emulated):
    gate = Gate()
    board = gate.board
    assert not gate.is_open
    gate.put(EXIT, False)
    board.wait(0.3, lambda: gate.is_open, "the button does not open")
    gate.put(EXIT, True)
    gate.put(DOOR, True)
    board.run(0.3)
    gate.put(DOOR, False)
    board.wait(0.3, lambda: not gate.is_open, "a door that was used is not locked again")
    began_ns = board.now_ns
    gate.put(FIRE, True)
    board.wait(0.3, lambda: gate.is_open, "the fire does not open")
    print(f"\nfire to open: {(board.now_ns - began_ns) / 1e6:.0f} ms of the chip's time")
    board.wait(1, lambda: gate.panel.face.shows("火警"), "the screen says nothing")
    board.run(3.5)  # longer than a pass opens
    assert gate.is_open


class Entrance(Canteen):
    """A gate that has met its server."""

    kind = messages.GATE


@pytest.mark.long
def test_the_heap_of_a_gate(emulated):
    entrance = Entrance(cards=2)
    entrance.ready()
    for card in (1, 2, 1):
        entrance.present(card)
        entrance.take()
    entrance.board.run(16)  # all that is made ready, and a report of it
    assert [word for _, word in entrance.panel.beeps] == ["ok"] * 3
    peak = entrance.office.reports[-1].heap_peak
    print(f"\nheap: {peak} bytes live at most")
    assert 0 < peak <= HEAP_BYTES
