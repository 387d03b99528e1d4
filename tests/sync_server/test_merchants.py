"""Merchants: applied for, granted by three persons of three offices, stopped, ended (R11)."""

import json
import re

import pytest

from protocol import params
from sync_server.core import days, validity
from tests.sync_server.finance import BANK, Finance

WISH = {"name": "一食堂", "contract": "HT-7", "place": "东区", "fee": "20", "bank": BANK,
        "until": "2030-12-31"}  # fmt: skip

OVER_UTC_S = days.begins_utc_s(validity.day("2031-01-01"))


@pytest.fixture
def college(tmp_path, both):
    college = Finance(tmp_path)
    yield college
    college.close()


def limit(college, terminal):
    """What this terminal is told that one tap may take."""
    _, packed = college.store.terminals.params(terminal)
    return params.unpack(packed).get("tap_limit_fen")


def in_force(college):
    """Asked by the centre, granted by finance."""
    college.browser("centre1", "centre").post("/merchants/admission")
    waiting = college.store.requests.find(True, 9)[0]
    college.browser("finance1", "finance").post(f"/approvals/{waiting['id']}", act="grant")


# shows R11
def test_three_persons_of_three_offices(college):
    till, gate = college.enrol("pos", "1 号窗", "一食堂"), college.enrol("gate", "东门", "一食堂")
    other = college.enrol("pos", "小卖部", "超市")
    assert limit(college, till) is None  # a demonstration
    in_force(college)
    assert [limit(college, n) for n in (till, other, gate)] == [1, 1, None]
    late = college.enrol("water", "3-2-07", "物业")
    assert limit(college, late) == 1
    clerk = college.browser("clerk", "clerk")
    assert clerk.post("/merchants", **WISH).headers["Location"] == "/merchants/1"
    for name, role, state in (
        ("centre1", "centre", "granted_1"), ("centre2", "centre", "granted_1"),
        ("finance1", "finance", "granted_2"), ("finance1", "finance", "granted_2"),
        ("zhao", "logistics", "admitted"),
    ):  # fmt: skip
        assert limit(college, till) == 1
        college.browser(name, role).post("/merchants/1/act", event="grant", turn="1")
        assert college.store.merchants.get(1)["state"] == state, name
    assert [limit(college, n) for n in (till, other)] == [None, 1]
    assert college.browser("li", "clerk").post("/merchants/1/act", event="grant").status_code == 403
    told = college.api("GET", "/api/merchants/1")[1]
    assert told["granted"] == {"centre": "centre1", "finance": "finance1", "logistics": "zhao"}


# shows R11
def test_suspended_it_takes_no_money_and_a_second_person_lets_it_go_on(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    number = college.admit()
    zhao, wang = college.browser("logistics1", "logistics"), college.browser("centre1", "centre")
    path = f"/merchants/{number}/act"
    zhao.post(path, event="suspend", turn="1")
    assert limit(college, till) is None  # without a reason nothing is done
    zhao.post(path, event="suspend", turn="1", note="卫生检查不合格")
    assert limit(college, till) == 1
    zhao.post(path, event="resume", turn="1", note="已整改")
    assert college.store.merchants.get(number)["state"] == "suspended"
    page = wang.text(f"/merchants/{number}")
    assert "卫生检查不合格" in page and "已通知其终端拒绝所有付款" in page
    wang.post(path, event="resume", turn="1", note="已整改")
    assert limit(college, till) is None
    wang.post(path, event="end", turn="1", note="合同终止")
    assert limit(college, till) == 1
    clerk = college.browser("clerk", "clerk")
    clerk.post("/merchants", **WISH)
    assert college.store.merchants.get(number)["state"] == "applied"
    assert limit(college, till) == 1  # who was ended is no demonstration
    wang.post(path, event="grant", turn="1")  # what they looked at was the old application
    assert college.store.merchants.get(number)["state"] == "applied"
    wang.post(path, event="refuse", turn="2", note="无合同")
    clerk.post("/merchants", **WISH)
    assert college.store.merchants.get(number)["turn"] == 3


# shows R11
def test_a_contract_that_runs_out(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    number = college.admit(until="2030-12-31")
    row = college.store.merchants
    assert row.expire(OVER_UTC_S - 1) == 0 and limit(college, till) is None
    assert row.expire(OVER_UTC_S) == 1 and limit(college, till) == 1
    assert row.expire(OVER_UTC_S) == 0
    assert row.acts(number)[0]["event"] == "expire"


def test_payments_that_came_all_the_same_are_named(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    number = college.admit()
    college.browser("centre1").post(
        f"/merchants/{number}/act", event="suspend", turn="1", note="停业"
    )
    college.sell(validity.today(OVER_UTC_S), till, 500)  # after all that is done now
    told = college.api("GET", f"/api/merchants/{number}")[1]
    assert [one["took"] for one in told["terminals"]] == [1]
    assert college.api("GET", f"/api/terminals/{till}")[1]["terminal"]["alarms"] == [
        ["merchant", 1]
    ]
    assert "仍收款 1 笔" in college.browser("zhou", "finance").text(f"/merchants/{number}")


@pytest.mark.parametrize(("field", "value"), [
    ("bank", "123"), ("bank", "62220210011123456x"), ("until", "2020-01-01"), ("until", "morgen"),
    ("fee", "1001"), ("fee", "-1"), ("fee", "2.5"), ("name", ""), ("name", "x" * 61),
    ("contract", " "),
])  # fmt: skip
@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_an_application_that_cannot_be(college, field, value):
    clerk = college.browser("clerk", "clerk")
    clerk.post("/merchants", **WISH | {field: value})
    assert clerk.said()[-1][0] == "problem" and college.store.merchants.all() == []
    assert value not in str(clerk.said()) or len(value) < 3
    college.api("POST", "/api/merchants", WISH | {field: value})
    assert college.store.merchants.all() == []


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_the_account_at_the_bank_is_seen_by_nobody_whole(college):
    number = college.admit()
    zhou = college.browser("finance1", "finance")
    for path in ("/merchants", f"/merchants/{number}", "/audit", "/books/settlements"):
        page = college.browser("centre1", "centre").get(path).text
        assert BANK not in page and BANK not in zhou.get(path).text
    assert "•••• 5678" in zhou.text("/merchants")
    for path in ("/api/merchants", f"/api/merchants/{number}"):
        assert BANK not in json.dumps(college.api("GET", path)[1])
    assert BANK not in str(college.store.audit.acts(2**60, 999))


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_names_are_text(college):
    clerk = college.browser("clerk", "clerk")
    clerk.post("/merchants", **WISH | {"name": "<script>alert(1)</script>"})
    for path in ("/merchants", "/merchants/1"):
        page = clerk.text(path)
        assert "<script>alert" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_both_languages(college):
    college.admit()
    clerk = college.browser("clerk", "clerk")
    for path in ("/merchants", "/merchants/1"):
        assert not re.search(r"[一-鿿]", _words(clerk.text(f"{path}?lang=en"))), path


def _words(page):
    """The page without names that people gave, and without the switch."""
    main = page[page.index("<main") :]
    for name in ("一食堂", "东区"):
        main = main.replace(name, "")
    return main
