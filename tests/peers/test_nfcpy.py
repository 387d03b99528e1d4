"""nfcpy: its PN532 driver takes the pty for a serial port."""

import contextlib

import nfc.clf
import nfc.clf.pn532
import nfc.clf.transport
import pytest

from tests.peers.cards import FACTORY, LONG_UID, UID, blank
from tests.peers.served import Served

TIMEOUT_S = 1


@contextlib.contextmanager
def opened(*cards):
    """-> the reader and nfcpy's frontend on it; the pty is handed to the driver ourselves,
    because nfcpy takes names in /dev only."""
    with Served(*cards) as reader:
        frontend = nfc.ContactlessFrontend()
        frontend.device = nfc.clf.pn532.init(nfc.clf.transport.TTY(reader.path))
        frontend.device._path = reader.path
        try:
            yield reader, frontend
        finally:
            frontend.close()


def sensed(frontend):
    return frontend.sense(nfc.clf.RemoteTarget("106A"))


def exchange(frontend, data):
    return frontend.device.chipset.in_data_exchange(bytearray(data), TIMEOUT_S)[0]


@pytest.mark.parametrize("uid", [UID, LONG_UID], ids=["4 bytes", "7 bytes"])
def test_sense_authenticate_read_write(uid):
    card = blank(uid)
    with opened(card) as (_, frontend):
        assert frontend.device.chipset.get_firmware_version() == bytes.fromhex("32010607")
        target = sensed(frontend)
        assert target.sdd_res == uid
        assert target.sel_res == b"\x08"
        exchange(frontend, b"\x60\x04" + FACTORY + uid[-4:])
        assert exchange(frontend, b"\x30\x04") == card.block(4)
        exchange(frontend, b"\xa0\x05" + b"written by nfcpy")
    assert card.block(5) == b"written by nfcpy"


def test_wrong_key_then_again():
    with opened(blank()) as (_, frontend):
        target = sensed(frontend)
        with pytest.raises(nfc.clf.pn53x.Chipset.Error, match="authentication"):
            exchange(frontend, b"\x60\x04" + bytes(6) + target.sdd_res)
        with pytest.raises(nfc.clf.pn53x.Chipset.Error, match="Time out"):
            exchange(frontend, b"\x30\x04")
        target = sensed(frontend)
        exchange(frontend, b"\x60\x04" + FACTORY + target.sdd_res)
        assert exchange(frontend, b"\x30\x04") == bytes([4]) * 16


def test_nobody_there():
    with opened() as (_, frontend):
        assert sensed(frontend) is None
        assert frontend.sense(nfc.clf.RemoteTarget("106B"), nfc.clf.RemoteTarget("212F")) is None


def test_opened_again_after_power_down():
    """nfcpy powers the chip down when it closes; the next one wakes it."""
    with Served(blank()) as reader:
        for _ in range(2):
            frontend = nfc.ContactlessFrontend()
            frontend.device = nfc.clf.pn532.init(nfc.clf.transport.TTY(reader.path))
            frontend.device._path = reader.path
            assert sensed(frontend).sdd_res == UID
            frontend.close()
            assert reader.chip.asleep
