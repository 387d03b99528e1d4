"""Every requirement is told, and shown by a test that says so; what is claimed is in the tree."""

import pytest

from docs import requirements
from docs.requirements import Shown


def test_every_requirement_is_shown_or_said_to_be_missing():
    assert list(requirements.faults(requirements.written(), requirements.shown())) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda r29, tests: ([r29._replace(number=30)], tests),
        lambda r29, tests: ([r29._replace(told=["[flashing](flush.md)"])], tests),
        lambda r29, tests: ([r29._replace(told=[])], tests),
        lambda r29, tests: ([r29._replace(now="")], tests),
        lambda r29, tests: ([r29._replace(state="perhaps")], tests),
        lambda r29, tests: ([r29._replace(state="open")], tests),
        lambda r29, tests: ([r29._replace(routes=["api.no_such_view"])], tests),
        lambda r29, tests: ([], tests),
        lambda r29, tests: ([r29], [mark for mark in tests if 29 not in mark.numbers]),
        lambda r29, tests: ([r29], [*tests, Shown("tests/a.py", "", (29,))]),
        lambda r29, tests: ([r29], [*tests, Shown("tests/a.py", "test_a", (77,))]),
    ],
)
def test_the_check_can_fail(change):
    *others, r29 = requirements.written()
    changed, tests = change(r29, list(requirements.shown()))
    assert list(requirements.faults([*others, *changed], tests))


def test_a_mark_is_read_above_decorators_and_nowhere_else():
    text = (
        "# shows R9 R17\n@pytest.mark.slow\ndef test_a():\n    pass\n\n\n"
        "class A:\n    # shows R1\n    def test_b(self):\n        # shows it\n        pass\n\n\n"
        "# shows R2\n\nx = 1\n"
    )
    assert list(requirements.marks("tests/a.py", text)) == [
        Shown("tests/a.py", "test_a", (9, 17)), Shown("tests/a.py", "test_b", (1,)),
        Shown("tests/a.py", "", (2,)),
    ]  # fmt: skip


def test_a_block_that_is_none_is_named():
    with pytest.raises(ValueError, match="R9: a block has"):
        requirements.read('[R9]\nwhat = "x"\n')
