"""Tables written as one text: every row is found by its key, and by nothing else."""

from protocol import lines

TEXT = """
1 | one |  | 1
10 | ten | a | b
0A | hexadecimal
ready | off
ready_offline | amber |  | -
"""


def test_each_row_is_found_by_its_key():
    rows = list(lines.every(TEXT))
    assert rows[0] == ["1", "one", "", "1"] and rows[1] == ["10", "ten", "a", "b"]
    assert rows[4] == ["ready_offline", "amber", "", "-"]
    assert len(rows) == 5
    for row in rows:
        assert lines.find(TEXT, row[0]) == row
    assert lines.find(TEXT, 10) == rows[1]


def test_what_is_no_key_finds_nothing():
    for key in ("one", "0", "A", "", "ready_", "offline", " 1", "\n1"):
        assert lines.find(TEXT, key) is None, key
