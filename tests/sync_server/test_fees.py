"""Fees that an office orders for a list of holders: looked at, granted, paid once, and back."""

import io
import time

import pytest
from openpyxl import load_workbook

from sync_server.core import books, days, fees, validity
from tests.sync_server.paying import Holder, Paid, moved
from tests.sync_server.test_people import admitted
from tests.sync_server.test_rosters import as_csv

HEAD = ("学号", "姓名", "收费项目", "截止日期", "金额")
EXAM = "英语四级报名费"


def in_days(count):
    return validity.shown(validity.today(int(time.time())) + count)


@pytest.fixture
def paid(tmp_path):
    paid = Paid(tmp_path)
    admitted(paid.college, 3)
    yield paid
    paid.check()
    of_fees = paid.store.db.rows(
        "SELECT office, sum(amount_fen) AS fen FROM fee WHERE state = 'paid' GROUP BY office"
    )
    held = {key: fen for (kind, key), fen in paid.balances().items() if kind == "fee"}
    assert held == {row["office"]: int(row["fen"]) for row in of_fees}
    paid.close()


def send(paid, rows, kind="fees-teaching", head=HEAD, **for_all):
    """-> (the office's browser, address of the list)"""
    name, role = ("liu", "teaching") if kind == "fees-teaching" else ("xue", "students")
    office = paid.college.browser(name, role)
    file = (io.BytesIO(as_csv([list(head), *map(list, rows)])), "收费.csv")
    answer = office.post("/lists", kind=kind, files={"file": file}, **for_all)
    return office, answer.headers["Location"]


def ordered(paid, count=2, fen="45", day=9, kind="fees-teaching"):
    """A fee of so many students that finance has granted. -> ids"""
    rows = [(str(180001 + n),) for n in range(count)]
    office, one = send(paid, rows, kind, ("学号",), item=EXAM, due=in_days(day), amount=fen)
    office.post(f"{one}/apply")
    grant(paid)
    return [row["id"] for row in paid.store.fees.of_roster(int(one.rsplit("/", 1)[1]), "", 99)]


def grant(paid, act="grant"):
    finance = paid.college.browser("zhou", "finance")
    for request in paid.store.requests.find(True, 9):
        finance.post(f"/approvals/{request['id']}", act=act)


def states(paid):
    return {
        row["id"]: row["state"]
        for row in paid.store.db.rows("SELECT id, state FROM fee ORDER BY id")
    }


# shows R3
@pytest.mark.usefixtures("both")
def test_row_by_row_before_anybody_is_asked_to_pay(paid):
    soon = in_days(9)
    rows = [
        ("180001", "", EXAM, soon, "45"), ("180002", "李四1", EXAM, soon, "1,045.50"),
        ("180003", "王五2", EXAM, soon, "45.005"), ("189999", "", EXAM, soon, "45"),
        ("180003", "王五", EXAM, soon, "45"), ("180001", "", EXAM, soon, "45"),
        ("180003", "", EXAM, in_days(-1), "45"), ("180003", "", EXAM, in_days(500), "45"),
        ("180003", "", "", soon, "10000.01"), ("180001", "", "教材费", soon, "20"),
    ]  # fmt: skip
    liu, one = send(paid, rows)
    told = paid.college.api("GET", f"/api{one}")[1]
    assert told["counts"] == {"ask": 3, "wrong": 7}
    wrong = {code for line in told["lines"] for code, _, _ in line["faults"]}
    assert wrong == {"no amount", "unknown", "other name", "doubled", "past", "beyond", "lacks",
                     "too much"}  # fmt: skip
    assert "1,045.50" in liu.text(one) and "180003" in liu.text(one)
    for _ in range(2):
        liu.post(f"{one}/apply")
    assert [kind for kind, _ in liu.said()] == ["done", "problem"]
    assert set(states(paid).values()) == {"listed"}
    assert Holder(paid.college, "180001").wishes("money")[1]["fees"] == []  # nobody has granted it
    assert "1,110.50" in paid.college.browser("zhou", "finance").text("/approvals")
    assert liu.post("/approvals/1", act="grant").status_code == 403
    grant(paid)
    assert set(states(paid).values()) == {"due"}
    # the same bytes are the same list; the same people in another file are wrong rows
    assert send(paid, rows)[1] == one
    again = send(paid, [*rows[:2], rows[9], ("180003", "", EXAM, soon, "45")])[1]
    told = paid.college.api("GET", f"/api{again}")[1]
    assert told["counts"] == {"ask": 1, "wrong": 3}
    assert {line["faults"][0][0] for line in told["lines"] if line["faults"]} == {"listed"}


