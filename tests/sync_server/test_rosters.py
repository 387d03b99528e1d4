"""Lists as offices send them: read whatever their spreadsheet made, planned row by row."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from sync_server.core import leavers, rosters, sheets, validity
from sync_server.core.rosters import Holder
from sync_server.core.sheets import BadSheet

TABLE = [["学号", "姓名", "专业"], ["180001", "张三", "国际金融"], ["180002", "李，四", '"引号"']]
TODAY = validity.day("2026-11-28")


def as_csv(table, encoding="utf-8", mark=","):
    quoted = (['"' + cell.replace('"', '""') + '"' for cell in row] for row in table)
    return "\r\n".join(mark.join(row) for row in quoted).encode(encoding)


def as_book(table):
    book, out = Workbook(), io.BytesIO()
    for row in table:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        as_csv(TABLE), as_csv(TABLE, "utf-8-sig"), as_csv(TABLE, "gbk"), as_csv(TABLE, "gb18030"),
        as_csv(TABLE, mark=";"), as_csv(TABLE, "gbk", "\t"), as_book(TABLE),
        as_csv([*TABLE, ["", "", ""], []]),
    ],
)  # fmt: skip
def test_every_way_to_save_a_list_is_the_same_list(data):
    assert sheets.rows(data) == TABLE


def test_numbers_and_days_of_a_workbook_are_text():
    from datetime import datetime

    made = as_book([["学号", "有效期"], [180001.0, datetime(2027, 7, 1)], [180002, None]])
    assert sheets.rows(made)[1:] == [["180001", "2027-07-01"], ["180002", ""]]


def bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (sheets.UNPACKED_MOST + 1))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(100), "old .xls"), (b"PK\x03\x04 no zip", "damaged"),
        (bytes(100), "neither"), (b"\xff\xff\xff", "neither"), (as_book(TABLE)[:-60], "damaged"),
        (b"x" * (sheets.BYTES_MOST + 1), "8 MB"), (b"a\n" * 20_002, "20,000 rows"),
        (b'a,"b\n' + b"x" * 200_000, "no CSV"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_one_clear_line(data, line):
    with pytest.raises(BadSheet, match=line) as caught:
        sheets.rows(data)
    assert "\n" not in str(caught.value)


def test_a_workbook_that_unpacks_to_too_much():
    with pytest.raises(BadSheet, match="too large"):
        sheets.rows(bomb())


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_one_line(data):
    try:
        found = sheets.rows(data)
    except BadSheet:
        return
    assert all(isinstance(cell, str) for row in found for cell in row)


def test_columns_that_lack_are_named():
    with pytest.raises(BadSheet, match="有效期、审批人"):
        rosters.read("temporary", [["编号", "姓名"], ["1", "a"]])
    with pytest.raises(BadSheet, match="empty"):
        rosters.read("staff", [])


# rules of validity


# shows R1
@pytest.mark.parametrize(
    ("kind", "last"), [(1, "2056-11-28"), (2, "2029-11-28"), (3, "2027-11-28")]
)
def test_the_longest_that_a_card_may_be_valid(kind, last):
    assert validity.shown(validity.latest(kind, TODAY)) == last


def test_a_leap_day_and_the_campus_clock():
    assert validity.shown(validity.latest(3, validity.day("2028-02-29"))) == "2029-02-28"
    midnight_s = 1_798_761_600 - 8 * 3600  # of 2027-01-01 on the campus
    days = [validity.shown(validity.today(midnight_s + step)) for step in (-1, 0)]
    assert days == ["2026-12-31", "2027-01-01"]


@pytest.mark.parametrize("text", ["2027-07-01", "2027/7/1", "2027.7.1", "20270701", "2027年7月1日",
                                  "2027-07-01 00:00:00"])  # fmt: skip
def test_days_as_people_write_them(text):
    assert validity.shown(validity.day(text)) == "2027-07-01"


@pytest.mark.parametrize(
    "text", ["", "x", "2027-02-30", "1999-12-31", "2027-7", "٢٠٢٧-٠٧-٠١x", "-1--"]
)
def test_what_is_no_day(text):
    assert validity.day(text) is None


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("12.5", 1250), ("12", 1200), ("1,200.00", 120_000), ("¥3", 300), ("3元", 300), ("0", 0),
        ("0.01", 1), ("1.234", None), ("-1", None), ("1e3", None), ("", None), (".5", None),
        ("1.", None), ("12345678", None), ("１２", None), ("nan", None),
    ],
)  # fmt: skip
def test_amounts(text, fen):
    assert rosters.fen(text) == fen


# plans

ZHANG = Holder(7, "180001", 2, "张三", "国际金融", TODAY + 100, 0)


def planned(kind, row, *holders):
    (line,) = rosters.plan(kind, [{"row": "2"} | row], {one.number: one for one in holders}, TODAY)
    return line


def faults(kind, row, *holders):
    return [code for code, _, _ in planned(kind, row, *holders).faults]


ROW = {"number": "180001", "name": "张三"}


def test_new_same_changed_extended_and_gone():
    assert planned("students", ROW).change == "new"
    assert planned("students", ROW).will["valid_until"] == validity.latest(2, TODAY)
    assert planned("students", ROW, ZHANG).change == "same"
    assert planned("students", ROW | {"name": "张四"}, ZHANG).change == "change"
    later = ROW | {"until": "2028-07-01"}
    assert faults("students", later, ZHANG) == ["lacks"]  # an office answers for it
    assert planned("students", later | {"approver": "教学工作部 王"}, ZHANG).change == "renew"
    assert planned("students-leave", ROW, ZHANG).change == "end"
    assert planned("students-leave", ROW, ZHANG._replace(is_ended=1)).change == "same"


def test_staff_is_extended_by_the_list_alone_when_it_runs_out():
    staff = Holder(1, "1001", 1, "王", "数学", TODAY + 10, 0)
    row = {"number": "1001", "name": "王"}
    line = planned("staff", row, staff)
    assert (line.change, line.will["valid_until"]) == ("renew", validity.latest(1, TODAY))
    assert planned("staff", row, staff._replace(valid_until=TODAY + 4000)).change == "same"


@pytest.mark.parametrize(
    ("kind", "row", "code"),
    [
        ("students", {"number": "", "name": "x"}, "lacks"),
        ("students", {"number": "1" * 25, "name": "x"}, "long"),
        ("students", ROW | {"name": "张\u202e三"}, "odd"),
        ("students", ROW | {"until": "2030-01-01"}, "beyond"),
        ("students", ROW | {"until": "2020-01-01"}, "past"),
        ("students", ROW | {"until": "tomorrow"}, "no day"),
        ("temporary", ROW | {"until": "2027-01-01"}, "lacks"),
        ("temporary", ROW | {"until": "2028-01-01", "approver": "x"}, "beyond"),
        ("students-leave", ROW | {"choice": "随便"}, "no choice"),
        ("students-leave", ROW | {"choice": "部分捐赠", "donate": "1.234"}, "no amount"),
        ("students-leave", ROW | {"choice": "部分捐赠"}, "lacks"),
        ("students-leave", ROW | {"bank": "=1+1"}, "no bank"),
        ("students-leave", {"number": "9", "name": "x"}, "unknown"),
    ],
)
def test_what_is_wrong_with_a_row(kind, row, code):
    line = planned(kind, row)
    assert line.change == "wrong" and code in [found for found, _, _ in line.faults]


def test_one_of_another_kind_another_name_or_who_has_left():
    assert "other kind" in faults("staff", ROW, ZHANG)
    assert faults("students-leave", ROW | {"name": "李四"}, ZHANG) == ["other name"]
    assert faults("students", ROW, ZHANG._replace(is_ended=1)) == ["ended"]
    twice = rosters.plan("students", [{"row": "2", **ROW}, {"row": "3", **ROW}], {}, TODAY)
    assert [line.change for line in twice] == ["new", "wrong"]


# money of those who leave


# shows R8
@given(
    st.lists(st.integers(-5000, 50_000), min_size=1, max_size=4),
    st.sampled_from(["refund", "donate", "part"]),
    st.integers(0, 60_000),
)
def test_a_split_empties_every_purse_and_no_fen_is_lost(fens, choice, donate_fen):
    if sum(fens) < 0:
        return
    balances = [(("purse", str(n)), fen) for n, fen in enumerate(fens) if fen]
    made = leavers.split(balances, choice, donate_fen)
    held = dict(balances)
    for transfer in made.transfers:
        assert transfer.amount_fen > 0
        held[transfer.giver] = held.get(transfer.giver, 0) - transfer.amount_fen
        held[transfer.taker] = held.get(transfer.taker, 0) + transfer.amount_fen
    assert held.pop(leavers.FOUNDATION, 0) == made.donated_fen
    assert held.pop(leavers.REFUND, 0) == made.refund_fen
    assert set(held.values()) <= {0} and made.donated_fen + made.refund_fen == sum(fens)
    assert made.donated_fen <= {"refund": 0, "donate": sum(fens), "part": donate_fen}[choice]
