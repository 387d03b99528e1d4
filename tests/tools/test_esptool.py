"""The loader on the bench is one for esptool's own command, too, with and without a fault."""

import subprocess
import sys

PATIENCE_S = 60
PIECE = bytes(range(256)) * 40
AT = "0x210000"


def esptool(board, *arguments, ends=0):
    """-> what the command prints."""
    tool = [sys.executable, "-m", "esptool", "--chip", "esp32s3", "--port", str(board.link)]
    how = ["--before", "no-reset", "--after", "no-reset", "--connect-attempts", "2"]
    done = subprocess.run(
        [*tool, *how, *map(str, arguments)],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == (ends == 0), done.stdout + done.stderr
    return done.stdout + done.stderr


# shows R29
def test_it_says_who_it_is_and_keeps_what_is_written(bench, tmp_path):
    board = bench.esp32(1)
    assert board.chip_id.hex(":") in esptool(board, "read-mac")
    file = tmp_path / "piece.bin"
    file.write_bytes(PIECE)
    assert "Hash of data verified" in esptool(board, "write-flash", AT, file)
    assert "digest matched" in esptool(board, "verify-flash", AT, file)
    back = tmp_path / "back.bin"
    esptool(board, "read-flash", AT, len(PIECE), back)
    assert back.read_bytes() == PIECE


def test_a_byte_that_changes_on_its_way_is_found(bench, tmp_path):
    file = tmp_path / "piece.bin"
    file.write_bytes(PIECE)
    assert "MD5" in esptool(bench.esp32(1, "flip@1"), "write-flash", AT, file, ends=1)
