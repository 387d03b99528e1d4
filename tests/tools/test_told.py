"""What people see: a bar a port on a terminal, lines in a file, a table that is no program."""

import csv
import io
import json

import pytest
from rich.console import Console

from tools.flashing import report, selftest, work
from tools.flashing.faults import Fault
from tools.flashing.progress import Lines


def told(is_terminal, language="zh"):
    """What is on the screen after two boards."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=is_terminal, width=120)
    with Lines(console, language) as lines:
        lines.tell("ttyACM0", "image", 0.25)
        lines.tell("ttyACM1", "failed", 0.0, "[md5] 换线")
        lines.tell("ttyACM0", "image", 0.5)
    return out.getvalue()


def test_a_bar_a_port_on_a_terminal():
    seen = told(True)
    assert "ttyACM0" in seen and "映像" in seen and "50%" in seen and "换线" in seen


def test_plain_lines_in_a_file_each_state_once():
    seen = told(False, "en").splitlines()
    assert seen == ["ttyACM0: image", "ttyACM1: failed [md5] 换线"]


def test_no_cell_of_the_report_is_a_formula():
    row = report.Row("=cmd", place="+1", says="@x", id="-2", seconds=1.25)
    (read,) = csv.DictReader(io.StringIO(report.as_csv([row]).decode("utf-8-sig")))
    assert [read[name][:2] for name in ("port", "place", "says", "id")] == ["'=", "'+", "'@", "'-"]
    assert read["seconds"] == "1.2" and read["terminal"] == ""


def test_a_clock_that_is_wrong_and_one_that_is_only_asked_late():
    class Board:
        def __init__(self, ms):
            self.answers = iter(["1000", str(1000 + ms)])

        def ask(self, name):
            return next(self.answers)

    assert selftest._clock(Board(500), {}).passed is True
    slow = selftest._clock(Board(300), {})
    assert slow.passed is False and "晶振不对" in slow.says("zh")
    assert selftest._clock(Board(60_000), {}).passed is False


def test_a_state_file_of_something_else_is_not_overwritten(tmp_path):
    (tmp_path / work.STATE).write_text("not ours")
    with pytest.raises(Fault, match="unreadable"):
        work.Work(tmp_path, [])
    (tmp_path / work.STATE).write_text(json.dumps({"format": 9}))
    with pytest.raises(Fault, match="another program or version"):
        work.Work(tmp_path, [])


def test_places_and_numbers_stay_with_their_boards(tmp_path):
    done = work.Work(tmp_path, ["a", "b"])
    assert [done.place_of(board) for board in ("x", "y", "x", "z")] == ["a", "b", "a", ""]
    assert [done.take(board, [4, 5]) for board in ("x", "y", "x", "z")] == [4, 5, 4, None]
    again = work.Work(tmp_path, ["a", "b"])
    assert again.place_of("y") == "b" and again.take("x", [4, 5]) == 4
