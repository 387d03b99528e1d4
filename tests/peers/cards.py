"""The cards that the peers are shown: one as delivered, one as the desk issues it."""

from terminal_sim import demo_card
from terminal_sim.mifare import MifareClassic

UID = bytes.fromhex("deadbeef")
LONG_UID = bytes.fromhex("04112233445566")
MASTERS = [bytes(range(at, at + 16)) for at in (0, 16, 32)]
FACTORY = b"\xff" * 6
BALANCE_FEN = 1234


def blank(uid=UID):
    """-> a card as delivered, with something to read in its open blocks."""
    text = [(number, bytes([number]) * 16) for number in range(1, 64) if number % 4 != 3]
    return MifareClassic(uid, text)


def student(uid=UID):
    """-> a personalised card."""
    return demo_card.student(uid, MASTERS, BALANCE_FEN)
