"""Images and base files are refused with a sentence before any board is touched."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from image import build, uf2
from protocol import manifest
from tests.tools import esp_images
from tools.fault import EN, LANGUAGES
from tools.flashing import esp32s3, files
from tools.flashing.faults import Fault
from tools.flashing.sentences import SENTENCES


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def raw(key):
    return build.sign("pos", key, 3, bytes(range(256)) * 40)


@pytest.fixture
def check(key, tmp_path):
    """check(bytes, wanted) -> name of the Fault, or None."""

    def run(content, wanted=None, trusted=None):
        path = tmp_path / "a.img"
        path.write_bytes(content)
        keys = {3: build.public(key.public_key())} if trusted is None else trusted
        try:
            files.image(path, keys, wanted)
        except Fault as fault:
            assert str(path) in fault.says(EN) or fault.name == "other_kind"
            return fault.name
        return None

    return run


def test_a_whole_image_of_the_right_kind(check, raw):
    assert check(raw) is None and check(raw, "pos") is None


def test_of_another_kind(check, raw):
    assert check(raw, "gate") == "other_kind"


def test_one_bit_flipped_anywhere_of_head_or_content(check, raw):
    for at in [*range(0, manifest.SIZE, 7), manifest.SIZE, len(raw) - 1]:
        bad = bytearray(raw)
        bad[at] ^= 1
        assert check(bytes(bad)) in ("bad_image", "forged", "strange_key"), at


def test_cut_short_anywhere(check, raw):
    for end in (0, 1, manifest.SIGNED, manifest.SIZE, len(raw) - 1):
        assert check(raw[:end]) == "bad_image"
    assert check(raw + b"x") == "bad_image"


def test_signed_by_another_key(check, raw):
    other = ec.generate_private_key(ec.SECP256R1())
    assert check(raw, trusted={}) == "strange_key"
    assert check(raw, trusted={3: build.public(other.public_key())}) == "forged"


def test_older_than_the_boards(check, raw, key, tmp_path):
    path = tmp_path / "a.img"
    path.write_bytes(raw)
    made = files.image(path, {3: build.public(key.public_key())}, None)
    head = manifest.parse(raw)
    newer = bytes(manifest.pack(head._replace(version=(9, 0, 0)))) + bytes(64)
    files.refuse_older(made, [raw[:160], b"\xff" * 160])
    with pytest.raises(Fault, match="9.0.0, newer"):
        files.refuse_older(made, [b"\xff" * 160, newer])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda f: f[:-1], "block"),
        (lambda f: f[:-512], "out of its place"),
        (lambda f: f[512:], "out of its place"),
        (lambda f: f[:28] + b"\x00" * 4 + f[32:], "not for an RP2040"),
        (lambda f: b"", "an empty file"),
        (lambda f: b"PK" + f, "no UF2 block"),
        (lambda f: uf2.pack(bytes(700_000)), "at most 655360"),
        (lambda f: uf2.pack(bytes(256), 0x20000000), "0x20000000"),
    ],
)
def test_a_uf2_file_that_is_none(tmp_path, change, why):
    path = tmp_path / "a.uf2"
    path.write_bytes(change(uf2.pack(bytes(5000))))
    with pytest.raises(Fault, match=why):
        files.rp2_base(path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda f: f[:0x8000], "app"),
        (lambda f: f[:-40], "app"),
        (lambda f: b"", "boot loader"),
        (lambda f: f[:0x100] + b"\x01" + f[0x101:], "boot loader: its"),
        (lambda f: f[:-1] + bytes((f[-1] ^ 1,)), "app: its SHA-256"),
        (lambda f: f[:12] + b"\x05\x00" + f[14:], "boot loader: "),
    ],
)
def test_an_esp32_file_that_is_none(tmp_path, change, why):
    path = tmp_path / "a.bin"
    path.write_bytes(change(esp_images.base()))
    with pytest.raises(Fault, match=why):
        files.esp_base(path)


def test_our_partition_table_is_what_a_boot_loader_reads():
    from terminal_sim.usb_esp32 import table

    flash = bytearray(b"\xff" * 0x10000)
    flash[0] = 0xE9
    flash[0x8000:0x9000] = esp32s3.table()
    told = table(flash)
    assert told == {name: part[2:] for name, part in esp32s3.PARTITIONS.items()}
    spans = sorted(told.values())
    assert all(a + n <= b for (a, n), (b, _) in zip(spans, spans[1:], strict=False))
    assert sum(spans[-1]) <= esp32s3.FLASH_BYTES and all(a % 4096 == 0 for a, _ in spans)


@pytest.mark.parametrize("name", SENTENCES)
def test_every_sentence_is_there_in_both_languages_and_says_what_to_do(name):
    zh, en = SENTENCES[name]
    assert len(LANGUAGES) == 2 and zh.isascii() is False and en.isascii()
    assert {p.split("}")[0] for p in zh.split("{")[1:]} == {
        p.split("}")[0] for p in en.split("{")[1:]
    }
