"""The bank's statement: read whatever its export made, matched, the rest said by finance (R14)."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core import reconcile, statements, validity
from sync_server.core.ledger import Transfer, bank
from sync_server.core.reconcile import Item
from sync_server.core.sheets import BadSheet
from sync_server.core.statements import Entry
from tests.sync_server.finance import BANK, DAY, Finance, noon
from tests.sync_server.test_rosters import as_book, as_csv

HEAD = ["交易日期", "收入", "支出", "订单号", "流水号", "摘要"]
TABLE = [
    HEAD,
    ["2026-11-02", "100.00", "", "CZ7", "B1", "充值"],
    ["2026/11/02", "1,250.5", "", "", "B2", "柜台"],
    ["20261103", "", "29.25", "JS1-1", "B3", "商户结算"],
]
READ = [
    Entry(2, DAY, 100_00, "CZ7", "B1", "充值"),
    Entry(3, DAY, 1250_50, "", "B2", "柜台"),
    Entry(4, DAY + 1, -29_25, "JS1-1", "B3", "商户结算"),
]


@pytest.fixture
def college(tmp_path, both):
    college = Finance(tmp_path)
    yield college
    college.close()


def rows(data):
    from sync_server.core import sheets

    return sheets.rows(data)


@pytest.mark.parametrize(
    "data",
    [as_csv(TABLE, "gbk"), as_csv(TABLE, "utf-8-sig"), as_csv(TABLE, "gb18030", "\t"),
     as_book(TABLE)],
)  # fmt: skip
def test_every_export_is_the_same_statement(data):
    assert statements.read(rows(data)) == (READ, [])


@pytest.mark.parametrize(
    ("row", "field", "why"),
    [
        (["2026-11-02", "1.005", "", "", "", ""], "income", "decimals"),
        (["2026-11-02", "12.500", "", "", "", ""], "income", "decimals"),
        (["2026-11-02", "", "-0.001", "", "", ""], "outlay", "decimals"),
        (["2026-11-02", "1.2.3", "", "", "", ""], "income", "no amount"),
        (["2026-11-02", "1e5", "", "", "", ""], "income", "no amount"),
        (["2026-11-02", "12,34.00", "", "", "", ""], "income", "no amount"),
        (["2026-11-02", "", "", "", "", ""], "amount", "no amount"),
        (["2026-11-02", "0.00", "0", "", "", ""], "amount", "no amount"),
        (["2026-11-02", "5", "6", "", "", ""], "amount", "both"),
        (["2026-11-31", "5", "", "", "", ""], "day", "no day"),
        (["", "5", "", "", "", ""], "day", "no day"),
    ],
)
def test_a_row_that_is_wrong_is_refused_alone(row, field, why):
    entries, faults = statements.read([HEAD, row, TABLE[1]])
    assert [entry.amount_fen for entry in entries] == [100_00]
    assert [(fault.row, fault.field, fault.why) for fault in faults] == [(2, field, why)]
    assert why in statements.WHY


@pytest.mark.parametrize("table", [[], [["日期", "摘要"]], [["金额", "订单号"], ["1", "2"]]])
def test_what_is_no_statement(table):
    with pytest.raises(BadSheet):
        statements.read(table)


@given(st.integers(-(10**12) + 1, 10**12 - 1))
def test_an_amount_is_read_as_it_was_written(fen):
    yuan, rest = divmod(abs(fen), 100)
    sign = "-" if fen < 0 else ""
    assert statements.fen(f"{sign}{yuan}.{rest:02d}") == fen
    assert statements.fen(f"{sign}{yuan:,}.{rest:02d}元") == fen
    assert statements.fen(f"{sign}{yuan}.{rest:02d}0") is None


@given(st.text(max_size=12))
def test_whatever_stands_there_is_fen_or_refused(text):
    made = statements.fen(text)
    assert made is None or isinstance(made, int)


# what matches


ITEMS = st.lists(
    st.tuples(
        st.integers(0, 9), st.sampled_from([-500, 100, 100, 250, 350, 999]),
        st.sampled_from(["", "", "a", "b"]),
    ),
    max_size=12,
)  # fmt: skip


def items(drawn):
    return [Item(number, *one) for number, one in enumerate(drawn, 1)]


@given(ITEMS, ITEMS, st.randoms())
def test_each_ends_in_one_place_and_the_order_does_not_matter(ours, lines, dice):
    ours, lines = items(ours), items(lines)
    made = reconcile.match(ours, lines)
    taken = [number for pair in made.pairs for number in pair.ours]
    assert sorted(taken + made.missing) == [item.number for item in ours]
    assert sorted([pair.line for pair in made.pairs] + made.surplus) == [x.number for x in lines]
    fen = {item.number: item.amount_fen for item in ours}
    for pair in made.pairs:
        line = lines[pair.line - 1]
        assert sum(fen[number] for number in pair.ours) == line.amount_fen
        if len(pair.ours) == 1:
            assert pair.by == "reference" or abs(ours[pair.ours[0] - 1].day - line.day) <= 3
    mixed = list(ours), list(lines)
    for side in mixed:
        dice.shuffle(side)
    again = reconcile.match(*mixed)
    assert (sorted(again.missing), sorted(again.surplus)) == (
        sorted(made.missing),
        sorted(made.surplus),
    )
    assert again.pairs == made.pairs


def test_the_order_number_comes_first_then_amount_and_day_then_the_sum_of_a_day():
    ours = [
        Item(1, 5, 100, "CZ1"), Item(2, 5, 100, ""), Item(3, 5, 100, "CZ3"), Item(4, 6, 30, ""),
        Item(5, 6, 20, ""), Item(6, 6, 777, "CZ6"),
    ]  # fmt: skip
    lines = [
        Item(1, 5, 100, ""), Item(2, 7, 100, "CZ1"), Item(3, 5, 100, "CZ3"), Item(4, 8, 50, ""),
        Item(5, 6, 778, "CZ6"),
    ]  # fmt: skip
    made = reconcile.match(ours, lines)
    assert made.pairs == [((2,), 1, "amount"), ((1,), 2, "reference"), ((3,), 3, "reference")]
    assert made.differ == [(6, 5)]  # so the day's sum has 777 too much
    made = reconcile.match(ours[:5], lines[:4])
    assert made.pairs[-1] == ((4, 5), 4, "day") and not made.missing and not made.surplus


# doubles


def test_lines_that_stand_in_two_files_are_there_once():
    numbered = Entry(2, 5, 100, "", "B1", "")
    plain = Entry(3, 5, 100, "", "", "充值")
    assert statements.fresh([numbered, numbered], []) == [True, False]
    assert statements.fresh([plain, plain], []) == [True, True]  # two students, one amount
    assert statements.fresh([plain, plain, plain], [plain, plain]) == [False, False, True]
    assert statements.fresh([numbered], [numbered._replace(row=9)]) == [False]


def put(college, data, name="对账单.csv"):
    zhou = college.browser("zhou", "finance")
    zhou.post("/books/bank", month="2026-11", files={"file": (BytesIO(data), name)})
    return zhou


def month(college):
    return college.api("GET", "/api/books/bank?month=2026-11")[1]


# shows R14
def test_a_month_is_reconciled_to_its_end(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    college.admit(fee=25)
    college.sell(DAY, till, 3000)
    college.top_up(DAY, 1, 100_00)
    college.top_up(DAY, 2, 7_00)  # cash, on its way to the bank
    college.closed(DAY)
    college.browser("zhou", "finance").post("/books/settlements", until=validity.shown(DAY))
    request = college.store.requests.find(True, 9)[0]["id"]
    college.browser("finance1", "finance").post(f"/approvals/{request}", act="grant")
    paid = college.store.settlements.references()
    assert list(paid.values()) == ["JS1-1"]
    table = [
        *TABLE[:2],
        ["2026-11-28", "", "29.25", "JS1-1", "B3", "x"],
        ["2026-11-09", "0.37", "", "", "B4", "利息"],
        ["2026-11-09", "0.375", "", "", "", ""],
    ]
    zhou = put(college, as_csv(table, "gbk"))
    first = month(college)
    assert [pair["by"] for pair in first["pairs"]] == ["amount", "reference"]
    assert [row["amount_fen"] for row in first["missing"]] == [7_00]
    assert [row["amount_fen"] for row in first["surplus"]] == [37]
    page = zhou.text("/books/bank?month=2026-11")
    assert "0.375" in page and "小数超过两位" in page and BANK not in page
    again = put(college, as_csv(table, "gbk"))
    assert "这个文件以前已上传过" in str(again.said("/books/bank"))
    put(college, as_csv([*table[:4], ["2026-11-10", "0.01", "", "", "B5", ""]], "utf-8-sig"))
    assert [row["amount_fen"] for row in month(college)["surplus"]] == [37, 1]  # doubles left out
    assert month(college)["sent"][0]["doubles"] == 3

    path = "/books/bank/2026-11"
    zhou.post(f"{path}/finish")
    assert zhou.said()[-1] == ("problem", "本月尚有未日结的日期")
    ours, surplus = month(college)["missing"][0]["id"], month(college)["surplus"]
    zhou.post(f"{path}/resolve", side="ours", item=ours, kind="next", note="12 月 1 日存入")
    for one in surplus:
        zhou.post(f"{path}/resolve", side="bank", item=one["id"], kind="explained", note="利息")
    for wrong in ({"item": 1 << 40}, {"side": "theirs"}, {"kind": "lost"}, {"note": ""}):
        wish = {"side": "bank", "item": surplus[0]["id"], "kind": "explained", "note": "x"}
        zhou.post(f"{path}/resolve", **wish | wrong)
        assert zhou.said()[-1][0] == "problem", wrong
    assert zhou.client.get(f"{path}/resolve").status_code == 405
    december = college.api("GET", "/api/books/bank?month=2026-12")[1]
    assert [row["id"] for row in december["missing"]] == [ours]
    assert college.store.statements.unresolved(321) == ([], [])


def test_a_payment_of_a_channel_goes_by_its_order_number(college):
    """Two of one amount on one day: by amount alone the wrong one would be missing."""
    for number, way in (("CC1", "w1"), ("CC2", "w2")):
        college.book(DAY, Transfer(bank(), ("account", "3"), 50_00, 0, 0))
        college.store.db.conn.execute(
            "INSERT INTO topup (channel, number, amount_fen, state, why, made_by, made_utc_s,"
            " expires_utc_s, paid_as, told_utc_s) VALUES ('c', ?, 5000, 'booked', '', 'x', 1, 1,"
            " ?, ?)",
            (number, way, noon(DAY)),
        )
    put(college, as_csv([HEAD, ["2026-11-03", "50.00", "", "CC2", "B1", ""]]))
    told = month(college)
    assert [(pair["by"], pair["ours"][0]["reference"]) for pair in told["pairs"]] == [
        ("reference", "CC2")
    ]
    assert [row["reference"] for row in told["missing"]] == ["CC1"]


def test_finished_nothing_is_changed_in_it(college):
    college.top_up(validity.day("2026-09-02"), 1, 100_00)
    zhou = put(college, as_csv([["日期", "金额"], ["2026-09-02", "100.00"]]))
    path = "/books/bank/2026-09"
    college.closed(validity.day("2026-09-30"))
    zhou.post(f"{path}/finish")
    assert "本月对账完成。" in str(zhou.said())
    zhou.post(f"{path}/finish")
    assert zhou.said()[-1] == ("problem", "本月对账已完成，不能再更改")
    assert "完成对账" in zhou.text("/books/bank?month=2026-09")
    assert college.browser("w").post(f"{path}/finish").status_code == 403
    assert zhou.get("/books/bank?month=99").status_code == 400


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_what_is_no_file_is_told_in_chinese(college):
    for data, line in (
        (b"", "请选择文件。"),
        (b"\xd0\xcf\x11\xe0" * 9, "这是旧版 .xls 文件，请另存为 .xlsx 或 CSV"),
        (as_csv([["日期", "摘要"]]), "首行须为列名，缺少：金额"),
    ):
        zhou = put(college, data)
        assert ("problem", line) in zhou.said("/books/bank")
    assert college.store.statements.all(9) == []


def test_moved_by_a_program_and_read_by_one(college):
    college.book(DAY, Transfer(bank(), ("account", "3"), 500, 0, 0))
    assert college.api("GET", "/api/books/bank?month=2026-11")[1]["missing"][0]["day"] == DAY
    assert college.api("POST", "/api/books/bank?file=x.csv")[0] == 403  # the key reconciles nothing
