"""The console on the bench is one for mpremote's own command, too."""

import subprocess
import sys

PATIENCE_S = 60


def mpremote(board, *arguments):
    command = [sys.executable, "-m", "mpremote", "connect", str(board.link), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.replace("\r", "").strip()


def test_it_says_who_it_is_and_keeps_files(bench, tmp_path):
    board = bench.rp2(1, boot=False)
    said = mpremote(board, "exec", "import machine; print(machine.unique_id().hex())")
    assert said == board.chip_id.hex()
    file = tmp_path / "config.json"
    file.write_text('{"pins": null}')
    mpremote(board, "cp", str(file), ":config.json")
    assert mpremote(board, "cat", ":config.json") == '{"pins": null}'
    assert mpremote(board, "exec", "import flash_map; print(flash_map.data().ioctl(4, 0))") == "201"
