"""Days are closed with all that is open named, never changed, computed anew to the same (R14)."""

import io
import re
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from protocol import reasons, record
from sync_server.core import books, days, validity
from sync_server.core.days import Line
from sync_server.store.days import without
from sync_server.store.trouble import Refused
from tests.sync_server.finance import DAY, Finance


@pytest.fixture
def college(tmp_path, both):
    college = Finance(tmp_path)
    yield college
    college.close()


def shown(day):
    return validity.shown(day)


# shows R14
def test_a_day_is_closed_and_what_comes_later_is_late(college):
    a, b = college.enrol("pos", "1 号窗", "一食堂"), college.enrol("pos", "小卖部", "超市")
    college.top_up(DAY, 1, 100_00)
    for fen in (12_50, 7_50):
        college.sell(DAY, a, fen)
    college.sell(DAY, b, 3_00)
    college.serials[b] += 1  # one that is still on its way
    college.sell(DAY, b, 4_00, outcome=record.INTENT)
    zhou = college.closed(DAY)
    told = college.api("GET", f"/api/books/days/{shown(DAY)}")[1]
    assert [line["amount_fen"] for line in told["lines"]] == [100_00, 20_00, 3_00]
    assert told["lines"][1]["transfers"] == 2 and told["late"] == [] and told["faults"] == []
    assert [one["serial"] for one in told["open"]["greys"]] == [3]
    assert [(one["first"], one["last"]) for one in told["open"]["missing"]] == [(2, 2)]
    page = zhou.text(f"/books/days/{shown(DAY)}")
    for words in ("缺流水 2", "灰记录", "小卖部", "一食堂", "23.00"):
        assert words in page, words
    link = told["closed"]["link"]

    college.serials[b] = 1
    college.sell(DAY, b, 6_00, came=DAY + 1)
    college.serials[b] = 3
    college.sell(DAY + 1, b, 1_00)
    live = college.api("GET", f"/api/books/days/{shown(DAY)}")[1]
    assert [(one["came"], one["amount_fen"]) for one in live["late"]] == [(DAY + 1, 6_00)]
    college.closed(DAY + 1)
    first, second = (
        college.api("GET", f"/api/books/days/{shown(day)}")[1] for day in (DAY, DAY + 1)
    )
    assert first["lines"] == told["lines"] and first["closed"]["link"] == link
    assert first["open"]["missing"] != [] and second["open"]["missing"] == []  # as it was then
    assert first["late"] == live["late"]
    assert [(x["of_day"], x["amount_fen"]) for x in second["lines"]] == [(DAY, 600), (DAY + 1, 100)]
    assert "当天补到的以前流水" in zhou.text(f"/books/days/{shown(DAY + 1)}")
    assert "当天流水，后来才到" in zhou.text(f"/books/days/{shown(DAY)}")


