"""`campus sim` worked from a pipe: keys and cards are heard, its end ends the terminal in order."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from protocol import keypage, messages
from terminal_sim.server import ServerProcess

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


@pytest.fixture
def server(tmp_path):
    made = ServerProcess(tmp_path)
    made.start()
    yield made
    made.stop()


def test_a_relay_sells_power_to_the_card_that_lies_there(server, tmp_path):
    command = [
        *(sys.executable, "-m", "sync_server", "sim", "--kind", "water", "--power"),
        *("--server", server.tcp, "--http", server.http),
        *("--token-file", str(next(tmp_path.glob("*token*")))),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def after(line, words):
            """Say it, then read until the panel shows that."""
            process.stdin.write(line)
            process.stdin.flush()
            assert any(words in shown for shown in process.stdout)

        after("", "请刷卡")
        after("card\n", "已通电")
        after("", "度")
        after("take\n", "应退")
        process.communicate(timeout=WAIT_S)
    assert process.returncode == 0


def test_power_is_a_valves_and_of_a_server():
    command = [sys.executable, "-m", "sync_server", "sim", "--kind", "pos", "--power"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode != 0 and "--power needs" in done.stderr
