"""A CPU card behind the chip: activated, asked in blocks and chains, slow, torn."""

import pytest

from card_layout import purse_cpu
from terminal_sim import demo_card
from terminal_sim.iso_dep import IsoDepCard
from tests.terminal_sim.bench_chip import LIST_ONE, LONG_UID, ONE_TRY, Bench

MASTERS = [bytes(range(at, at + 16)) for at in (0, 16, 32)]
TIMEOUT = "01"


class Echo:
    """An application that says what it hears, `times` over, and counts how often it was asked."""

    def __init__(self, times=1):
        self.times = times
        self.heard = []

    def apdu(self, command):
        self.heard.append(bytes(command))
        return bytes(command) * self.times + b"\x90\x00"

    def reset(self):
        pass


def bench(application=None, waits=0):
    card = IsoDepCard(LONG_UID, application or Echo(), waits)
    made = Bench(card)
    made.tell(ONE_TRY)
    return made


def test_a_list_tells_the_ats():
    made = bench()
    assert made.tell(LIST_ONE) == "010100442007" + LONG_UID.hex() + "0575008100"
    assert made.tell("00 06") == "00"  # present


def test_without_the_automatic_rats_the_host_asks():
    made = bench()
    made.tell("12 04")
    assert made.tell(LIST_ONE) == "010100442007" + LONG_UID.hex()
    assert made.exchange("00a40400") == TIMEOUT
    made.tell(LIST_ONE)
    assert made.tell("50 01 00") == "000575008100"
    assert made.exchange("01020304") == "00010203049000"


@pytest.mark.parametrize("length", [1, 60, 61, 62, 122, 200])
@pytest.mark.parametrize("waits", [0, 1, 3])
def test_chains_both_ways(length, waits):
    made = bench(waits=waits)
    made.tell(LIST_ONE)
    for turn in range(3):  # block numbers go on
        command = bytes([turn + at & 255 for at in range(length)])
        assert made.exchange(command.hex()) == "00" + command.hex() + "9000"


def test_an_answer_in_a_chain():
    made = bench(Echo(times=4))
    made.tell(LIST_ONE)
    command = bytes(range(50))
    assert made.exchange(command.hex()) == "00" + (command * 4).hex() + "9000"


def test_a_lost_block_is_said_again_and_done_once():
    """The reader misses two answers: it asks by NAK, and the application hears nothing twice."""
    made = bench()
    made.tell(LIST_ONE)
    card = made.card
    transceive, lost = card.transceive, []

    def deaf(frame):
        answer = transceive(frame)
        if answer is not None and frame[0] & 0xE2 == 0x02 and len(lost) < 2:
            lost.append(frame)
            return None
        return answer

    card.transceive = deaf
    command = bytes(range(100))
    assert made.exchange(command.hex()) == "00" + command.hex() + "9000"
    assert len(lost) == 2
    assert card.application.heard == [command]


@pytest.mark.parametrize("frames", range(1, 6))
@pytest.mark.parametrize("shape", ["none", "all"])
def test_a_card_leaves_in_any_frame(frames, shape):
    """Select, RATS, two blocks of the command, the second half of its answer."""
    made = bench()
    made.card.tear_after(frames, shape)
    made.tell(LIST_ONE)
    answer = made.exchange(bytes(80).hex())
    assert (answer == TIMEOUT) is (frames < 5)
    assert made.card.gone is (frames < 5)
    was_heard = frames > 3 or (frames == 3 and shape == "all")
    assert len(made.card.application.heard) == was_heard
    assert made.tell("00 06") == (TIMEOUT if frames < 6 else "00")


def test_asleep_and_awake_again():
    made = bench()
    made.tell(LIST_ONE)
    assert made.exchange("01") == "00019000"
    assert made.tell("44 01") == "00"
    assert made.exchange("02") == TIMEOUT  # woken, but its RATS is due
    made.tell("32 01 00")
    made.tell("32 01 01")
    made.tell(LIST_ONE)
    assert made.exchange("02") == "00029000"


def test_a_purchase_through_the_chip():
    card = demo_card.student_cpu(LONG_UID, MASTERS, 1234)
    made = Bench(card)
    made.tell(LIST_ONE)
    assert made.exchange(purse_cpu.select().hex()).endswith("9000")
    assert made.exchange(purse_cpu.get_balance().hex()) == "00000004d29000"
    assert made.exchange(purse_cpu.begin_purchase(2000, 1, 1).hex()) == "009401"
