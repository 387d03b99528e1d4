"""nfc-list of libnfc sees our cards as what they are."""

from tests.peers.cards import LONG_UID, UID, blank, student
from tests.peers.served import Served


def test_one_card():
    with Served(student()) as reader:
        said = reader.run("nfc-list", "-t", "1")
    assert "ATQA (SENS_RES): 00  04" in said
    assert "UID (NFCID1): de  ad  be  ef" in said
    assert "SAK (SEL_RES): 08" in said


def test_what_libnfc_takes_it_for():
    with Served(blank(LONG_UID)) as reader:
        said = reader.run("nfc-list", "-v")
    assert "UID size: double" in said
    assert "UID (NFCID1): 04  11  22  33  44  55  66" in said
    assert "* MIFARE Classic 1K" in said
    assert "0 ISO14443B passive target(s) found" in said


def test_two_cards():
    """libnfc halts the first one to find the second."""
    with Served(blank(UID), blank(LONG_UID)) as reader:
        said = reader.run("nfc-list", "-t", "1", "-v")
    assert "2 ISO14443A passive target(s) found" in said


def test_no_card():
    with Served() as reader:
        said = reader.run("nfc-list", "-v")
    assert "0 ISO14443A passive target(s) found" in said