def test_days_are_closed_once_in_order_and_not_before_they_are_over(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    zhou = college.browser("finance1", "finance")
    zhou.post("/books/days", until=shown(DAY))
    assert zhou.said()[-1] == ("problem", "尚无账务，没有可日结的日期")
    for day in (DAY, DAY + 3):
        college.sell(day, till, 100)
    college.closed(DAY + 3)
    assert [row["day"] for row in college.store.days.all(9)] == [DAY + 3, DAY + 2, DAY + 1, DAY]
    for until in (shown(DAY + 2), shown(validity.today(2**32)), "yesterday"):
        zhou.post("/books/days", until=until)
        assert zhou.said()[-1][0] == "problem", until
    assert college.browser("w").post("/books/days", until=shown(DAY + 4)).status_code == 403
    assert college.store.days.last()[0] == DAY + 3


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)  # triggers are dropped as SQLite does
def test_a_close_that_was_written_over_is_found(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    for day in range(DAY, DAY + 4):
        college.sell(day, till, 100)
    zhou = college.closed(DAY + 3)
    assert college.store.days.check(DAY, DAY + 3) == []
    connection = college.store.db.conn
    for statement in ("UPDATE day_line SET amount_fen = 1", "DELETE FROM day_close",
                      "UPDATE day_close SET open = '{}'", "DELETE FROM day_line"):  # fmt: skip
        with pytest.raises(Refused):
            connection.execute(statement)
    for trigger in ("day_line_is_never_changed", "day_close_is_never_changed"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute("UPDATE day_line SET amount_fen = 99 WHERE day = ?", (DAY + 1,))
    assert [day for day, _ in college.store.days.check(DAY, DAY + 3)] == [DAY + 1]
    connection.execute("UPDATE day_line SET amount_fen = 100")
    connection.execute("UPDATE day_close SET closed_by = 'nobody' WHERE day = ?", (DAY + 2,))
    assert [day for day, _ in college.store.days.check(DAY, DAY + 3)] == [DAY + 2]
    assert "日结数据被改动" in zhou.text("/books")


def test_silent_terminals_and_those_with_a_queue_are_named(college):
    a, b = college.enrol("pos", "1 号窗", "一食堂"), college.enrol("pos", "2 号窗", "一食堂")
    college.enrol("gate", "东门")
    college.sell(DAY, a, 100)
    end_s = days.begins_utc_s(DAY + 1)
    opened = college.store.days.open_now(DAY, {a: end_s + 5, b: end_s - 5})
    assert opened["silent"] == [[b, end_s - 5, 0]]
    college.store.db.conn.execute("UPDATE terminal SET report = '{\"queue\": 7}'")
    opened = college.store.days.open_now(DAY, {a: end_s + 5, b: end_s + 5})
    assert opened["silent"] == [[a, end_s + 5, 7], [b, end_s + 5, 7]]


def test_what_was_declared_lost_or_came_damaged_is_not_missing(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    for serial in (1, 3, 6, 9):
        college.serials[till] = serial - 1
        college.sell(DAY, till, 100)
    connection = college.store.db.conn
    missing = [[till, 2, 2], [till, 4, 5], [till, 7, 8]]
    assert college.store.days.open_now(DAY, {})["missing"] == missing
    connection.execute("INSERT INTO lost VALUES (?, 4, 4, 4, 9)", (till,))
    connection.execute(
        "INSERT INTO quarantine (terminal, raw, answer, reason, received_utc_s)"
        " VALUES (?, ?, 3, ?, 1)",
        (till, (7).to_bytes(4, "big") + bytes(60), reasons.BAD_RECORD),
    )
    assert college.store.days.open_now(DAY, {})["missing"] == [
        [till, 2, 2], [till, 5, 5], [till, 8, 8],
    ]  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)), max_size=6),
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)), max_size=6),
)
def test_ranges_less_others_are_those_of_sets(some, gone):
    spans, cuts = ([(first, first + more) for first, more in pairs] for pairs in (some, gone))
    whole = {n for first, last in spans for n in range(first, last + 1)}
    cut = {n for first, last in cuts for n in range(first, last + 1)}
    left = without(spans, cuts)
    assert {n for first, last in left for n in range(first, last + 1)} == whole - cut


ACCOUNTS = st.sampled_from([
    ("bank", ""), ("purse", ""), ("account", ""), ("merchant", "m"), ("fee", "card"),
    ("fee", "merchant"), ("suspense", "refund"), ("suspense", "dispute"), ("subsidy", ""),
    ("foundation", ""),
])  # fmt: skip
LINES = st.lists(
    st.builds(Line, st.just(0), ACCOUNTS, ACCOUNTS, st.just(0), st.just(1), st.integers(1, 10**9)),
    max_size=20,
)


@given(LINES, LINES)
@settings(max_examples=60)
def test_a_trial_balance_balances_and_the_bank_is_on_both_lines_once(before, during):
    rows = books.balances(before, during)
    assert sum(row.before_fen for row in rows) == sum(row.after_fen for row in rows) == 0
    assert sum(row.in_fen for row in rows) == sum(row.out_fen for row in rows)
    own = [line for line in during if line.giver != line.taker]
    for side, at in ((books.INCOME, 1), (books.OUTLAY, 2)):
        told = sum(
            line.amount_fen for line in own if line[at] == ("bank", "") and _side(line) == side
        )
        assert told == sum(line.amount_fen for line in own if line[at] == ("bank", ""))


def _side(line):
    name = books.name_of(line.giver, line.taker)
    return next(side for row, side, *_ in books.LINES if row == name)


