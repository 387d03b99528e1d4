"""One card for the tests: a UID and masters that are nobody's secret."""

from card_layout.keys import card_mac
from protocol.aes import Aes

UID = bytes.fromhex("04a1b2c3d4e5f6")
MASTER_A = Aes(b"master sector a!").ecb
MASTER_B = Aes(b"master sector b!").ecb
MASTER_PURSE = Aes(b"master of purses").ecb


def mac_of(uid=UID):
    """-> the purse MAC of the card with this UID."""
    return card_mac(MASTER_PURSE, uid)
