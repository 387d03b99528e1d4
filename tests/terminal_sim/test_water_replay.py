"""Rows of a payment file drawn at a valve, to the fen, in the order of the file."""

from terminal_sim.gears import water_replay

ROWS = """term,student,place,date,time,amount_yuan
1,7,Bath,0301,113005,0.10
1,8,Bath,0301,113006,0.01
1,7,Shop,0301,113007,30
1,7,Bath,0229,113005,5.50
1,7,Bath,0301,113005,0.10
2,8,Bath,0301,113009,0.02
"""


def test_each_row_is_a_session_and_the_sum_is_the_files(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(ROWS, encoding="utf-8")
    found = water_replay.play(str(file), ["Bath"])["Bath"]
    assert (found["rows"], found["sessions"], found["cards"]) == (5, 5, 2)
    assert found["amount_fen"] == found["file_fen"] == 573
    assert found["units"] == 2 * 573 + 5  # half a fen each, and what is less than one is dropped
