"""The board's own UARTs of state machines: every byte, in order, while the processor is busy."""

import pytest

from hil_tests.emulated import factory
from hil_tests.emulated.board import Board
from hil_tests.emulated.wires import PanelWire
from hil_tests.test_mends import typed

TEXT = bytes(range(1, 256)) * 3
WIRE = "w=rp2.Wire({'tx':%d,'rx':%d,'baud':115200},%d)"


@pytest.fixture(params=[0, 4], ids=["first block", "second block"])
def wire(emulated, request):
    """(board, model at its end) with a Wire `w` on the console."""
    board = Board(factory.make(b"", None))
    board.run(0.3)
    model = PanelWire(board, tx=10, rx=11)
    typed(board, "from firmware.boards import rp2")
    typed(board, WIRE % (10, 11, request.param))
    return board, model


def test_what_is_heard_waits_in_its_ring(wire):
    board, model = wire
    start_s = 0.001
    for at in range(500):
        board.at((start_s + at * 90e-6) * 1e9, lambda at=at: model.mouth.say(TEXT[at : at + 1]))
    typed(board, "import time;t=time.ticks_us()\r\nwhile time.ticks_us()-t<80000: pass\r\n")
    board.run(0.1)
    assert typed(board, "r=w.read();len(r),w.read()")[-1] == "(500, b'')"
    assert typed(board, "r==bytes([i%255+1 for i in range(500)])")[-1] == "True"


def test_parts_are_read_around_the_end_of_the_ring(wire):
    board, model = wire
    heard = []
    for _part in range(3):
        for at in range(200):
            board.at(90e3 * (at + 1), lambda at=at: model.mouth.say(TEXT[at : at + 1]))
        board.run(0.05)
        heard.append(typed(board, "w.read(150)+w.read(150)==bytes([i%255+1 for i in range(200)])"))
    assert [answer[-1] for answer in heard] == ["True"] * 3


def test_what_is_said_arrives_whole(wire):
    board, model = wire
    heard = bytearray()
    model.ear._on_byte = heard.append
    typed(board, "for i in range(9): w.write(b'line %d\\n' % i)\r\n")
    board.run(0.1)
    assert bytes(heard) == b"".join(b"line %d\n" % number for number in range(9))
    assert model.ear.noise == 0
