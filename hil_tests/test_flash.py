"""`campus flash` at a real base firmware: the emulated chip's own console, flash and random bytes.

Most of the image is in its slot already, since the emulated chip is slow; one block of it is wrong
and must be found and written again. The clock is not tested: the chip's time is its own.
"""

import json
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.core.layout import SECTOR
from hil_tests.emulated import factory
from hil_tests.emulated.board import Board
from hil_tests.emulated.port import Port
from image import build, slot
from protocol import claim as seals
from protocol import keypage
from tools.flashing import ports, selftest

PATIENCE_S = 600  # a busy PC makes a slow chip
CODE = seals.code_of(bytes(range(20)))
TOOL = (sys.executable, "-m", "sync_server", "flash")
OTHER = bytes(range(3, 35, 2))


def kit(folder):
    """One number and card keys, sealed by the code."""
    code = seals.read_code(CODE)
    page = keypage.pack(5, 1, OTHER, OTHER[1:] + b"a", OTHER[1:] + b"b", OTHER[1:] + b"c")
    name, key = seals.name_of(code), seals.key_of(code)
    sealed = seals.seal(seals.KIT, name, key, bytes(seals.NONCE), seals.pack_pages([page]))
    file = folder / "kit.json"
    file.write_text(json.dumps({"kit": sealed.hex()}))
    return file


def follow(board, pins):
    """Each pad follows its output, as on a chip; the emulator has them apart. -> names of those
    that were high, as they come."""
    moved = set()
    for name, number in pins.items():
        pad = board.chip.gpio[number]

        def on_level(_at, level, name=name, pad=pad):
            pad.set_input_value(level)
            if level:
                moved.add(name)

        board.watch(number, on_level)
    return moved


def test_a_real_base_firmware_becomes_a_terminal(emulated, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    image = tmp_path / "pos.img"
    image.write_bytes(build.build("pos", key))
    public = tmp_path / "public.pem"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    wanted = build.slot_of(image.read_bytes())
    flash = bytearray(factory.make(b"", None))
    flash[factory.STORAGE_AT : factory.STORAGE_AT + slot.SLOT_BYTES] = wanted
    wrong = factory.STORAGE_AT + 3 * SECTOR
    flash[wrong : wrong + SECTOR] = b"\xff" * SECTOR
    board = Board(bytes(flash))
    moved = follow(board, selftest.wiring(ports.RP2, {})["pins"])
    board.run(0.5)
    port = Port(board)
    tool = [
        *(*TOOL, "--port", port.path, "--drive", "none"),
        *("--image", str(image), "--trust", f"1={public}", "--kit", str(kit(tmp_path))),
        *("--claim", CODE, "--work", str(tmp_path / "work"), "--wait", "200"),
        *("--skip", "clock", "--skip", "reader"),
    ]
    try:
        code, said = port.command(tool, PATIENCE_S)
    finally:
        port.close()
    assert code == 0, said
    there = board.content()
    assert there[factory.STORAGE_AT : factory.STORAGE_AT + slot.SLOT_BYTES] == wanted
    page = keypage.unpack(there[factory.DATA_AT : factory.DATA_AT + keypage.SIZE])
    assert page.number == 5 and page.sector_a == OTHER[1:] + b"a" and page.enrolment != OTHER
    assert moved == {"barrier", "valve"}  # by the self-test
    (row,) = json.loads((tmp_path / "work" / "report.json").read_text())["boards"]
    assert row["state"] == "done" and "campus 1.25.0" in row["board"], row
