"""docs/reader.md names every command of the chip, every option, and the times of the model."""

from pathlib import Path

from terminal_sim.card_timing import CARD_US
from terminal_sim.commands.reader import command
from terminal_sim.hsu import BODY_MAX
from terminal_sim.pn532_tables import NAMES
from terminal_sim.port import GAP_S
from terminal_sim.tearing import SHAPES

PAGE = (Path(__file__).parent.parent.parent / "docs" / "reader.md").read_text()


def test_commands():
    assert [name for name in NAMES.values() if name not in PAGE] == []


def test_options():
    options = [option for parameter in command.params for option in parameter.opts]
    assert [option for option in options if option not in PAGE] == []


def test_times_and_limits():
    for duration_us in set(CARD_US.values()) - {0}:
        assert f"{duration_us / 1000:g}" in PAGE
    assert f"at\nmost {BODY_MAX} bytes" in PAGE
    assert f"{GAP_S * 1000:g} ms" in PAGE
    assert [shape for shape in SHAPES if f"`{shape}`" not in PAGE] == []