def test_one_amount_for_all_and_each_office_its_own(paid):
    first, _ = ordered(paid)
    xue, one = send(paid, [("180001",)], "fees-students", ("学号",), item=EXAM, due=in_days(1),
                    amount="120")  # fmt: skip
    assert xue.get("/lists/2").status_code == 404 and xue.post("/lists/2/apply").status_code == 403
    xue.post(f"{one}/apply")
    assert "120.00" in xue.text("/fees") and "90.00" not in xue.text("/fees")
    assert xue.get("/fees/2").status_code == 404
    xue.post("/fees/2/withdrawal", reason="x")
    assert xue.said()[-1][0] == "problem" and set(states(paid).values()) == {"due", "listed"}
    assert xue.post(f"/fees/people/{first}/refund").status_code == 403
    grant(paid, "refuse")  # it is as if it had not been applied
    assert paid.store.fees.orders("students", 0, 9) == []
    xue.post(f"{one}/apply")
    grant(paid)
    assert "120.00" in paid.college.browser("zhou", "finance").text("/fees")
    assert paid.college.browser("sun", "personnel").get("/fees").status_code == 403
    assert paid.college.api("GET", "/api/fees")[1]["orders"][0]["open_fen"] == 12000


@pytest.mark.usefixtures("both")
def test_by_the_channel_once_however_often_it_calls(paid):
    fee, _ = ordered(paid)
    holder, other = Holder(paid.college, "180001"), Holder(paid.college, "180002")
    (due,) = holder.wishes("money")[1]["fees"]
    assert (due["item"], due["amount_fen"], due["due"]) == (EXAM, 4500, in_days(9))
    wish = {"fee": fee, "how": "channel", "channel": "sandbox"}
    assert other.wishes("fee", **wish)[0] == 404
    status, order = holder.wishes("fee", **wish)
    assert (status, order["amount_fen"]) == (201, 4500) and order["pay_url"]
    later = int(time.time()) + 1
    assert holder.wishes("fee", now_s=later, **wish)[1]["number"] == order["number"]
    paid.sandbox.pay(order["number"])
    transaction = paid.store.topups.one(1)["paid_as"]
    for _ in range(4):
        said = {"number": order["number"], "transaction": transaction, "amount_fen": 4500}
        assert paid.says(**said) == 200
    assert states(paid)[fee] == "paid"
    assert paid.balances()["fee", "teaching"] == 4500
    assert ("purse", str(holder.number)) not in paid.balances()  # it loads nothing
    (row,) = holder.wishes("money")[1]["fees"]
    assert (row["state"], row["how"]) == ("paid", "channel")
    assert holder.wishes("fee", now_s=later + 1, **wish)[0] == 400
    assert holder.tops_up(50_000, now_s=later + 2)[0] == 201  # a fee takes nothing of the limit


def test_withdrawn_while_the_payment_is_under_way(paid):
    fee, _ = ordered(paid)
    holder = Holder(paid.college, "180001")
    order = holder.wishes("fee", fee=fee, how="channel", channel="sandbox")[1]
    liu = paid.college.browser("liu", "teaching")
    liu.post("/fees/2/withdrawal", fee=str(fee), reason="  考试   取消 ")
    assert "考试 取消" in liu.text("/fees/2") and list(states(paid).values()) == [
        "withdrawn",
        "due",
    ]
    paid.sandbox.pay(order["number"])
    (kept,) = paid.store.topups.listed(True, 99, 9)
    assert (kept["why"], kept["state"]) == ("withdrawn", "paid")
    assert paid.balances()["suspense", "channel"] == 4500
    assert "费用已撤销" in paid.college.browser("zhou", "finance").text("/payments?kept=1")
    paid.college.browser("zhou", "finance").post(f"/payments/{kept['id']}/return")
    paid.college.browser("wang", "centre").post("/approvals/2", act="grant")
    assert paid.payments.sweep()["returned"] == 1
    assert paid.balances().get(("suspense", "channel"), 0) == 0
    liu.post("/fees/2/withdrawal", reason="x")
    liu.post("/fees/2/withdrawal", reason="x")
    assert [kind for kind, _ in liu.said()][-2:] == ["done", "problem"]


