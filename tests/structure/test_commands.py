"""Every command of the table is there, says what it does, and is told of in the docs."""

import importlib

import click
import pytest
from click.testing import CliRunner

from sync_server import cli
from tests.structure.tree import ROOT, texts

PAGES = "".join(text for path, text in texts() if path.endswith(".md"))


def faults(name, command, pages):
    """Yield what a command lacks."""
    if not isinstance(command, click.Command):
        yield f"{name} is no command"
        return
    if not command.get_short_help_str():
        yield f"{name} does not say what it does"
    if f"campus {name}" not in pages:
        yield f"no page tells of campus {name}"
    for option in command.params:
        if isinstance(option, click.Option) and not option.help and option.name not in TOLD_ALIKE:
            yield f"{name} {option.opts[0]} does not say what it does"


# said once, in the README, for all commands that have it
TOLD_ALIKE = {"json_file"}


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_command_is_whole(name):
    command = importlib.import_module(cli.COMMANDS[name][0]).command
    assert list(faults(name, command, PAGES)) == []


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_works_and_a_wrong_option_fails_with_one_line(name):
    runner = CliRunner()
    shown = runner.invoke(cli.campus, [name, "--help"])
    assert shown.exit_code == 0 and f"{name} [OPTIONS]" in shown.output
    wrong = runner.invoke(cli.campus, [name, "--no-such-option"])
    assert wrong.exit_code != 0
    assert [line for line in wrong.output.splitlines() if line.startswith("Error: ")]


def test_help_lists_every_command_without_importing_any():
    shown = CliRunner().invoke(cli.campus, ["--help"])
    assert shown.exit_code == 0
    for name in cli.COMMANDS:
        assert f"  {name}" in shown.output


def test_the_makefile_and_both_readmes_name_the_two_commands_first():
    for readme in ("README.md", "README.zh-CN.md"):
        head = "\n".join((ROOT / readme).read_text(encoding="utf-8").splitlines()[:20])
        assert "make run" in head and "make test" in head and "docs/images/" in head


@pytest.mark.parametrize(
    ("command", "pages"),
    [
        (click.Command("walk", help="Walk."), ""),
        (click.Command("walk"), "campus walk"),
        (click.Command("walk", help="W.", params=[click.Option(["--far"])]), "campus walk"),
        (None, "campus walk"),
    ],
)
def test_the_check_can_fail(command, pages):
    assert list(faults("walk", command, pages))
