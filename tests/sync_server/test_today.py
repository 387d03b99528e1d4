"""The first page of each office: what waits for its word, and nothing of another's."""

import io
import re

import pytest

from sync_server.core import rights
from tests.sync_server.test_fees import in_days
from tests.sync_server.test_people import admitted, college  # noqa: F401
from tests.sync_server.test_rosters import as_csv


def tasks(browser):
    """-> {what waits: how many}"""
    page = browser.text("/today")
    found = re.findall(r"<b>(\d+)</b><span>([^<]+)<small>", page)
    return {words: int(many) for many, words in found}


@pytest.fixture
def morning(college):  # noqa: F811
    admitted(college, 2)
    college.enrol("water", "3-2-07", "物业")
    college.enrol("pos", "第一食堂", "饮食服务中心")
    return college


# shows R21
def test_everybody_begins_there_and_calm(morning):
    for role in rights.ROLES:
        merchant = "饮食服务中心" if role == "merchant" else None
        browser = morning.browser(f"a.{role}", role, merchant)
        answer = browser.get("/")
        if answer.status_code == 302:  # no overview for them
            assert answer.headers["Location"] == "/today"
        assert tasks(browser) == {} and "没有待办事项" in browser.text("/today")


def test_the_key_has_no_office(morning):
    assert morning.api("GET", "/api/today")[0] == 404


# shows R3 R21
def test_each_sees_its_own_and_only_that(morning):
    who = {role: morning.browser(f"a.{role}", role) for role in rights.ROLES if role != "merchant"}
    who["merchant"] = morning.browser("a.chen", "merchant", "饮食服务中心")
    due = {"item": "报名费", "due": in_days(9), "amount": "45"}
    rows = io.BytesIO(as_csv([["学号"], ["180001"]]))
    morning.orders.care.note(1, "damage", "漏水", "a.students")
    morning.orders.care.note(2, "damage", "屏幕碎", "a.merchant")
    who["teaching"].post("/lists", kind="fees-teaching", files={"file": (rows, "x.csv")}, **due)
    told = {role: tasks(browser) for role, browser in who.items()}
    assert told["students"] == told["merchant"] == {"台终端报警": 1}
    assert told["logistics"] == told["centre"] == {"台终端报警": 2}
    assert told["teaching"] == {"份名单已查看、未执行": 1}
    assert told["finance"] == told["personnel"] == told["clerk"] == {}
    assert "3-2-07" in who["students"].text("/today")
    assert "3-2-07" not in who["merchant"].text("/today")


# shows R21
def test_whoever_asked_takes_it_back_and_nobody_else(morning):
    liu, zhou = morning.browser("liu", "teaching"), morning.browser("zhou", "finance")
    due = {"item": "报名费", "due": in_days(9), "amount": "45"}
    rows = io.BytesIO(as_csv([["学号"], ["180001"]]))
    sent = liu.post("/lists", kind="fees-teaching", files={"file": (rows, "x.csv")}, **due)
    liu.post(f"{sent.headers['Location']}/apply")
    (request,) = morning.store.requests.find(True, 9)
    address = f"/today/requests/{request['id']}"
    assert address in liu.text("/today") and address not in zhou.text("/today")
    zhou.post(address)
    assert [kind for kind, _ in zhou.said()] == ["problem"]
    assert morning.store.requests.find(True, 9) == [request]
    liu.said()
    for _ in range(2):  # the second time there is nothing to be taken back
        liu.post(address)
    assert [kind for kind, _ in liu.said()] == ["done", "problem"]
    (decided,) = morning.store.requests.find(False, 9)
    assert (decided["granted"], decided["decided_by"]) == (0, "liu")
    assert tasks(liu) == {"份名单已查看、未执行": 1} and tasks(zhou) == {}
    zhou.post(f"/approvals/{request['id']}", act="grant")
    assert [kind for kind, _ in zhou.said()] == ["problem"]
