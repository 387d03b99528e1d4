"""What is flashed: the same bytes from the same sources, and where they lie."""

import ast
from pathlib import Path

import pytest

from firmware.core.layout import LAYOUTS, SECTOR
from hil_tests.emulated import factory
from image import base, slot, uf2

FLASH_MAP = Path(base.__file__).parent / base.BOARD / "modules" / "flash_map.py"


def test_a_slot_is_the_same_twice():
    content = slot.pack()
    assert content == slot.pack() and content[:3] == b"\xd2\xcd\x31"
    assert len(content) <= slot.SLOT_BYTES


def test_the_board_and_the_core_agree_on_the_map():
    """The base firmware carries these numbers; the core's table decides them."""
    told = {}
    for line in ast.parse(FLASH_MAP.read_text()).body:
        if isinstance(line, ast.Assign):
            value = compile(ast.Expression(line.value), "flash_map", "eval")
            told[line.targets[0].id] = eval(value, dict(told))
    assert told["SLOT_BYTES"] == slot.SLOT_BYTES and told["SLOTS"] == factory.SLOTS
    assert told["DATA_BYTES"] == LAYOUTS["rp2"].sectors * SECTOR
    assert told["DATA_AT"] + factory.STORAGE_AT == factory.DATA_AT
    assert told["FILES_AT"] + factory.STORAGE_AT == factory.FILES_AT < factory.FLASH_BYTES


def test_uf2_there_and_back():
    for length in (1, 256, 257, 5000):
        binary = bytes(range(251)) * 20
        at, content = uf2.unpack(uf2.pack(binary[:length]))
        assert at == uf2.FLASH_AT and content.rstrip(b"\0") == binary[:length].rstrip(b"\0")


@pytest.mark.parametrize("place", [0, 4, 8, 12, 16, 20, 24, 28, 508, 512, 600])
def test_a_damaged_uf2_is_refused(place):
    """But for its content, which UF2 does not protect: that is the image's signature."""
    file = bytearray(uf2.pack(bytes(1000)))
    file[place] ^= 1
    if place == 600:
        file = file[:600]
    with pytest.raises(ValueError, match="block"):
        uf2.unpack(bytes(file))


def test_nothing_is_no_uf2():
    with pytest.raises(ValueError, match="empty"):
        uf2.unpack(b"")
