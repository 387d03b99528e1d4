"""The ESP32-S3's loader on the bench, asked by a client that is not ours: esptool's command."""

import subprocess
import sys

import pytest

from terminal_sim import esp_rom
from terminal_sim.usb_esp32 import UsbEsp32, table
from tests.tools import esp_images

MAC = bytes.fromhex("7cdfa1c0ffee")
PATIENCE_S = 120


@pytest.fixture
def bench(tmp_path):
    """bench(fault) -> a board in its loader."""
    boards = []

    def plug(fault=""):
        board = UsbEsp32(MAC, tmp_path, fault=fault, holds_boot=True)
        board.plug()
        board.start()
        boards.append(board)
        return board

    yield plug
    for board in boards:
        board.power_off()


def esptool(board, *arguments, after="no-reset", stub=True):
    """-> (exit code, what it printed)."""
    command = [sys.executable, "-m", "esptool", "--port", board.link, "--before", "no-reset"]
    command += ["--after", after, "--connect-attempts", "1"] + ([] if stub else ["--no-stub"])
    done = subprocess.run(
        [*map(str, command), *map(str, arguments)],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "base.bin"
    path.write_bytes(esp_images.base())
    return path


def test_it_is_an_esp32_s3_with_8_megabytes(bench):
    code, said = esptool(bench(), "flash-id")
    assert code == 0 and "ESP32-S3" in said and "8MB" in said and "7c:df:a1:c0:ff:ee" in said


@pytest.mark.parametrize("stub", [True, False])
def test_write_verify_read_erase(bench, file, tmp_path, stub):
    board = bench()
    code, said = esptool(board, "write-flash", "0", file, stub=stub)
    assert code == 0 and "Hash of data verified" in said
    content = file.read_bytes()
    assert bytes(board.loader.flash[: len(content)]) == content
    if not stub:
        return  # the ROM cannot read or erase at will
    assert esptool(board, "verify-flash", "0", file)[0] == 0
    read = tmp_path / "read.bin"
    assert esptool(board, "read-flash", "0x10000", "0x4000", read)[0] == 0
    assert read.read_bytes() == content[0x10000:0x14000]
    assert esptool(board, "erase-region", "0x10000", "0x1000")[0] == 0
    assert board.loader.flash[0x10000:0x11000] == b"\xff" * 0x1000
    assert esptool(board, "verify-flash", "0", file)[0] != 0


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("flip@2", "MD5 of file does not match"),
        ("drop@2", "No more data"),
        ("mute", "Failed to connect"),
        ("unplug@b2", ""),
    ],
)
def test_faults_are_those_of_a_desk(bench, file, fault, says, tmp_path, monkeypatch):
    config = tmp_path / "esptool.cfg"  # its patience is not what is tested
    config.write_text("[esptool]\nwrite_block_attempts = 1\n")
    monkeypatch.setenv("ESPTOOL_CFGFILE", str(config))
    code, said = esptool(bench(fault), "write-flash", "0", file)
    assert code != 0 and says in said


def test_after_a_reset_it_looks_at_its_flash(bench, file):
    board = bench()
    esptool(board, "write-flash", "0", file, after="watchdog-reset")
    with board.lock:
        assert board._console is None  # a partition table that is none
        with pytest.raises(ValueError, match="MD5"):
            table(board.loader.flash)


def test_a_packet_with_a_wrong_sum_or_of_no_known_kind_is_refused():
    loader = esp_rom.Loader(bytearray(b"\xff" * 8192), MAC)
    unknown = loader.feed(esp_rom.slip(b"\0\x77\0\0\0\0\0\0"))
    assert unknown[9:11] == b"\x01\x05"
    begin = b"\0\x02\x10\0\0\0\0\0" + bytes(16)
    assert loader.feed(esp_rom.slip(begin))[9:11] == b"\0\0"
    block = b"\0\x03\x11\0\x55\0\0\0" + b"\x01" + bytes(15) + b"\x42"
    assert loader.feed(esp_rom.slip(block))[9:11] == b"\x01\x07"
    assert loader.feed(b"\xc0\xc0\xc0garbage") == b"" and loader.blocks == 0


def test_slip_there_and_back_whatever_the_bytes():
    loader = esp_rom.Loader(bytearray(b"\xff" * 8192), MAC)
    content = bytes(range(256)) * 2
    summed = 0xEF
    for byte in content:
        summed ^= byte
    head = b"\0\x03\x10\x02" + bytes((summed, 0, 0, 0)) + (512).to_bytes(4, "little")
    sent = esp_rom.slip(head + bytes(12) + content)
    loader.feed(sent[:100])
    loader.feed(sent[100:])
    assert bytes(loader.flash[:512]) == content
