"""Terminals as those see them who care for them: alarms, damage, and whose is whose."""

import itertools
import random
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.core import alarms
from sync_server.core.alarms import Facts
from sync_server.store import care
from tests.sync_server.office import College

pytestmark = pytest.mark.usefixtures("both")

NOW = 1_000_000
_RECORD = (
    "record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card, amount_fen,"
    " balance_fen, content, received_utc_s)"
)
REPORT = {
    "utc_s": NOW - 5, "queue": 0, "grey": 0, "capacity": 1000, "taps": 1000, "tears": 10,
}  # fmt: skip
WELL = Facts(True, NOW, 9, 9, NOW - 900, REPORT, NOW - 5, NOW - 60, None, 0)
RULES = alarms.rules({})


def raised(facts, changed=None):
    return alarms.raised(alarms.rules(changed or {}), facts, NOW)


def test_a_terminal_that_is_well_raises_nothing():
    assert raised(WELL) == []
    new = Facts(False, None, None, 9, NOW - 900, None, None, None, None, 0)
    assert raised(new) == []  # it never worked


# shows R20
@pytest.mark.parametrize(
    ("facts", "alarm"),
    [
        (WELL._replace(connected=False, contact_utc_s=NOW - 301), ("silent", 301)),
        (WELL._replace(held=8, version_utc_s=NOW - 61), ("list", 61)),
        (WELL._replace(held=None, version_utc_s=NOW - 61), ("list", 61)),
        (WELL._replace(report=REPORT | {"utc_s": NOW - 606}), ("clock", 601)),
        (WELL._replace(report=REPORT | {"utc_s": NOW + 700}), ("clock", 705)),
        (WELL._replace(report=REPORT | {"queue": 3}, uploaded_utc_s=NOW - 90_000), ("upload", 25)),
        (WELL._replace(missing_utc_s=NOW - 901), ("missing", 901)),
        (WELL._replace(report=REPORT | {"queue": 510}), ("queue", 51)),
        (WELL._replace(report=REPORT | {"grey": 1}), ("grey", 1)),
        (WELL._replace(report=REPORT | {"tears": 51}), ("tears", 51)),
        (WELL._replace(damages=1), ("damage", 1)),
        (WELL._replace(often=3), ("often", 3)),
    ],
)
def test_each_alarm_is_raised_changed_and_switched_off(facts, alarm):
    name, value = alarm
    assert raised(facts) == [alarm]
    assert raised(facts, {name: (value + 1, True)}) == []
    assert raised(facts, {name: (1, False)}) == []


def test_one_at_its_limit_is_not_raised_a_count_is():
    assert raised(WELL._replace(connected=False, contact_utc_s=NOW - 300)) == []
    assert raised(WELL._replace(damages=2), {"damage": (2, True)}) == [("damage", 2)]
    few = REPORT | {"taps": 99, "tears": 99}
    assert raised(WELL._replace(report=few)) == []


@given(st.integers(0, 2**32), st.integers(0, 2**32), st.none() | st.integers(0, 99))
def test_any_clock_and_version_is_an_answer(utc_s, contact_s, held):
    facts = WELL._replace(
        report=REPORT | {"utc_s": utc_s}, received_utc_s=contact_s, contact_utc_s=contact_s,
        held=held, connected=False,
    )  # fmt: skip
    for name, value in raised(facts):
        assert name in {rule.name for rule in RULES} and value >= 0


# pages


@pytest.fixture
def college(tmp_path):
    college = College(tmp_path)
    college.enrol("pos", "食堂 <1>", "食堂")
    college.enrol("pos", "超市", "超市")
    college.enrol("water", "3-2-07")
    yield college
    college.close()


def test_who_sees_which(college):
    def seen(browser):
        page = browser.text("/terminals")
        return [place for place in ("食堂 &lt;1&gt;", "超市</a>", "3-2-07") if place in page]

    assert len(seen(college.browser("zhao", "logistics"))) == 3
    shop = college.browser("shop", "merchant", "超市")
    assert seen(shop) == ["超市</a>"]
    assert seen(college.browser("xue", "students")) == ["3-2-07"]
    assert shop.get("/terminals/2").status_code == 200
    for path in ("/terminals/1", "/terminals/3", "/terminals/9"):
        assert shop.get(path).status_code == 404
    assert shop.post("/terminals/1/care", kind="damage", note="x").status_code == 303
    assert college.store.care.damages() == {}  # not theirs


# shows R20
def test_damage_is_reported_shows_and_is_seen_to(college):
    xue, zhao = college.browser("xue", "students"), college.browser("zhao", "logistics")
    xue.post("/terminals/3/care", kind="damage", note="阀门漏水 <b>")
    xue.post("/terminals/3/care", kind="inspection", note="")
    xue.post("/terminals/3/care", kind="party", note="x")
    assert [kind for kind, _ in xue.said()] == ["done", "problem", "problem"]
    assert "报修 1" in zhao.text("/terminals?only=alarms") and "阀门漏水 &lt;b&gt;" in zhao.text(
        "/terminals/3"
    )
    assert xue.post("/terminals/3/care/1/end").status_code == 403
    assert zhao.post("/terminals/2/care/1/end").status_code == 303  # of another terminal
    assert college.store.care.damages() == {3: 1}
    zhao.post("/terminals/3/care/1/end")
    zhao.post("/terminals/3/responsible", who="赵工")
    page = zhao.text("/terminals/3")
    assert "zhao 已处理" in page and "赵工" in page and college.store.care.damages() == {}
    assert "赵工" in zhao.text("/terminals?q=赵") and "超市" not in zhao.text("/terminals?q=赵")


