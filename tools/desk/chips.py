"""What lies on a reader, and what every reader can do with it.

Two readers have this shape: PC/SC (part3) and a PN532 at a serial port (pn532). `Gone` may come out
of each call; a refusal of the card is an answer.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from tools.desk.faults import Fault, Gone

MIFARE, CPU = "mifare", "cpu"
BLANK, ISSUED, SPOILED = "blank", "issued", "spoiled"  # what a chip is that was begun


class Chip(NamedTuple):
    """kind: MIFARE or CPU."""

    kind: str
    uid: bytes

    def still(self, found: Chip | None) -> None:
        """Is what was `found` this one? Gone; Fault other_card."""
        if found is None:
            raise Gone
        if found != self:
            raise Fault("other_card", uid=found.uid.hex(), wanted=self.uid.hex())


class Made(NamedTuple):
    """A card as the server made it for one chip: number, fee, and what is to be written. blocks:
    of MIFARE, in order, the trailer last; wallet: of a CPU card, by name. Never shown."""

    card: int
    fee_fen: int
    balance_fen: int
    blocks: list[tuple[int, bytes]]
    wallet: dict[str, bytes]


class Reader(Protocol):
    """One reader with at most one card. Faults: no_reader and what else a reader can say."""

    def look(self) -> Chip | None:
        """Who lies there, selected anew; None: nobody. Fault two_cards, unknown_kind."""

    def again(self) -> None:
        """The same card, as after power-on. Gone if it is gone, Fault other_card."""

    def authenticate(self, block: int, key_name: str, key: bytes) -> bool:
        """MIFARE: open the sector of a block with key "A" or "B"."""

    def read(self, block: int) -> bytes | None:
        """16 bytes; None: refused."""

    def write(self, block: int, data: bytes) -> bool:
        """16 bytes; False: refused."""

    def apdu(self, command: bytes) -> tuple[bytes, int]:
        """CPU card: data and status word."""

    def close(self) -> None:
        """Give the reader back."""
