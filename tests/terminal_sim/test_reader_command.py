"""`campus reader` as its user sees it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from card_layout import keys, purse_m1
from protocol.aes import Aes
from terminal_sim.commands.reader import command, make_card
from terminal_sim.mifare import MifareClassic

ROOT = Path(__file__).parent.parent.parent
MASTERS = bytes(range(48)).hex()
UID = bytes.fromhex("04112233445566")


def started(*arguments):
    """-> the running command, its output up to the line that says where the reader is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "terminal_sim.commands.reader", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("reader at"):
            break
    return process, "".join(lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ends_cleanly(tmp_path, number):
    link, save, key_file = tmp_path / "reader", tmp_path / "card.mfd", tmp_path / "keys.mfd"
    process, said = started("--pty", link, "--save", save, "--keys", key_file)
    assert "LIBNFC_DEFAULT_DEVICE=pn532_uart:" + str(link) in said
    assert "nfc-mfclassic r A u dump.mfd" in said
    assert str(link.readlink()).startswith("/dev/")
    process.send_signal(number)
    rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert "0 card commands" in rest
    assert not link.is_symlink()
    assert save.read_bytes() == key_file.read_bytes()


def test_student_card_is_a_campus_card():
    card = make_card("mifare", UID, MASTERS, 1234)
    mac = keys.card_mac(Aes(bytes(range(32, 48))).ecb, UID)
    purse, _, _ = purse_m1.choose(card.block(5), card.block(6), UID, mac)
    assert purse.balance_fen == 1234
    key_a = keys.sector_key(Aes(bytes(range(16))).ecb, UID, 1, "A")
    assert card.block(7)[:6] == key_a


def test_keys_differ_from_start_to_start():
    assert make_card("mifare", UID, "", 1).dump() != make_card("mifare", UID, "", 1).dump()


def test_blank_and_file(tmp_path):
    blank = make_card("blank", UID, "", 0)
    assert blank.dump() == MifareClassic(UID).dump()
    path = tmp_path / "card.mfd"
    path.write_bytes(blank.dump())
    assert make_card(str(path), b"", "", 0).uid == UID


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--card", "cpu", "--keys", "k.mfd"], "gives its keys and files to nobody"),
        (["--card", "cpu", "--save", "c.mfd"], "gives its keys and files to nobody"),
        (["--card", "absent.mfd"], "no card in absent.mfd"),
        (["--card", "short.mfd"], "a dump of 5 bytes"),
        (["--uid", "12"], "1 bytes, not 4 or 7"),
        (["--uid", "xyz"], "not hexadecimal"),
        (["--uid", "88112233"], "cascade tag"),
        (["--masters", "00"], "1 bytes, not 48"),
        (["--balance", "-1"], "balance_fen"),
        (["--balance", "20000000"], "balance_fen"),
        (["--keys", "absent/keys"], "cannot write"),
    ],
)
def test_mistakes_are_told(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("short.mfd").write_bytes(b"12345")
    done = CliRunner().invoke(command, ["--pty", "reader", *arguments])
    assert done.exit_code != 0
    assert message in done.output
    assert "Traceback" not in done.output
    assert not Path("reader").is_symlink()


def test_file_in_the_way(tmp_path):
    (tmp_path / "reader").write_text("mine")
    done = CliRunner().invoke(command, ["--pty", str(tmp_path / "reader")])
    assert done.exit_code == 1
    assert "cannot make" in done.output