@pytest.mark.usefixtures("both")
def test_in_cash_two_clerks_and_the_channel_too(paid):
    fee, other = ordered(paid)
    holder = Holder(paid.college, "180001")
    order = holder.wishes("fee", fee=fee, how="channel", channel="sandbox")[1]
    li, he = paid.college.browser("li", "clerk"), paid.college.browser("he", "clerk")
    person = f"/people/{paid.store.fees.one(fee)['holder']}"
    page = li.text(person)
    receipt = page.partition('name="receipt" value="')[2].partition('"')[0]
    for _ in range(2):
        li.post(f"/fees/people/{fee}/cash", receipt=receipt)
    assert [kind for kind, _ in li.said()] == ["done", "done"]
    he.post(f"/fees/people/{fee}/cash", receipt="H-1")
    he.post("/cash", receipt=receipt, card="1", amount="45")
    he.post(f"/fees/people/{other}/cash", receipt=receipt)
    assert [kind for kind, _ in he.said()] == ["problem"] * 3 and receipt in he.text(person)
    assert receipt not in he.text("/cash") and EXAM in li.text("/cash")
    assert "1 / 2" in li.text("/fees") and receipt in li.text("/fees/2?state=paid")
    paid.sandbox.pay(order["number"])
    assert paid.store.topups.one(1)["why"] == "twice"
    today = validity.today(int(time.time()))
    drawer = {"clerk": "li", "taken": 1, "taken_fen": 4500, "reversed_fen": 0}
    assert paid.store.cash.drawers(today) == [drawer]
    # the wrong person's: the clerk asks, another grants, and the fee is due again
    li.post(f"/fees/people/{fee}/undoing")
    paid.college.browser("liu", "teaching").post(f"/fees/people/{fee}/refund")
    assert len(paid.store.requests.find(True, 9)) == 2
    paid.college.browser("zhou", "finance").post("/approvals/2", act="grant")
    assert states(paid)[fee] == "due" and paid.store.requests.find(True, 9) == []
    assert paid.store.cash.drawers(today) == [drawer | {"reversed_fen": 4500}]
    li.post(f"/fees/people/{fee}/cash", receipt="L-2")
    assert states(paid)[fee] == "paid"
    rows = paid.store.cash.of_day(today, "")
    assert [(row["receipt"], row["reversed_by"]) for row in rows] == [
        ("L-2", None), (receipt, "zhou"),
    ]  # fmt: skip


@pytest.mark.usefixtures("both")
def test_from_the_purse_of_a_phone_and_of_no_card(paid):
    fee, _ = ordered(paid)
    holder, other = Holder(paid.college, "180001"), Holder(paid.college, "180002")
    paid.sandbox.pay(holder.tops_up(4499)[1]["number"])
    assert holder.wishes("fee", fee=fee, how="purse")[0] == 400
    paid.sandbox.pay(holder.tops_up(101)[1]["number"])
    assert other.wishes("fee", fee=fee, how="purse")[0] == 404
    now_s = int(time.time()) + 1
    for again in range(2):
        told = holder.wishes("fee", now_s=now_s + again, fee=fee, how="purse")
        assert told == (200, {"fee": fee, "state": "paid"})
    assert paid.balances()["purse", str(holder.number)] == 100
    paid.college.browser("liu", "teaching").post(f"/fees/people/{fee}/refund")
    grant(paid)
    assert states(paid)[fee] == "refunded"
    assert paid.balances()["purse", str(holder.number)] == 4600
    assert ordered(paid, 1)[0] > fee  # refunded, it may be ordered again


