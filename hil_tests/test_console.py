"""The tool that technicians use on the board's console: the real mpremote, as a command."""

import sys

import pytest

from hil_tests.emulated import factory
from hil_tests.emulated.board import Board
from hil_tests.emulated.port import Port

PATIENCE_S = 60


@pytest.fixture(scope="module")
def mpremote(emulated):
    """mpremote(arguments...) -> what it prints; at a board without a configuration."""
    board = Board(factory.make(b"", None))
    board.run(0.3)
    port = Port(board)

    def command(*arguments):
        tool = [sys.executable, "-m", "mpremote", "connect", port.path, *arguments]
        code, said = port.command(tool, PATIENCE_S)
        assert code == 0, said
        return said.replace("\r", "")

    yield command
    port.close()


def test_it_finds_our_board(mpremote):
    said = mpremote("exec", "import sys; print(sys.implementation._machine, sys.version)")
    assert said.startswith("Campus terminal with RP2040") and "1.25.0" in said


def test_it_finds_our_firmware_in_the_slot(mpremote):
    assert mpremote("exec", "import os; print(sorted(os.listdir('/slot')))").strip() == (
        "['card_layout', 'firmware', 'protocol']"
    )
    assert mpremote("exec", "from protocol import cobs; print(cobs.encode(b'a'))").strip() == (
        "b'\\x02a\\x00'"
    )


def test_it_writes_a_configuration(mpremote, tmp_path):
    file = tmp_path / "config.json"
    file.write_text('{"pins": null}')
    mpremote("cp", str(file), ":config.json")
    assert mpremote("cat", ":config.json") == '{"pins": null}'
    mpremote("rm", ":config.json")