# shows R14
def test_a_month_on_both_lines_as_page_workbook_and_paper(college):
    till = college.enrol("pos", "1 号窗", "=一食堂()")
    college.top_up(DAY, 1, 30_000_01)
    for day in range(DAY, DAY + 5):
        college.sell(day, till, 10_10)
    college.closed(DAY + 2)
    zhou = college.browser("finance1", "finance")
    page = zhou.text("/books/report?month=2026-11")
    assert "30,000.01" in page and "已日结至 2026-11-04" in page and "互不冲抵" in page
    before = college.api("GET", "/api/books/report?month=2026-11")[1]
    college.closed(DAY + 5)
    after = college.api("GET", "/api/books/report?month=2026-11")[1]
    assert before["sides"] == after["sides"] and before["balances"] == after["balances"]
    assert college.api("GET", "/api/books/report?month=2026-13")[0] == 400
    data = zhou.client.get("/books/report?month=2026-11&as=xlsx").data
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        xml = "".join(packed.read(name).decode() for name in packed.namelist() if "sheet" in name)
    assert "<v>30000.01</v>" in xml and "<v>50.5</v>" in xml and "<f>" not in xml
    book = load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["收入", "支出", "试算平衡表"]
    cells = [cell.value for row in book["试算平衡表"].iter_rows() for cell in row]
    assert "=一食堂()" in cells
    paper = zhou.client.get("/books/report?month=2026-11&as=pdf")
    assert paper.data.startswith(b"%PDF") and paper.mimetype == "application/pdf"
    assert zhou.get("/books/report?as=exe").status_code == 400


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_every_export_is_a_file(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    college.top_up(DAY, 1, 5_00)
    college.sell(DAY, till, 2_00)
    zhou = college.closed(DAY)
    for path in (f"/books/days/{shown(DAY)}?", "/books/bank?month=2026-11&",
                 "/books/accounts?type=purse&",
                 "/books/accounts/1?month=2026-11&", "/books/report?month=2026-11&"):  # fmt: skip
        for kind, head in (("xlsx", b"PK"), ("pdf", b"%PDF")):
            answer = zhou.client.get(f"{path}as={kind}")
            assert answer.status_code == 200 and answer.data.startswith(head), path
            assert f".{kind}" in answer.headers["Content-Disposition"]


def test_money_in_a_workbook_has_no_fraction():
    from sync_server.web.export import yuan

    for fen in (1, 10, 99, 100, 10**15 + 7, -1250):
        assert yuan(fen) * 100 == fen and isinstance(yuan(fen), Decimal)


def test_from_a_tap_to_the_ledger_and_back(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    college.top_up(DAY, 1, 5_00)
    college.sell(DAY, till, 2_00)
    college.sell(DAY, till, 1_00, outcome=record.INTENT)
    zhou = college.browser("finance1", "finance")
    assert "一食堂" in zhou.text("/books/accounts?type=merchant")
    told = college.api("GET", "/api/books/accounts?type=purse&q=1")[1]["accounts"]
    number = told[0]["id"]
    page = zhou.text(f"/books/accounts/{number}?month=2026-11")
    assert "−2.00" in page and "5.00" in page and f"{till}/1" in page
    way = college.api("GET", f"/api/books/records/{till}/1")[1]
    assert [row["amount_fen"] for row in way["transfers"]] == [2_00]
    assert "一食堂" in zhou.text(f"/books/records/{till}/1")
    assert "未入账" in zhou.text(f"/books/records/{till}/2")
    with college.store.group():  # settled a day later
        college.store.accounts.book([_sold(till)], days.begins_utc_s(DAY + 1) + 60)
    assert "1.00" in zhou.text(f"/books/records/{till}/2")
    for nothing in (f"/api/books/records/{till}/9", "/api/books/accounts/99",
                    "/api/books/days/2001-01-01", "/api/books/days/x"):  # fmt: skip
        assert college.api("GET", nothing)[0] == 404


def _sold(till):
    from sync_server.core.ledger import Transfer

    return Transfer(("purse", "1"), ("merchant", "一食堂"), 1_00, till, 2)


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_the_pages_in_english(college):
    till = college.enrol("pos", "window 1", "canteen")
    college.top_up(DAY, 1, 5_00)
    college.sell(DAY, till, 2_00)
    college.sell(DAY, till, 2_00, came=DAY + 1)
    college.sell(DAY, till, 1_00, outcome=record.INTENT)
    zhou = college.closed(DAY)
    for path in ("/books", f"/books/days/{shown(DAY)}", "/books/settlements", "/books/bank",
                 "/books/report?month=2026-11", "/books/accounts?type=purse",
                 "/books/accounts/1?month=2026-11", f"/books/records/{till}/1"):  # fmt: skip
        page = zhou.text(f"{path}{'&' if '?' in path else '?'}lang=en")
        main = page[page.index("<main") :]
        assert not re.search(r"[一-鿿]", main), (path, re.findall(r"[一-鿿]+", main))
