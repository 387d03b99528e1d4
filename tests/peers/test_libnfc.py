"""libnfc itself: every block written, value commands, refusals and a card that leaves."""

import contextlib

import pytest

from terminal_sim.mifare import MifareClassic, value_block, value_of
from tests.peers.cards import FACTORY, MASTERS, UID, blank, student
from tests.peers.libnfc import Libnfc
from tests.peers.served import Served

RF_ERROR, WRONG_KEY = -20, -30


@contextlib.contextmanager
def opened(card):
    with Served(card) as reader, contextlib.closing(Libnfc(reader.libnfc_name)) as host:
        assert host.select() == 1
        yield host


def authenticate(host, block, key=FACTORY, name="A", uid=UID):
    code = b"\x60" if name == "A" else b"\x61"
    return host.exchange(code + bytes((block,)) + key + uid[-4:])


def test_write_whole_card():
    """Every block that can be written, trailers last: then nothing of the old card is left."""
    card, image = MifareClassic(UID), student()
    with opened(card) as host:
        for sector in range(16):
            blocks = range(max(sector * 4, 1), sector * 4 + 4)
            assert authenticate(host, sector * 4) == b""
            for block in blocks:
                assert host.exchange(bytes((0xA0, block)) + image.block(block)) == b""
    assert card.dump() == image.dump()
    assert len(MASTERS) == 3


def test_values():
    card = MifareClassic(UID, [(4, value_block(1000, 4))])
    with opened(card) as host:
        assert authenticate(host, 4) == b""
        for command, operand in ((b"\xc0\x04", 150), (b"\xc1\x04", 7), (b"\xc2\x04", 0)):
            assert host.exchange(command + operand.to_bytes(4, "little")) == b""
            assert host.exchange(b"\xb0\x05") == b""
            assert host.exchange(b"\x30\x05") == card.block(5)
        assert value_of(card.block(5)) == (1000, 4)
        assert host.exchange(b"\xc1\x06\1\0\0\0") == RF_ERROR  # not a value block


def test_wrong_key_and_refusals():
    with opened(student()) as host:
        assert authenticate(host, 4) == WRONG_KEY
        assert host.exchange(b"\x30\x04") == RF_ERROR
        assert host.select() == 1
        assert host.exchange(b"\x30\x04") == RF_ERROR  # not opened
        assert host.select() == 1


@pytest.mark.parametrize("commands", range(4))
def test_card_leaves(commands):
    card = blank()
    with opened(card) as host:
        card.tear_after(commands)
        answers = [
            authenticate(host, 4),
            host.exchange(b"\x30\x04"),
            host.exchange(b"\xa0\x05" + bytes(16)),
            host.exchange(b"\x30\x05"),
        ]
        assert [answer == RF_ERROR for answer in answers] == [n >= commands for n in range(4)]
        assert host.select() == 0
    assert card.block(5) == (bytes(16) if commands > 2 else bytes([5]) * 16)
