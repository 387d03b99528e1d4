"""A CPU card for libnfc, nfc-list and nfcpy: they know the standard, and not us."""

import contextlib

import nfc.tag.tt4

from card_layout import purse_cpu
from terminal_sim import demo_card
from tests.peers.cards import BALANCE_FEN, LONG_UID, MASTERS
from tests.peers.libnfc import Libnfc
from tests.peers.served import Served
from tests.peers.test_nfcpy import opened, sensed

BALANCE = BALANCE_FEN.to_bytes(4, "big") + b"\x90\x00"


def card():
    return demo_card.student_cpu(LONG_UID, MASTERS, BALANCE_FEN)


def test_nfc_list_tells_what_it_is():
    with Served(card()) as reader:
        listed = reader.run("nfc-list")
    assert "SAK (SEL_RES): 20" in listed
    assert "04  11  22  33  44  55  66" in listed
    assert "ATS: 75  00  81  00" in listed


def test_libnfc_selects_and_asks_for_the_balance():
    with Served(card()) as reader, contextlib.closing(Libnfc(reader.libnfc_name)) as host:
        assert host.select() == 1
        assert host.exchange(purse_cpu.select()).endswith(b"\x90\x00")
        assert host.exchange(purse_cpu.get_balance()) == BALANCE
        assert host.exchange(b"\x80\x5c\x00\x02\x04" * 20) == b"\x67\x00"  # two blocks long


def test_nfcpy_activates_and_asks_for_the_balance():
    with opened(card()) as (_, frontend):
        target = sensed(frontend)
        assert target.sel_res == b"\x20"
        tag = nfc.tag.tt4.Type4ATag(frontend, target)
        assert tag.transceive(bytearray(purse_cpu.select()))[-2:] == b"\x90\x00"
        assert tag.transceive(bytearray(purse_cpu.get_balance())) == BALANCE
