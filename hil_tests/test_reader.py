"""A reader with a card as delivered: the simulated PN532, or a real one that nfcpy knows."""

import nfc.clf
import pytest

from tests.peers.cards import FACTORY, UID, blank
from tests.peers.test_nfcpy import exchange, opened, sensed

MIFARE_1K = b"\x08"
GET_FIRST = b"\x30\x00"


@pytest.fixture
def frontend(request):
    """nfcpy's, with a card in its field."""
    name = request.config.getoption("--reader")
    if name == "emulated":
        with opened(blank(UID)) as (_, found):
            yield found
        return
    with nfc.ContactlessFrontend(name) as found:
        yield found


def authenticate(frontend, target, key):
    if not hasattr(frontend.device.chipset, "in_data_exchange"):
        pytest.skip("this reader does not speak MIFARE Classic's cipher")
    assert target.sel_res == MIFARE_1K, "put a MIFARE Classic 1K as delivered on the reader"
    exchange(frontend, b"\x60\x00" + key + target.sdd_res[-4:])


def test_a_card_is_found_and_is_the_same_again(frontend):
    found = [sensed(frontend) for _ in range(3)]
    assert all(one is not None for one in found), "there is no card on the reader"
    assert len({bytes(target.sdd_res) for target in found}) == 1


def test_its_first_block_begins_with_its_number(frontend):
    target = sensed(frontend)
    authenticate(frontend, target, FACTORY)
    block = exchange(frontend, GET_FIRST)
    assert len(block) == 16 and block.startswith(target.sdd_res)


def test_a_wrong_key_opens_nothing(frontend):
    with pytest.raises(nfc.clf.pn53x.Chipset.Error):
        authenticate(frontend, sensed(frontend), bytes(6))
    assert sensed(frontend) is not None