def test_refunded_through_the_channel_with_two_persons(paid):
    fee, cash = ordered(paid)
    order = Holder(paid.college, "180001").wishes("fee", fee=fee, how="channel", channel="sandbox")[
        1
    ]
    paid.sandbox.pay(order["number"])
    paid.college.browser("li", "clerk").post(f"/fees/people/{cash}/cash", receipt="R")
    liu = paid.college.browser("liu", "teaching")
    for one in (fee, fee, cash):
        liu.post(f"/fees/people/{one}/refund")
    assert [row["deed"] for row in paid.store.requests.find(True, 9)] == ["fee-refund"] * 2
    grant(paid)
    assert list(states(paid).values()) == ["refunded"] * 2
    assert paid.balances().get(("suspense", "channel")) == 4500
    assert paid.payments.sweep()["returned"] == 1
    today = validity.today(int(time.time()))
    (drawer,) = paid.store.cash.drawers(today)
    assert drawer["taken_fen"] == drawer["reversed_fen"] == 4500
    assert paid.balances().get(("bank", "")) == -15000  # what the three cards were issued with


# shows R14
def test_the_books_have_both_lines_and_the_bank_matches(paid, monkeypatch):
    fee, cash = ordered(paid)
    order = Holder(paid.college, "180001").wishes("fee", fee=fee, how="channel", channel="sandbox")[
        1
    ]
    paid.sandbox.pay(order["number"])
    paid.college.browser("li", "clerk").post(f"/fees/people/{cash}/cash", receipt="R")
    paid.college.browser("liu", "teaching").post(f"/fees/people/{cash}/refund")
    grant(paid)
    today = validity.today(int(time.time()))
    zhou = paid.college.browser("zhou", "finance")
    day = zhou.text(f"/books/days/{validity.shown(today)}")
    assert "教学工作部收费" in day and "补卡费" not in day
    with moved(monkeypatch, 86400):
        paid.college.orders.books.close(today, "zhou")
        assert paid.college.orders.books.check() == []
    lines = paid.store.days.lines(today, today)
    sums = {row.name: row.amount_fen for row in books.sides(lines) if row.amount_fen}
    assert sums == {"desk": 15000, "teaching fee": 9000, "teaching fee back": 4500}
    assert sum(row.after_fen for row in books.balances([], lines)) == 0
    ours = paid.store.statements.movements(days.month_of(today)).values()
    named = {row["reference"]: row["amount_fen"] for row in ours if row["reference"]}
    assert named == {order["number"]: 4500}


def test_overdue_is_seen_and_still_paid_and_the_list_is_a_workbook(paid, monkeypatch):
    fee, other = ordered(paid, day=0)
    with moved(monkeypatch, 2 * 86400):
        liu = paid.college.browser("liu", "teaching")
        assert "逾期未缴" in liu.text("/fees/2") and "逾期未缴 2" in liu.text("/fees")
        paid.college.browser("li", "clerk").post(f"/fees/people/{fee}/cash", receipt="R")
        book = load_workbook(io.BytesIO(liu.client.get("/fees/2?as=xlsx").data)).worksheets[0]
        rows = [[cell.value for cell in row] for row in book.iter_rows(min_row=2)]
        assert [(row[0], float(row[4]), row[6], row[7]) for row in rows] == [
            ("180001", 45.0, "已缴", "服务台现金"), ("180002", 45.0, "逾期未缴", None),
        ]  # fmt: skip
        assert liu.get("/fees/2?state=due").get_data(as_text=True).count("180001") == 0
        assert liu.get("/fees/2?state=nonsense").status_code == 400


def test_who_left_is_in_no_list_and_may_still_pay(paid):
    fee, _ = ordered(paid)
    leave = as_csv([["学号", "姓名", "原因"], ["180001", "张三0", "毕业"]])
    number, _ = paid.college.orders.people.put("students-leave", "x.csv", leave, "liu")
    paid.college.orders.people.apply(number, "liu")
    _, one = send(paid, [("180001", "", "教材费", in_days(1), "1")])
    told = paid.college.api("GET", f"/api{one}")[1]
    assert told["lines"][0]["faults"] == [["ended", "number", "180001"]]
    paid.college.browser("li", "clerk").post(f"/fees/people/{fee}/cash", receipt="R")
    assert states(paid)[fee] == "paid"


def test_every_transition_and_no_other():
    for state in fees.STATES:
        for event in fees.EVENTS:
            if event in fees.TABLE[state]:
                assert fees.after(state, event) in fees.STATES
            else:
                with pytest.raises(Exception, match=state):
                    fees.after(state, event)
