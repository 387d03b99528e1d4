"""Each target for a moment under the engine, from the kept corpus. Longer: python -m tests.fuzz."""

import pytest

from tests.fuzz import targets
from tests.fuzz.__main__ import fuzz

SECONDS = 1
LONGER_S = {"session_line": 3, "session_server": 3, "session_terminal": 3, "requests": 3, "http": 3}


@pytest.mark.parametrize("name", sorted(targets.TABLE))
def test_no_input_is_found_that_breaks(name, capsys):
    held = fuzz(name, LONGER_S.get(name, SECONDS), seed=1)
    told = capsys.readouterr().out
    assert held, told
    assert "Done" in told and "no run" not in told


def test_a_planted_fault_is_found_and_told(capsys):
    assert not fuzz("planted", 20, seed=1)
    told = capsys.readouterr().out
    assert "corpus line 5137\n" in told and "IndexError" in told
