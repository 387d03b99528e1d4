"""Images: the same bytes anywhere, for one kind, signed; and what the command says."""

import hashlib
import shutil
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from card_layout import p256
from firmware import release
from firmware.core import slots
from firmware.core.layout import Region
from image import build, slot
from protocol import manifest, messages
from terminal_sim.flash import Flash
from terminal_sim.image import PACKAGES, ROOT, RP2040, compiled

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = build.public(KEY.public_key())


@pytest.fixture(scope="module")
def images():
    return {kind: build.build(kind, KEY, 5) for kind in build.KINDS}


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key.pem"
    form = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        KEY.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    return path


def run(folder, *arguments):
    command = [sys.executable, "-m", "image.build", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_how_full_a_slot_is(images):
    head, *lines = build.table(images).split("\n")
    assert head.split("  ")[0] == "kind" and len(lines) == len(images)
    for line, (kind, image) in zip(lines, images.items(), strict=True):
        told = line.replace(",", "").split()
        modules = slot.sizes(image[manifest.SIZE :])
        assert told[:2] == [kind, str(len(modules))]
        assert int(told[2]) == sum(modules.values()) < int(told[3]) == len(image)
        assert len(image) <= int(told[4]) == slot.ROOM_BYTES and 0 < int(told[5]) < 100


def test_the_same_bytes_in_another_folder(tmp_path, key_file, images, monkeypatch):
    tree = tmp_path / "somewhere else"
    for package in (*PACKAGES, "image", "terminal_sim"):
        shutil.copytree(
            ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tree)
    options = ("--kind", "pos", "--key", key_file, "--key-number", 5, "--out", tree / "out")
    done = run(tree, *options)
    assert done.returncode == 0, done.stderr
    there = (tree / "out" / "pos.img").read_bytes()
    assert manifest.parse(there).commit == manifest.NO_COMMIT
    romfs = images["pos"][manifest.SIZE :]
    assert there[manifest.SIZE :] == romfs
    monkeypatch.setattr(build, "git_state", lambda: (manifest.NO_COMMIT, True))
    assert there == build.sign("pos", KEY, 5, romfs)  # the signature too


def test_the_manifest_says_what_it_is(images):
    for kind, image in images.items():
        told = manifest.parse(image)
        romfs = image[manifest.SIZE :]
        assert told.kind == build.KINDS[kind] and told.version == build.version()
        assert told.key == 5 and told.size == len(romfs) <= slot.ROOM_BYTES
        assert told.digest == hashlib.sha256(romfs).digest()


def test_the_boards_own_code_takes_the_signature_and_no_other(images):
    image = images["pos"]
    signed, signature = image[: manifest.SIGNED], image[manifest.SIGNED : manifest.SIZE]
    assert p256.verify(PUBLIC, signed, signature)
    for place in (0, 5, 8, 20, 60, 95):
        other = bytearray(signed)
        other[place] ^= 1
        assert not p256.verify(PUBLIC, bytes(other), signature)
    stranger = build.public(ec.generate_private_key(ec.SECP256R1()).public_key())
    assert not p256.verify(stranger, signed, signature)


def test_a_kind_carries_no_other(images):
    names = {kind: b"%s.mpy" % kind.encode() for kind in images}
    for kind, image in images.items():
        assert names[kind] in image
        assert not [other for other in names if other != kind and names[other] in image]


def test_the_image_carries_the_keys_that_it_trusts(images):
    assert PUBLIC in images["pos"] and PUBLIC in images["gate"]


def test_a_whole_slot_is_started(images):
    flash = Flash(2 * slot.SLOT_BYTES)
    raw = build.slot_of(images["pos"])
    for at in range(0, len(raw), 4096):
        flash.program(at, raw[at : at + 4096])
    sectors = slot.SLOT_BYTES // 4096
    pair = [slots.Slot(flash, Region(n * sectors, sectors)) for n in (0, 1)]
    assert slots.choose(pair, messages.POS, 0) == (0, slots.NORMAL)
    assert slots.choose(pair, messages.GATE, 0) is None
    assert pair[0].state == slots.CONFIRMED and raw[: len(images["pos"]) - manifest.SIZE] in raw


def test_the_tree_has_the_version_of_the_project():
    assert build.version() == release.VERSION and release.KEYS == {}


def test_a_key_is_made_outside_the_tree_and_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    first = build.private_key(None)
    assert str(tmp_path) in capsys.readouterr().err
    (made,) = tmp_path.rglob("*.pem")
    assert made.stat().st_mode & 0o777 == 0o600
    again = build.private_key(None)
    assert build.public(again.public_key()) == build.public(first.public_key())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAA==\n"])
def test_what_is_no_key_is_said_in_one_line(tmp_path, text):
    path = tmp_path / "key.pem"
    path.write_text(text)
    done = run(ROOT, "--key", path, "--out", tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("no image: ")
    assert len(done.stderr.splitlines()) == 1


def test_what_is_in_a_slot_is_what_was_compiled():
    told = slot.sizes(slot.pack())
    there = compiled(RP2040)
    made = {str(path.relative_to(there)): path.stat().st_size for path in there.rglob("*.mpy")}
    del made["firmware/boards/unix.mpy"]
    assert told == made
