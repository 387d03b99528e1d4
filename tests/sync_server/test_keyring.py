"""The key file: its owner's alone, whole or not at all, and silent about what is in it."""

import stat
import traceback

import pytest

from protocol import keypage
from sync_server.keyring import NAMES, BadKeyFile, Keyring


def beside(tmp_path):
    return Keyring.beside(tmp_path / "c.db"), tmp_path / "c.db.keys"


def test_made_once_for_its_owner_only(tmp_path):
    first, path = beside(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [line.split()[0] for line in path.read_text().splitlines()] == list(NAMES)
    again, _ = beside(tmp_path)
    assert again.terminal_key(3, 1) == first.terminal_key(3, 1)
    assert [found.name for found in tmp_path.iterdir()] == ["c.db.keys"]


def test_keys_differ_by_number_and_generation(tmp_path):
    keyring, _ = beside(tmp_path)
    keys = {keyring.terminal_key(n, g) for n in (1, 2, 65534) for g in (1, 2)}
    assert len(keys) == 6 and all(len(key) == 16 for key in keys)
    assert keyring.deriver(1, 1)(b"s", b"i", 40) != keyring.deriver(1, 2)(b"s", b"i", 40)


def test_a_gate_gets_no_key_to_write(tmp_path):
    keyring, path = beside(tmp_path)
    masters = dict(line.split() for line in path.read_text().splitlines())
    pages = {kind: keyring.page(9, kind, 1).hex() for kind in ("pos", "water", "gate")}
    assert masters["sector_b"] in pages["pos"] and masters["sector_b"] in pages["water"]
    assert masters["sector_b"] not in pages["gate"]
    assert all(masters["terminal"] not in page for page in pages.values())
    assert keypage.unpack(bytes.fromhex(pages["gate"]))


@pytest.mark.parametrize("harm", ["cut", "no hex", "empty", "binary", "twice"])
def test_a_damaged_file_is_refused_and_nothing_of_it_told(tmp_path, harm):
    _, path = beside(tmp_path)
    whole = path.read_bytes()
    secrets = [line.split()[1] for line in whole.splitlines()]
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "no hex": whole[:-3] + b"zz\n",
            "empty": b"",
            "binary": whole[:-3] + b"\xff\xfe\n",
            "twice": whole.replace(b"purse", b"terminal"),
        }[harm]
    )
    with pytest.raises(BadKeyFile) as caught:
        beside(tmp_path)
    told = "".join(traceback.format_exception(caught.value))
    assert not any(secret.decode()[:8] in told for secret in secrets)
    assert str(path) in str(caught.value)


def test_no_error_tells_a_key(tmp_path):
    keyring, path = beside(tmp_path)
    secrets = [line.split()[1] for line in path.read_text().splitlines()]
    card = {
        "number": 1, "holder_kind": 2, "valid_until": 13000, "list_stamp": 0, "zones": 1,
        "balance_fen": 5, "uid": "5a000001", "key_version": 1,
    }  # fmt: skip
    wrong = [
        lambda: keyring.page(70_000, "pos", 1),
        lambda: keyring.page(1, "boat", 1),
        lambda: keyring.terminal_key(1, -1),
        lambda: keyring.personalise(card | {"uid": "xy"}),
        lambda: keyring.personalise(card | {"balance_fen": 1 << 30}),
        lambda: keyring.personalise({}),
    ]
    for call in wrong:
        with pytest.raises(Exception) as caught:  # noqa: B017, PT011 any kind: its text matters
            call()
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.args)
        keys = [*secrets, *(str(bytes.fromhex(secret))[2:-1] for secret in secrets)]
        assert not any(key in told for key in keys)
    assert not any(secret in repr(keyring) for secret in secrets)
    assert len(keyring.personalise(card)) > 3


@pytest.mark.parametrize("key", ["00" * 16, "ff" * 16, bytes(range(0x30, 0x40)).hex()])
@pytest.mark.parametrize("name", NAMES)
def test_a_key_that_everybody_tries_first_is_refused(tmp_path, name, key):
    """A file that a tool or a disk has zeroed would enrol terminals under a key of everybody."""
    _, path = beside(tmp_path)
    lines = [line for line in path.read_text().splitlines() if not line.startswith(name)]
    path.write_text("\n".join([*lines, f"{name} {key}"]) + "\n")
    with pytest.raises(BadKeyFile, match="tries first"):
        beside(tmp_path)
