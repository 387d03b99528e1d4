"""The board's own UARTs of state machines: every byte, in order, while the processor is busy."""

import pytest

from hil_tests.emulated import branch
from hil_tests.emulated.script import typed
from hil_tests.emulated.wires import PanelWire

TEXT = bytes(range(1, 256)) * 3
WIRE = "w=rp2.Wire({'tx':%d,'rx':%d,'baud':115200},%d)"


@pytest.fixture(params=[0, 4], ids=["first block", "second block"])
def on_wire(bare, request):
    """on_wire(work) -> what work(board, model) returns with a Wire `w` on the console."""
    return lambda work: branch.of(connected, bare, request.param, work)


def connected(board, state, work):
    model = PanelWire(board, tx=10, rx=11)
    typed(board, "from firmware.boards import rp2")
    typed(board, WIRE % (10, 11, state))
    return work(board, model)


def waits(board, model):
    start_s = 0.001
    for at in range(500):
        board.at((start_s + at * 90e-6) * 1e9, lambda at=at: model.mouth.say(TEXT[at : at + 1]))
    typed(board, "import time;t=time.ticks_us()\r\nwhile time.ticks_us()-t<80000: pass\r\n")
    board.run(0.1)
    whole = typed(board, "r=w.read();len(r),w.read()")[-1]
    return whole, typed(board, "r==bytes([i%255+1 for i in range(500)])")[-1]


def test_what_is_heard_waits_in_its_ring(on_wire):
    assert on_wire(waits) == ("(500, b'')", "True")


def in_parts(board, model):
    heard = []
    for _part in range(3):
        for at in range(200):
            board.at(90e3 * (at + 1), lambda at=at: model.mouth.say(TEXT[at : at + 1]))
        board.run(0.05)
        heard.append(typed(board, "w.read(150)+w.read(150)==bytes([i%255+1 for i in range(200)])"))
    return [answer[-1] for answer in heard]


def test_parts_are_read_around_the_end_of_the_ring(on_wire):
    assert on_wire(in_parts) == ["True"] * 3


def says(board, model):
    heard = bytearray()
    model.ear._on_byte = heard.append
    typed(board, "for i in range(9): w.write(b'line %d\\n' % i)\r\n")
    board.run(0.1)
    return bytes(heard), model.ear.noise


def test_what_is_said_arrives_whole(on_wire):
    heard, noise = on_wire(says)
    assert heard == b"".join(b"line %d\n" % number for number in range(9))
    assert noise == 0


def both_at_once(board, model):
    """200 bytes are heard while 400 are said."""
    heard = bytearray()

    def hear(byte):
        if not heard:
            for at in range(200):
                board.at(1 + 91e3 * at, lambda at=at: model.mouth.say(TEXT[at : at + 1]))
        heard.append(byte)

    model.ear._on_byte = hear
    typed(board, "w.write(bytes([i%255+1 for i in range(400)]))")
    board.run(0.1)
    right = typed(board, "r=w.read();len(r),r==bytes([i%255+1 for i in range(200)])")[-1]
    return bytes(heard), right, model.ear.noise


def test_one_speaks_while_the_other_does(on_wire):
    said, heard, noise = on_wire(both_at_once)
    assert heard == "(200, True)"
    assert (said, noise) == (TEXT[:400], 0)
