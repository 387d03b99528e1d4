"""What gear 1's terminals have held to them: each kind of credential, by the same few functions.

A MIFARE card and a CPU card are asked by commands, a phone shows its code and hears nothing. A
screenshot is what a phone showed last, shown again by anybody.
"""

from __future__ import annotations

from copy import deepcopy

from card_layout import identity, purse_m1
from firmware.credential import air
from terminal_sim.mifare import ACK, MifareClassic
from terminal_sim.oracle import Oracle
from terminal_sim.pocket import Pocket
from terminal_sim.wallet_card import WalletCard, counterfeit


class Screenshot(Pocket):
    """Of the newest code that a phone showed; it makes no other."""

    def __init__(self, phone: Pocket):
        self.number = phone.number
        self.limits = phone.limits
        self.last = phone.last

    def show(self, utc_s: int) -> bytes:
        """-> the text of that code."""
        return self.last[0]


Held = MifareClassic | WalletCard | Pocket


def put(card: Held) -> None:
    """It is put there."""
    if isinstance(card, MifareClassic):
        card.power_off()
        card.come_back()
        card.power_on()
    elif isinstance(card, WalletCard):
        card.put()


def found(card: Held, utc_s: int) -> tuple | None:
    """What a select finds."""
    if isinstance(card, MifareClassic):
        return ("one", card.uid, 0x08) if card.select() else None
    return card.select() if isinstance(card, WalletCard) else ("code", card.show(utc_s))


def tear(card: Held, commands: int, shape: int | str, noise: bytes) -> bool:
    """It will be pulled away; False for a phone, which has heard all that it will hear."""
    if isinstance(card, Pocket):
        return False
    card.tear_after(commands, shape, noise)
    return True


def calm(card: Held) -> None:
    """What did not tear this tap tears no other."""
    if not isinstance(card, Pocket):
        card.leave_after(None)


def is_gone(card: Held) -> bool:
    """Has it left since it was put there?"""
    return not isinstance(card, Pocket) and card.gone


def tell(oracle: Oracle, terminal: int, number: int, card: Held, command: bytes) -> None:
    """The oracle looks before money may move."""
    if isinstance(card, WalletCard):
        intended = card.intended(command)
        if intended:
            oracle.paying(terminal, number, *intended)
    elif command[0] == air.WRITE and command[1] != identity.BLOCK:
        oracle.writing(terminal, number, command[2:])


def exchange(card: Held, command: bytes) -> tuple[int, bytes]:
    """(status of air, data) of a card command."""
    if isinstance(card, WalletCard):
        said = card.apdu(command)
        return (air.GONE, b"") if said is None else (air.OK, said)
    assert isinstance(card, MifareClassic)
    code, block = command[0], command[1]
    if code in (air.AUTHENTICATE_A, air.AUTHENTICATE_B):
        name = "A" if code == air.AUTHENTICATE_A else "B"
        opened = card.authenticate(block, name, command[2:8], command[8:])
        return (air.GONE if opened is None else air.OK if opened else air.DENIED), b""
    answer = card.transceive(command[:2])
    if code == air.WRITE and answer == ACK:
        answer = card.transceive(command[2:])
    if answer is None:
        return air.GONE, b""
    if isinstance(answer, int):
        return (air.OK if answer == ACK else air.DENIED), b""
    return air.OK, answer


def copied(card: Held, noise: int) -> Held | None:
    """What a thief makes of it: all the bytes of a MIFARE card, a CPU card without the key that no
    terminal has; None of a phone, whose key does not leave it."""
    if isinstance(card, MifareClassic):
        return MifareClassic.load(card.dump())
    return counterfeit(card, noise) if isinstance(card, WalletCard) else None


def witness(card: Held):
    """What the truth of this card reads."""
    if isinstance(card, MifareClassic):
        return lambda: (card.block(purse_m1.BLOCK_A), card.block(purse_m1.BLOCK_B))
    return card.wallet if isinstance(card, WalletCard) else None


def image(card: Held):
    """All that it keeps, for `write_back`."""
    if isinstance(card, WalletCard):
        return deepcopy(card.wallet.__dict__)
    return card.dump()


def write_back(card: Held, kept) -> None:
    """It is again as it was when `image` was taken."""
    if isinstance(card, MifareClassic):
        card.memory[:] = kept
    elif isinstance(card, WalletCard):
        card.wallet.__dict__.update(deepcopy(kept))
