"""Merchants are paid what they turned over, by two persons, once; what is open holds them back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import record
from sync_server.core import settlements as core
from sync_server.core import validity
from sync_server.core.ledger import Transfer
from tests.sync_server.finance import BANK, DAY, Finance, noon


@pytest.fixture
def college(tmp_path, both):
    college = Finance(tmp_path)
    yield college
    college.close()


def balances(college):
    return {(row["type"], row["key"]): row["balance_fen"] for row in college.store.accounts.all()}


def settled(college, until):
    """Made by one person of finance. -> the request that waits, or None"""
    college.browser("zhou", "finance").post("/books/settlements", until=validity.shown(until))
    waiting = college.store.requests.find(True, 9)
    return waiting[0]["id"] if waiting else None


def grant(college, request, who="finance1", act="grant"):
    college.browser(who, "finance").post(f"/approvals/{request}", act=act)


@pytest.fixture
def later(monkeypatch):
    """What is granted now is granted on the day after."""
    monkeypatch.setattr("sync_server.gateway.offices._now_s", lambda: noon(DAY + 1))


# shows R14
def test_paid_by_turnover_once(college, later):
    a, b = college.enrol("pos", "1 号窗", "一食堂"), college.enrol("pos", "小卖部", "超市")
    number = college.admit(fee=25)
    for fen in (1000, 2050):
        college.sell(DAY, a, fen)
    college.book(DAY, Transfer(("merchant", "一食堂"), ("purse", "1"), 50, a, 9))
    college.sell(DAY, b, 700)  # a demonstration is paid nothing
    college.closed(DAY)
    told = college.api("GET", "/api/books/settlements")[1]["due"]
    assert [(x["gross_fen"], x["reversed_fen"], x["fee_fen"], x["net_fen"]) for x in told] == [
        (3050, 50, 75, 2925)
    ]
    request = settled(college, DAY)
    assert settled(college, DAY) == request and len(college.store.requests.find(True, 9)) == 1
    path = "/books/settlements/1/file"
    zhou = college.browser("zhou", "finance")
    assert zhou.client.get(path).status_code == 409  # nothing leaves before it is granted
    grant(college, request, "zhou")
    assert ("merchant", "一食堂") in balances(college) and balances(college)["merchant", "一食堂"]
    grant(college, request)
    grant(college, request)
    held = balances(college)
    assert (held["merchant", "一食堂"], held["fee", "merchant"], held["bank", ""]) == (0, 75, 2925)
    assert held["merchant", "超市"] == 700 and college.store.accounts.sum_fen() == 0
    first, again = zhou.client.get(path).data, zhou.client.get(path).data
    assert first == again and first.startswith(b"\xef\xbb\xbf")
    assert first.decode("utf-8-sig").splitlines()[1] == f"1,一食堂,{BANK},29.25,JS1-1"
    assert college.browser("w").client.get(path).status_code == 403
    assert BANK not in zhou.text("/books/settlements/1")
    college.sell(DAY + 1, a, 400)
    college.sell(DAY, a, 100, came=DAY + 1)  # late: it is of the next settlement
    college.closed(DAY + 1)
    (due,) = college.api("GET", "/api/books/settlements")[1]["due"]
    assert (due["gross_fen"], due["after_day"]) == (500, DAY)
    grant(college, settled(college, DAY + 1))
    assert balances(college)["merchant", "一食堂"] == 0
    page = zhou.text(f"/merchants/{number}")
    assert "29.25" in page and "4.87" in page


def test_refused_it_waits_for_another_batch(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    college.admit()
    college.sell(DAY, till, 1000)
    college.closed(DAY)
    grant(college, settled(college, DAY), act="refuse")
    assert balances(college)["merchant", "一食堂"] == 1000
    grant(college, settled(college, DAY))
    assert balances(college)["merchant", "一食堂"] == 0
    assert college.browser("zhou", "finance").client.get(
        "/books/settlements/1/file"
    ).status_code == 409  # fmt: skip
    assert settled(college, DAY) is None  # nothing is left


def test_what_is_open_holds_back_until_finance_says_why(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    number = college.admit()
    college.sell(DAY, till, 1000)
    college.sell(DAY, till, 300, outcome=record.INTENT)
    college.closed(DAY)
    assert settled(college, DAY) is None
    zhou = college.browser("zhou", "finance")
    assert "流水 2 为灰记录" in zhou.text("/books/settlements")
    path, until = f"/books/settlements/let/{number}", validity.shown(DAY)
    zhou.post(path, until=until)
    assert settled(college, DAY) is None  # without a reason it is held back
    zhou.post(path, until=until, reason="卡已挂失，差额另行处理")
    college.serials[till] += 1
    college.sell(DAY, till, 200, outcome=record.INTENT)
    assert settled(college, DAY) is None  # that was not said of this one
    zhou.post(path, until=until, reason="两笔灰记录已核实")
    request = settled(college, DAY)
    grant(college, request)
    row = college.store.settlements.rows(1)[0]
    assert (row["reason"], row["let_by"]) == ("两笔灰记录已核实", "zhou")
    assert [one[:3] for one in row["open"]] == [
        ["grey", till, 2], ["grey", till, 4], ["missing", till, 3],
    ]  # fmt: skip
    assert "两笔灰记录已核实" in zhou.text("/books/settlements/1")


def test_one_that_was_suspended_is_paid_on_a_word_and_a_new_account_only_when_granted(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    number = college.admit()
    college.sell(DAY, till, 1000)
    college.closed(DAY)
    college.browser("centre1").post(f"/merchants/{number}/act", event="end", turn=1, note="到期")
    assert settled(college, DAY) is None
    college.browser("clerk", "clerk").post(
        "/merchants", name="一食堂", contract="2", place="x", fee=0, bank="9" * 12,
        until="2030-01-01",
    )  # fmt: skip
    assert college.api("GET", "/api/books/settlements")[1]["due"] == []  # nobody granted that one


def test_a_day_that_is_not_closed_is_not_settled(college):
    till = college.enrol("pos", "1 号窗", "一食堂")
    college.admit()
    college.sell(DAY, till, 1000)
    zhou = college.browser("zhou", "finance")
    assert "请先日结" in zhou.text("/books/settlements")
    for until in (validity.shown(DAY), "", "2026-13-01", "x"):
        zhou.post("/books/settlements", until=until)
        assert zhou.said()[-1][0] == "problem"


@given(st.integers(0, 10**12), st.integers(0, 1000))
def test_a_fee_is_rounded_half_up_and_what_is_paid_adds_up(fen, per_mille):
    fee = core.fee_fen(fen, per_mille)
    assert abs(fee * 1000 - fen * per_mille) <= 500 and fee <= fen
    moved = core.transfers("m", fen - fee, fee)
    assert sum(one.amount_fen for one in moved) == fen
    assert all(one.amount_fen > 0 and one.giver == ("merchant", "m") for one in moved)


EVENTS = st.lists(
    st.tuples(st.sampled_from(["sell", "back", "close", "settle"]), st.integers(1, 99_999)),
    max_size=14,
)


@given(EVENTS)
@settings(max_examples=12, deadline=None)
def test_after_all_is_settled_the_account_holds_what_came_since(tmp_path_factory, events):
    from sync_server.store.store import Store

    store = Store(f"sqlite:///{tmp_path_factory.mktemp('s') / 'c.db'}")
    wish = {"name": "m", "contract": "1", "place": "p", "fee_per_mille": 13, "bank": "1" * 10,
            "valid_until": 2**15}  # fmt: skip
    store.merchants.apply(wish, "clerk", "c", 1)
    for office in ("centre", "finance", "logistics"):
        store.merchants.act(1, 1, "grant", (office, office), "", 1)
    day, taken, open_fen, paid = DAY, 0, 0, 0
    for what, fen in events:
        if what == "sell" or what == "back" and open_fen + taken < fen:
            moved = Transfer(("purse", "1"), ("merchant", "m"), fen, 0, 0)
        elif what == "back":
            moved = Transfer(("merchant", "m"), ("purse", "1"), fen, 0, 0)
        elif what == "close" and store.days.next() is not None:
            store.days.close(day, {}, "z", noon(day + 1))
            taken, open_fen, day = taken + open_fen, 0, day + 1
            continue
        else:
            last = store.days.last()
            due = store.settlements.due(last[0]) if last else []
            if due and due[0]["net_fen"] > 0:
                number = store.settlements.make(last[0], "z", noon(day))
                with store.group():
                    store.settlements.granted(number, True, "y", noon(day))
                paid, taken = paid + due[0]["net_fen"] + due[0]["fee_fen"], 0
            continue
        with store.group():
            store.accounts.book([moved], noon(day))
        open_fen += fen if moved.taker[0] == "merchant" else -fen
        held = {(r["type"], r["key"]): r["balance_fen"] for r in store.accounts.all()}
        assert held["merchant", "m"] == taken + open_fen
    assert store.accounts.sum_fen() == 0
    store.close()
