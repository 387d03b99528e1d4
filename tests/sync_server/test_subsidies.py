"""Meals of staff by list: looked at, applied once, paid for by a second person, once."""

import pytest

from sync_server.core import subsidies
from tests.sync_server.test_people import college, csv, put  # noqa: F401
from tests.sync_server.test_rosters import as_book

HEAD = ("工号", "姓名", "月份", "补贴金额")
STAFF = [("T01", "李老师", "x"), ("T02", "王老师", "x"), ("T03", "孙老师", "x")]


@pytest.fixture
def school(both, college):  # noqa: F811
    for kind, rows in (("staff", STAFF), ("students", [("S1", "学生", "x")])):
        _, made = put(college, kind, csv(*rows))
        assert college.api("POST", f"/api/lists/{made['id']}/apply")[0] == 200
    yield college
    assert college.store.accounts.sum_fen() == 0


def paid(*rows):
    return csv(*rows, head=HEAD)


def balance(school):
    return school.store.subsidies.left_fen()


# shows R4
def test_looked_at_then_applied_then_paid_for_once(school):
    sun = school.browser("sun", "personnel")
    rows = [
        ("T01", "李老师", "2026年11月", "300"), ("T02", "王老师", "2026-11", "1,200.50"),
        ("T09", "无名", "2026-11", "1"), ("T03", "孙老帅", "2026-11", "1"),
        ("S1", "学生", "2026-11", "1"), ("T03", "孙老师", "11月", "1"),
        ("T03", "孙老师", "2026-11", "1.005"), ("T01", "李老师", "202611", "5"),
    ]  # fmt: skip
    _, made = put(school, "subsidies", paid(*rows))
    told = school.api("GET", f"/api/lists/{made['id']}")[1]
    assert told["counts"] == {"pay": 2, "wrong": 6}
    wrong = {code for line in told["lines"] for code, _, _ in line["faults"]}
    assert wrong == {"unknown", "other name", "other kind", "no month", "no amount", "doubled"}
    page = sun.text(f"/lists/{made['id']}")
    assert "1,200.50" in page and "不是月份" in page
    for _ in range(2):
        sun.post(f"/lists/{made['id']}/apply")
    assert [kind for kind, _ in sun.said()] == ["done", "problem"]
    assert balance(school) == 0  # nobody has granted it
    zhou = school.browser("zhou", "finance")
    assert "1,500.50" in zhou.text("/approvals") and "1,500.50" in zhou.text("/subsidies")
    for _ in range(2):
        zhou.post("/approvals/1", act="grant")
    assert balance(school) == 150050
    assert school.store.subsidies.months(9) == [
        {"month": "2026-11", "people": 2, "granted_fen": 150050, "waiting_fen": 0}
    ]


def test_a_month_once_and_refused_it_may_be_listed_again(school):
    first = paid(("T01", "李老师", "2026-11", "300"))
    _, made = put(school, "subsidies", first)
    one = f"/api/lists/{made['id']}"
    assert school.api("POST", f"{one}/apply")[0] == 202
    _, other = put(school, "subsidies", as_book([list(HEAD), ["T01", "李老师", "2026-11", 299]]))
    told = school.api("GET", f"/api/lists/{other['id']}")[1]
    assert told["lines"][0]["faults"] == [["had", "month", "2026-11"]]
    assert school.api("POST", f"/api/lists/{other['id']}/apply")[0] == 400
    zhou = school.browser("zhou", "finance")
    zhou.post("/approvals/1", act="refuse")
    assert school.store.subsidies.months(9) == [] and balance(school) == 0
    assert school.api("POST", f"{one}/apply")[0] == 202
    zhou.post("/approvals/2", act="grant")
    assert balance(school) == 30000
    assert school.api("POST", f"{one}/apply")[0] == 400


def test_who_asked_does_not_grant_and_students_affairs_sends_none(school):
    put(school, "subsidies", paid(("T01", "李老师", "2026-11", "300")))
    school.browser("sun", "personnel").post("/lists/3/apply")
    assert school.browser("sun").post("/approvals/1", act="grant").status_code == 403
    teacher = school.browser("liu", "teaching")
    assert teacher.post("/lists/3/apply").status_code == 403
    assert teacher.get("/subsidies").status_code == 403
    assert balance(school) == 0


@pytest.mark.parametrize(
    ("text", "month"),
    [("2026-11", "2026-11"), ("2026/1", "2026-01"), ("2026年2月", "2026-02"), ("202612", "2026-12"),
     ("2026-13", None), ("2026-0", None), ("26-1", None), ("", None), ("2026-1-1", None),
     ("1999-01", None), ("２０２６-1", None), ("2026-111", None)],
)  # fmt: skip
def test_months(text, month):
    assert subsidies.month(text) == month
