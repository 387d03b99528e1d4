"""`campus sim` worked from a pipe: keys are heard, its end ends the terminal in order."""

from __future__ import annotations

import json
import subprocess
import sys

from protocol import keypage, messages

WAIT_S = 60


def test_keys_from_a_pipe_are_heard_and_its_end_switches_off(tmp_path):
    secrets = [bytes((n,)) + bytes(range(15)) for n in range(1, 5)]
    page = tmp_path / "page"
    page.write_text(keypage.pack(7, messages.POS, *secrets).hex())
    command = [sys.executable, "-m", "sync_server", "sim", "--kind", "pos", "--page", str(page)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def shows(words):
            """Read until the panel does, as a person would."""
            assert any(words in line for line in process.stdout)

        shows("未就绪")
        for keys, words in (("1250#", "应付 12.50 元"), ("*", "0.00 元")):
            process.stdin.write(f"{keys}\n")
            process.stdin.flush()
            shows(words)
        rest = process.communicate(timeout=WAIT_S)[0]
    assert process.returncode == 0
    assert json.loads(rest.splitlines()[-1])["terminal"] == 7


def test_a_valve_waits_for_its_server(tmp_path):
    secrets = [bytes((n,)) + bytes(range(15)) for n in range(1, 5)]
    page = tmp_path / "page"
    page.write_text(keypage.pack(8, messages.WATER, *secrets).hex())
    command = [sys.executable, "-m", "sync_server", "sim", "--kind", "water", "--page", str(page)]
    done = subprocess.run(
        command, input="tap\n", capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    *shown, report = done.stdout.splitlines()
    assert any("未就绪" in line for line in shown)
    assert json.loads(report)["terminal"] == 8
