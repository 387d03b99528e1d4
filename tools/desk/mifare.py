"""A MIFARE Classic card at the desk: blank, written, read back, wiped.

1. The trailer is the last thing that is written; until then the card opens with the delivered
   keys, so it is blank, whatever its blocks hold.
2. Before the trailer is written the blocks are read back. After it, with the new keys, again.
3. A trailer that is torn cannot be mended by anybody: such a card is spoiled, and that is said.
Blocks and their order come from the server (card_layout.sectors.personalise).
"""

from __future__ import annotations

from typing import Any

from card_layout import identity, purse_m1
from card_layout.sectors import TRAILER_BLOCK
from tools.desk.chips import BLANK, ISSUED, SPOILED, Chip, Made, Reader
from tools.desk.faults import Fault

DELIVERED_KEY = b"\xff" * 6
_DELIVERED_ACCESS = bytes.fromhex("ff0780")
_DELIVERED_TRAILER = DELIVERED_KEY + _DELIVERED_ACCESS + b"\x69" + DELIVERED_KEY
_READ = (identity.BLOCK, purse_m1.BLOCK_A, purse_m1.BLOCK_B)
_ACCESS = slice(6, 10)
_EMPTY = bytes(16)


def is_blank(reader: Reader, chip: Chip) -> bool:
    """Does it open as delivered? Then it is open. Fault protected: its access bits are others."""
    if not reader.authenticate(TRAILER_BLOCK, "A", DELIVERED_KEY):
        return False
    trailer = reader.read(TRAILER_BLOCK)
    if trailer is None or trailer[6:9] != _DELIVERED_ACCESS:
        raise Fault("protected", uid=chip.uid.hex())
    return True


def stands(reader: Reader, chip: Chip, made: Made) -> str:
    """BLANK (and open), ISSUED, or SPOILED."""
    if is_blank(reader, chip):
        return BLANK
    return ISSUED if _is_whole(reader, chip, made) else SPOILED


def write(reader: Reader, chip: Chip, made: Made) -> None:
    """All but the trailer, onto a card that is open, read back. Fault refused_write, unlike; then
    it is blank."""
    for block, data in made.blocks[:-1]:
        if not reader.write(block, data):
            raise Fault("refused_write", uid=chip.uid.hex(), what=block)
    _compare(reader, chip, made)


def close(reader: Reader, chip: Chip, made: Made) -> None:
    """The trailer: from here on it is issued. Fault refused_write: then it is blank."""
    block, data = made.blocks[-1]
    if not reader.write(block, data):
        raise Fault("refused_write", uid=chip.uid.hex(), what=block)


def verify(reader: Reader, chip: Chip, made: Made) -> None:
    """Read back after power-on, with its new keys. Fault unlike, spoiled."""
    reader.again()
    if not _is_whole(reader, chip, made):
        raise Fault("spoiled", uid=chip.uid.hex(), card=made.card)


def read(reader: Reader, keys_a: list[bytes]) -> dict[str, Any] | None:
    """Identity and purse, as the server wants them; None if none of these keys opens it."""
    if not any(reader.authenticate(TRAILER_BLOCK, "A", key) for key in keys_a):
        return None
    found = {str(block): reader.read(block) for block in _READ}
    return {"blocks": {name: data.hex() for name, data in found.items() if data is not None}}


def put(reader: Reader, block: int, data: bytes, keys_b: list[bytes]) -> bool:
    """One purse block. -> did the card let it?"""
    is_open = any(reader.authenticate(TRAILER_BLOCK, "B", key) for key in keys_b)
    return is_open and reader.write(block, data)


def wipe(reader: Reader, keys_b: list[bytes]) -> bool:
    """Blank again, the identity first, the keys last. -> did the card let it?"""
    steps = [(block, _EMPTY) for block in _READ] + [(TRAILER_BLOCK, _DELIVERED_TRAILER)]
    is_open = any(reader.authenticate(TRAILER_BLOCK, "B", key) for key in keys_b)
    return is_open and all(reader.write(block, data) for block, data in steps)


def _is_whole(reader: Reader, chip: Chip, made: Made) -> bool:
    _, trailer = made.blocks[-1]
    if not reader.authenticate(TRAILER_BLOCK, "A", trailer[:6]):
        return False
    found = reader.read(TRAILER_BLOCK)
    if found is None or found[_ACCESS] != trailer[_ACCESS]:
        return False
    _compare(reader, chip, made)
    return reader.authenticate(TRAILER_BLOCK, "B", trailer[10:])


def _compare(reader: Reader, chip: Chip, made: Made) -> None:
    for block, data in made.blocks[:-1]:
        if reader.read(block) != data:
            raise Fault("unlike", uid=chip.uid.hex(), what=block)