def test_the_rules_are_rows_that_the_centre_changes(college):
    wang, zhao = college.browser("wang"), college.browser("zhao", "logistics")
    assert (
        "超过" in zhao.text("/alarms")
        and zhao.post("/alarms/silent", limit="60").status_code == 403
    )
    for limit in ("60", "5", "x", "-1", "99999999", ""):
        wang.post("/alarms/silent", limit=limit, is_on="1")
    assert [kind for kind, _ in wang.said()] == ["done"] + ["problem"] * 5
    wang.post("/alarms/nonsense", limit="60")
    wang.post("/alarms/clock", limit="30")
    assert college.store.care.alarm_rules() == {"silent": (60, True), "clock": (30, False)}
    status, told = college.api("GET", "/api/alarms")
    assert status == 200 and told["rules"][0]["limit"] == 60 and not told["rules"][2]["is_on"]


def test_one_page_of_a_terminal_and_its_twin(college):
    zhao = college.browser("zhao", "logistics")
    page = zhao.text("/terminals/1")
    assert "食堂 &lt;1&gt;" in page and "还没有刷卡" in page
    status, told = college.api("GET", "/api/terminals/1")
    assert status == 200 and told["terminal"]["alarms"] == [] and told["taps"] == []
    assert college.api("GET", "/api/terminals/99")[0] == 404
    assert len(college.api("GET", "/api/terminals")[1]["terminals"]) == 3


def test_a_hole_is_found_among_the_last_numbers_and_nowhere_else(college, monkeypatch):
    """Against what a person would do: look at the last numbers of each terminal one by one."""
    monkeypatch.setattr(care, "HOLES_AMONG", 6)
    chance, rows, expected = random.Random(7), [], {}
    for _ in range(60):
        number = college.store.terminals.enrol("pos", "x", "", 1)
        serials = [n for n in range(1, 15) if chance.random() < 0.85]
        rows += [(number, n, 1, 15, 0, 0, 0, 5, 1, 0, 0, b"", 1000 + n) for n in serials]
        seen = [n for n in serials if n > max(serials) - 6]
        after = [late for early, late in itertools.pairwise(seen) if late > early + 1]
        expected |= {number: 1000 + after[0]} if after else {}
    college.store.db.insert(_RECORD, rows)
    assert college.store.care.missing() == expected and 20 < len(expected) < 50


def test_a_record_that_is_missing_and_one_that_is_declared_lost(college):
    rows = [
        (1, serial, 1, 15, 0, 0, 0, 5, 1, 100, 0, b"", 1000 + serial) for serial in (1, 2, 5, 6, 9)
    ]
    college.store.db.insert(_RECORD, rows)
    assert college.store.care.missing() == {1: 1005}
    college.store.db.conn.execute(
        "INSERT INTO lost (terminal, first, last, used_to, declared_utc_s) VALUES (1, 3, 4, 4, 9)"
    )
    assert college.store.care.missing() == {1: 1009}
    zhao = college.browser("zhao", "logistics")
    assert "缺流水" in zhao.text("/terminals?only=alarms")
    college.store.db.conn.execute("UPDATE record SET fault = 65 WHERE serial = 6")
    assert "存疑流水" in college.browser("wang").text("/alarms")
    assert "存疑流水" not in zhao.text("/alarms")  # cards are not theirs to see
    assert len(college.api("GET", "/api/alarms")[1]["suspects"]) == 1


# shows R20
def test_one_card_pays_three_times_in_five_minutes(college):
    now_s = int(time.time())

    def paid(terminal, serial, card, ago_s, kind=1, outcome=15, came_s=now_s):
        row = (terminal, serial, kind, outcome, 0, 0, 0, now_s - ago_s, card, 900, 0, b"", came_s)
        college.store.db.insert(
            "record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card,"
            " amount_fen, balance_fen, content, received_utc_s)",
            [row],
        )

    zhao = college.browser("zhao", "logistics")
    for serial, (card, ago_s) in enumerate([(7, 600), (7, 250), (7, 101), (8, 30), (9, 20)], 1):
        paid(1, serial, card, ago_s)
    paid(1, 9, 8, 29, outcome=240)  # torn, nothing was taken
    paid(2, 2, 8, 28, kind=2)  # a pass
    paid(2, 3, 9, 10, came_s=now_s - 7200)  # known for long
    assert college.api("GET", "/api/terminals/1")[1]["terminal"]["alarms"] == []
    paid(2, 1, 7, 100)  # the third in 5 minutes, at another till
    assert college.api("GET", "/api/terminals/2")[1]["terminal"]["alarms"] == [["often", 3]]
    assert "连续消费 3" in zhao.text("/terminals?only=alarms")
    assert "7" not in str(college.api("GET", "/api/terminals/1")[1]["terminal"]["alarms"])
    wang = college.browser("wang")
    assert "5 分钟内第 3 笔" in wang.text("/alarms") and "分钟内第" not in zhao.text("/alarms")
    assert [row["card"] for row in college.api("GET", "/api/alarms")[1]["often"]] == [7]
    wang.post("/alarms/often", limit="4", is_on="1")
    assert college.api("GET", "/api/terminals/2")[1]["terminal"]["alarms"] == []
    wang.post("/alarms/often", limit="3", is_on="1")
    college.store.db.insert("reversal (terminal, serial, by_serial)", [(1, 2, 6)])
    assert college.api("GET", "/api/terminals/2")[1]["terminal"]["alarms"] == []  # given back


def test_a_gate_gets_its_list_before_the_loop_has_heard_of_it(college):
    held = threading.Event()
    college._loop.call_soon_threadsafe(held.wait)
    try:
        number, _ = college.orders.enrol("gate", "library", "")
        assert number not in college.gateway.terminals
        assert college.orders.set_grants(number, []) == 0  # the empty list, as it was
    finally:
        held.set()
