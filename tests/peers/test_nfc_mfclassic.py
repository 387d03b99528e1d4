"""nfc-mfclassic of libnfc dumps and writes whole cards; a dump must be the card's memory, keys
included. Version 1.8.0 writes only the first block of each sector (its loop closes too late), so
what it wrote is judged by the commands that it sent; test_libnfc.py writes every block."""

import pytest

from card_layout import sectors
from tests.peers.cards import LONG_UID, UID, blank, student
from tests.peers.served import Served


def keys_of(card, tmp_path):
    path = tmp_path / "keys.mfd"
    path.write_bytes(card.dump())
    return path


@pytest.mark.parametrize("uid", [UID, LONG_UID], ids=["4 bytes", "7 bytes"])
@pytest.mark.parametrize("make", [blank, student])
def test_read(make, uid, tmp_path):
    card, dump = make(uid), tmp_path / "dump.mfd"
    with Served(card) as reader:
        said = reader.run("nfc-mfclassic", "r", "a", "u", dump, keys_of(card, tmp_path), "f")
        assert "64 of 64 blocks read" in said
        assert dump.read_bytes() == card.dump()
        counts = reader.chip.meter.counts
        assert (counts["authenticate"], counts["read"]) == (16, 64)


def test_read_blank_without_keys(tmp_path):
    card, dump = blank(), tmp_path / "dump.mfd"
    with Served(card) as reader:
        said = reader.run("nfc-mfclassic", "r", "a", "u", dump)
    assert "64 of 64 blocks read" in said
    read, memory = dump.read_bytes(), card.dump()
    for block in range(64):
        if block % 4 != 3:
            assert read[block * 16 : block * 16 + 16] == memory[block * 16 : block * 16 + 16]


def test_student_card_keeps_its_sector_from_factory_keys(tmp_path):
    with Served(student()) as reader:
        said = reader.run(
            "nfc-mfclassic", "r", "A", "u", tmp_path / "dump.mfd", keys_of(blank(), tmp_path), "f"
        )
    assert f"authentication failed for block {sectors.TRAILER_BLOCK:#04x}" in said


def test_key_b_opens_the_campus_sector_only(tmp_path):
    """In the others key B can be read, and so is none."""
    card, dump = student(), tmp_path / "dump.mfd"
    with Served(card) as reader:
        said = reader.run("nfc-mfclassic", "r", "B", "u", dump, keys_of(card, tmp_path), "f")
    assert "4 of 64 blocks read" in said
    at = sectors.IDENTITY_BLOCK * 16
    assert dump.read_bytes()[at : at + 64] == card.dump()[at : at + 64]


def written(card, name, image, tmp_path):
    """Let it write `image` with key `name` -> blocks that it wrote."""
    path = tmp_path / "new.mfd"
    path.write_bytes(image)
    with Served(card) as reader:
        reader.chip.meter.trace = []
        reader.run("nfc-mfclassic", "w", name, "u", path, keys_of(card, tmp_path), "f")
        return [block for command, block in reader.chip.meter.trace if command == "write"]


def test_write_blank(tmp_path):
    card = blank()
    before = card.dump()
    image = blank()
    for number in range(4, 64):
        if number % 4 != 3:
            image.memory[number * 16 : number * 16 + 16] = b"peers wrote %4d" % number + b"."
    blocks = written(card, "a", image.dump(), tmp_path)
    assert set(range(4, 64, 4)) <= set(blocks)
    for number in range(64):
        at = slice(number * 16, number * 16 + 16)
        assert card.dump()[at] == (image.dump() if number in blocks else before)[at]


def test_write_student_card(tmp_path):
    """Key A reads and never writes the campus sector; key B writes it."""
    for name, changes in (("A", False), ("B", True)):
        card = student()
        before = card.block(sectors.IDENTITY_BLOCK)
        image = bytearray(card.dump())
        image[64:80] = b"written by peers"
        blocks = written(card, name, bytes(image), tmp_path)
        assert sectors.IDENTITY_BLOCK in blocks
        assert card.block(sectors.IDENTITY_BLOCK) == (bytes(image[64:80]) if changes else before)
