"""The pty: a host opens it as its serial port, in an event loop or alone."""

import asyncio
import os
import select
import time

import pytest

from terminal_sim import port as port_module
from terminal_sim.field import Field
from terminal_sim.hsu import ACK, frame
from terminal_sim.mifare import MifareClassic
from terminal_sim.port import Pn532Port
from tests.terminal_sim.bench_chip import UID

VERSION = frame(b"\xd4\x02")
VERSION_ANSWER = ACK + frame(b"\xd5\x03\x32\x01\x06\x07")
LIST = frame(b"\xd4\x4a\x01\x00")
LIST_ANSWER = frame(bytes.fromhex("d54b 0101 0004 08 04 deadbeef"))
WAIT_S = 30


@pytest.fixture(name="served")
def _served():
    made = Pn532Port(Field(MifareClassic(UID)))
    made.host = os.open(made.path, os.O_RDWR | os.O_NOCTTY)
    yield made
    os.close(made.host)
    made.close()


def heard(served, length):
    """-> what the host hears, at least `length` bytes."""
    data = b""
    while len(data) < length:
        assert select.select([served.host], [], [], WAIT_S)[0], f"only {data.hex(' ')}"
        data += os.read(served.host, 512)
    return data


def test_stand_alone(served):
    os.write(served.host, VERSION)
    assert served.wait(WAIT_S)
    assert heard(served, len(VERSION_ANSWER)) == VERSION_ANSWER
    assert not served.wait(0)


def test_in_an_event_loop(served):
    async def play():
        loop = asyncio.get_running_loop()
        loop.add_reader(served.fileno(), served.on_readable)
        os.write(served.host, VERSION)
        data = await loop.run_in_executor(None, heard, served, len(VERSION_ANSWER))
        loop.remove_reader(served.fileno())
        return data

    assert asyncio.run(play()) == VERSION_ANSWER


def test_waiting_host_hears_of_a_card(served):
    card = served.field.cards[0]
    served.field.take(card)
    os.write(served.host, LIST)
    served.wait(WAIT_S)
    assert heard(served, len(ACK)) == ACK
    served.field.put(card)
    assert heard(served, len(LIST_ANSWER)) == LIST_ANSWER


def test_next_host_finds_the_port_open(served):
    for _ in range(3):
        host = os.open(served.path, os.O_RDWR | os.O_NOCTTY)
        os.write(host, VERSION)
        served.wait(WAIT_S)
        os.close(host)
    assert heard(served, 3 * len(VERSION_ANSWER)) == VERSION_ANSWER * 3


def test_half_a_frame_then_silence(served, monkeypatch):
    monkeypatch.setattr(port_module, "GAP_S", 0.01)
    os.write(served.host, bytes.fromhex("0000ffffff0100ffd4"))
    served.wait(WAIT_S)
    time.sleep(0.02)
    os.write(served.host, VERSION)
    served.wait(WAIT_S)
    assert heard(served, len(VERSION_ANSWER)) == VERSION_ANSWER


def test_host_that_does_not_read_stops_nothing(served):
    for _ in range(3000):
        os.write(served.host, VERSION * 10)
        while served.wait(0):
            pass
    os.read(served.host, 65536)


def test_real_time():
    later = []
    served = Pn532Port(Field(MifareClassic(UID)), later=lambda *what: later.append(what))
    host = os.open(served.path, os.O_RDWR | os.O_NOCTTY)
    os.write(host, LIST)
    served.wait(WAIT_S)
    (ack_s, _, ack), (answer_s, write, answer) = later
    assert (ack, answer) == (ACK, LIST_ANSWER)
    assert 0 < ack_s < 0.002
    assert 0.0025 < answer_s - ack_s < 0.005
    served.close()
    write(answer)  # a timer that fires after the end harms nobody
    os.close(host)


def test_link(tmp_path):
    link = tmp_path / "reader"
    first = Pn532Port(Field(), link)
    assert str(link.readlink()) == first.path
    second = Pn532Port(Field(), link)  # the first one was killed, say
    assert str(link.readlink()) == second.path
    second.close()
    second.close()
    assert not link.is_symlink()
    first.close()


def test_link_never_replaces_a_file(tmp_path):
    link = tmp_path / "reader"
    link.write_text("mine")
    field = Field()
    with pytest.raises(FileExistsError):
        Pn532Port(field, link)
    assert link.read_text() == "mine"
    assert field.watchers == []
