"""Reading real records: every bad row is told by line and reason, the others are kept."""

import pytest

from terminal_sim import records

GATE = "Index,AccessCardNo,Date,Address,Access,Describe\n"
PAY = "term,student,place,date,time,amount_yuan\n"


def read(tmp_path, text):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8-sig")
    return records.read(path)


def test_gate_rows_keep_their_order(tmp_path):
    found = read(
        tmp_path,
        GATE + "9,0012,2019/4/7 8:05,北门[进门],1,ok\n7,12,2019/4/6 0:00,北门[进门],0,no\n",
    )
    assert found.kind == "gate" and not found.faults
    assert [row.person for row in found.rows] == ["12", "12"]  # leading zeros are no difference
    assert [row.day for row in found.rows] == ["2019-04-07", "2019-04-06"]
    assert [row.accepted for row in found.rows] == [True, False]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,12,2019/13/7 8:05,门,1,ok", "bad date '2019/13/7 8:05'"),
        ("1,12,yesterday,门,1,ok", "bad date 'yesterday'"),
        ("1,x12,2019/4/7 8:05,门,1,ok", "AccessCardNo 'x12' is no number"),
        ("1,12,2019/4/7 8:05,门,2,ok", "Access is '2', not 0 or 1"),
        ("1,12,2019/4/7 8:05,,1,ok", "Address is empty"),
        ("1,12,2019/4/7 8:05", "3 columns, not 6"),
    ],
)
def test_bad_gate_rows(tmp_path, row, message):
    good = "2,12,2019/4/7 8:06,门,1,ok\n"
    found = read(tmp_path, GATE + good + row + "\n" + good)
    assert found.faults == [(3, message)]
    assert [kept.line for kept in found.rows] == [2, 4]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,3,食堂,0230,120000,1", "bad date '20200230120000'"),
        ("1,3,食堂,0101,120000,0.001", "amount '0.001' is not in whole fen"),
        ("1,3,食堂,0101,120000,0", "amount '0' is outside 0.01 to 10000 yuan"),
        ("1,3,食堂,0101,120000,-1", "amount '-1' is outside 0.01 to 10000 yuan"),
        ("1,3,食堂,0101,120000,NaN", "amount 'NaN' is not in whole fen"),
        ("1,3,食堂,0101,120000,ten", "amount 'ten' is no number"),
        ("1,,食堂,0101,120000,1", "student '' is no number"),
    ],
)
def test_bad_payment_rows(tmp_path, row, message):
    found = read(tmp_path, PAY + row + "\n1,3,食堂,0101,120000,4.7\n")
    assert found.faults == [(2, message)]
    assert [kept.amount_fen for kept in found.rows] == [470]


def test_an_unknown_header_is_one_clear_error(tmp_path):
    with pytest.raises(records.UnknownFormat, match="the header is 'a,b'"):
        read(tmp_path, "a,b\n1,2\n")


def test_colliding_people_are_both_kept(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("Index,CardNo,Sex,Major,AccessCardNo\n1,18,男,x,07\n2,19,女,y,7\n3,20,女,y,\n")
    people, faults = records.read_people(path)
    assert people == {"7": ["18", "19"]}
    assert [fault.line for fault in faults] == [4]


GOOD = "1,42,2018/09/03 07:30,gate,1,\r\n"


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (GATE, "1,42,2018/09/03 07:30,图书馆,1,".encode("gbk")),
        (GATE, b"1,42,0001/01/01 00:00,gate,1,"),
        (GATE, b"1,42,2018/09/03 07:30,gate\r,1,"),
        (GATE, b'1,42,2018/09/03 07:30,"' + b"x" * 140_000 + b'",1,'),
        (PAY, b"1,42,canteen,0903,113000,1E+999999"),
        (PAY, b"1,42,canteen,0903,113000,1E-999999999999999999999"),
        (PAY, "1,²,canteen,0903,113000,1".encode()),
    ],
    ids=["gbk", "year 1", "bare return", "long field", "big exponent", "small one", "digit"],
)
def test_a_row_that_is_no_text_no_date_or_no_amount_is_a_fault(tmp_path, header, row):
    """Found by fuzzing: each of them ended the whole replay with a traceback."""
    path = tmp_path / "rows.csv"
    good = GOOD if header == GATE else "1,42,canteen,0903,113000,12.50\r\n"
    path.write_bytes(header.encode() + row + b"\r\n" + good.encode())
    file = records.read(path)
    assert [fault.line for fault in file.faults][:1] == [2]
    assert [row.person for row in file.rows] == ["42"]


def test_people_with_rows_that_are_no_text(tmp_path):
    path = tmp_path / "people.csv"
    lines = [
        b"CardNo,AccessCardNo",
        "图书馆,1".encode("gbk"),
        b"7," + b"9" * 5000,
        b"8,0042",
        b"",
        b"9,",
    ]
    path.write_bytes(b"\n".join(lines))
    people, faults = records.read_people(path)
    assert people == {"9" * 5000: ["7"], "42": ["8"]}
    assert [fault.line for fault in faults] == [2, 6]


def test_a_header_that_is_no_text_is_an_unknown_format(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes("卡号,日期".encode("gbk") + b"\n" + GOOD.encode())
    with pytest.raises(records.UnknownFormat) as caught:
        records.read(path)
    assert "\n" not in str(caught.value)
