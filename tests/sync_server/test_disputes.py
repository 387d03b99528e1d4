"""Disputes: heard, decided by two, and the money back once, whatever the cashier does meanwhile."""

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import record
from protocol.errors import LocalError
from sync_server.core import disputes
from sync_server.store.requests import NotYours
from tests.sync_server.house import START_FEN
from tests.sync_server.office import College
from tests.sync_server.paying import Holder
from tests.sync_server.test_actions import present
from tests.sync_server.test_people import admitted
from tests.sync_server.test_refund import FEN, find, opened, press, sell, tap

SALE = (1, 1)  # the first record of terminal 1


# what a dispute is, at the pages


@pytest.fixture
def college(tmp_path, both):
    college = College(tmp_path)
    admitted(college, 2)
    for n in (1, 2):
        college.enrol("pos", f"食堂 {n}", f"商户{n}")
    for serial in (1, 2):
        ate(college, 1, serial, 1, 800)
    ate(college, 2, 1, 2, 500)
    yield college
    assert college.store.accounts.sum_fen() == 0
    college.close()


def ate(college, terminal, serial, card, fen, days_ago=0):
    """A purchase as the store has it after its upload."""
    now_s = int(time.time()) - days_ago * 86400
    college.store.db.insert(
        "record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card, amount_fen,"
        " balance_fen, content, received_utc_s)",
        [(terminal, serial, record.PURCHASE, record.DONE, 0, 0, record.PURSE_READ, now_s, card,
          fen, 0, b"", now_s)],
    )  # fmt: skip
    row = (card, serial, terminal, serial)
    college.store.db.insert("step (card, counter, terminal, serial)", [row])


# shows R12
def test_from_the_desk_to_the_refund(college):
    li, chen = college.browser("li", "clerk"), college.browser("chen", "merchant", "商户1")
    zhao, wang = college.browser("zhao", "logistics"), college.browser("wang", "centre")
    holder = college.store.holders.of_card(1)
    assert "食堂 1" in li.text(f"/disputes/new/{holder}")
    sent = li.post("/disputes", purchase="1/1/1", amount="3.00", said="<b>打了两份</b>")
    assert sent.headers["Location"] == "/disputes/1"
    again = li.post("/disputes", purchase="1/1/1", amount="8", said="又来")
    assert again.headers["Location"] == "/disputes/1"
    assert "&lt;b&gt;打了两份" in chen.text("/disputes/1")
    zhao.post("/disputes/1/uphold", amount="3", finding="x")
    assert "商户仍可答复" in zhao.said()[-1][1]
    chen.post("/disputes/1/answer", text="是多打\r\n了一份\u3000")
    chen.post("/disputes/1/answer", text="不，没有")
    assert [kind for kind, _ in chen.said()] == ["done", "problem"]
    zhao.post("/disputes/1/uphold", amount="3.01", finding="x")
    zhao.post("/disputes/1/uphold", amount="2.5", finding="监控可见")
    assert [kind for kind, _ in zhao.said()] == ["problem", "done"]
    assert zhao.post("/approvals/1", act="grant").status_code == 403
    wang.post("/approvals/1", act="grant")
    told = college.api("GET", "/api/disputes/1")[1]["dispute"]
    assert (told["state"], told["outcome"], told["granted_fen"]) == ("closed", "paid", 250)
    assert college.store.credits.balance_fen(("merchant", "商户1")) == -250
    assert college.store.credits.balance_fen(("account", "1")) == 250
    assert college.store.actions.waiting()[0] == 1
    for word in ("监控可见", "2.50 元已由商户退至卡 1"):
        assert word in chen.text("/disputes/1")
    whats = [what for _, what, _ in college.acts() if what.startswith(("disputes", "centre.dec"))]
    assert whats == ["disputes.open_case"] * 2 + [
        "disputes.answer", "disputes.uphold", "centre.decide refused", "centre.decide",
    ]  # fmt: skip


def test_merchants_see_their_own_and_overdue_ones_are_first(college, monkeypatch):
    for purchase in ("1/1/1", "2/1/2", "1/2/1"):
        terminal, serial, card = map(int, purchase.split("/"))
        body = {"terminal": terminal, "serial": serial, "card": card, "amount_fen": 100}
        assert college.api("POST", "/api/disputes", body | {"said": purchase})[0] == 201
    one, two = (college.browser(f"m{n}", "merchant", f"商户{n}") for n in (1, 2))
    nobodys = college.browser("m0", "merchant", "")
    assert "2/1/2" in two.text("/disputes") and "1/1/1" not in two.text("/disputes")
    assert two.get("/disputes/1").status_code == 404 and one.get("/disputes/2").status_code == 404
    assert nobodys.get("/disputes/1").status_code == 404
    assert "没有异议" in nobodys.text("/disputes")
    assert two.post("/disputes/1/answer", text="x").status_code in (303, 404)
    assert college.store.disputes.one(1)["state"] == "opened"
    assert one.get("/disputes/new/1").status_code == 403
    one.post("/disputes/3/answer", text="y")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + disputes.ANSWER_S + 1)
    rows = college.api("GET", "/api/disputes")[1]["disputes"]
    assert [(row["id"], row["is_overdue"]) for row in rows] == [(1, True), (2, True), (3, False)]
    zhou = college.browser("zhou", "finance")
    assert "逾期未答复" in zhou.text("/disputes")
    zhou.post("/disputes/1/refuse", finding="金额无误")  # nobody answered in time
    assert college.store.disputes.one(1)["state"] == "refused"
    monkeypatch.setattr(time, "time", lambda: real() + disputes.ANSWER_S + disputes.SEEN_S + 9)
    assert college.orders.disputes.sweep() == 1 and college.orders.disputes.sweep() == 0
    assert college.store.disputes.one(1)["outcome"] == "refused"
    assert len(college.api("GET", "/api/disputes?ended=1")[1]["disputes"]) == 1


def test_from_the_holders_phone(college):
    zhang = Holder(college, "180001")
    claim = {"terminal": 1, "serial": 1, "card": 1, "amount_fen": 800, "said": "没吃"}
    assert zhang.wishes("dispute", **claim)[0] == 201
    assert zhang.wishes("dispute", **claim) == (201, {"id": 1, "state": "opened"})
    assert zhang.wishes("dispute", **claim | {"terminal": 2, "card": 2})[0] == 404
    assert zhang.wishes("dispute", **claim | {"terminal": 2})[0] == 400  # not this card's
    assert zhang.wishes("dispute", **claim | {"serial": 2, "amount_fen": 801})[0] == 400
    (seen,) = zhang.wishes("money")[1]["disputes"]
    assert (seen["state"], seen["said"], seen["claimed_fen"]) == ("opened", "没吃", 800)
    li = Holder(college, "180002")
    assert li.wishes("withdraw", dispute=1)[0] == 404
    assert zhang.wishes("withdraw", dispute=1) == (200, {"id": 1})
    assert zhang.wishes("withdraw", dispute=1)[0] == 400
    assert zhang.wishes("dispute", **claim) == (201, {"id": 2, "state": "opened"})
    ate(college, 1, 3, 1, 100, days_ago=31)
    assert zhang.wishes("dispute", **claim | {"serial": 3, "amount_fen": 100})[0] == 400


# once, whatever the terminal does


@pytest.fixture
def house(tmp_path, both):
    made = opened(tmp_path)
    sell(made, 1, FEN)
    made.sync(1)
    yield made
    assert made.store.accounts.sum_fen() == 0
    made.store.close()


def give_back(house):
    """The cashier takes the sale back, with the supervisor. -> was it"""
    if find(house, 1)[0][0] != "refund":
        return False
    press(house, "#")
    return tap(house, 1)[0][0] == "cancelled"


def upheld(house, fen=FEN):
    store, now = house.store, house.utc_s
    opened = store.disputes.open(SALE, 1, FEN, "s", "phone 1", now)
    if opened["state"] == "opened":
        store.disputes.answer(1, "a", "m", now)
    return store.disputes.uphold(1, fen, "f", "zhao", now)


def refund(house, fen=FEN):
    house.store.decisions.decide(upheld(house, fen), True, "wang", house.utc_s)
    house.tell_waiting()


def settle(house):
    for _ in range(2):
        for number in house.terminals:
            house.sync(number)
            present(house, number)
            house.sync(number)
    house.check_purses()


def balances(house):
    held = house.balances()
    names = (("merchant", "m0"), ("account", "1"), ("suspense", "reversal"))
    return tuple(held.get(name, 0) for name in names)


def test_the_refund_is_on_the_card_at_its_next_tap(house):
    refund(house)
    assert balances(house) == (0, FEN, 0)
    settle(house)
    assert house.held_fen(1) == START_FEN and balances(house) == (0, 0, 0)


def test_the_terminal_was_first(house):
    request = upheld(house)
    assert give_back(house)
    house.sync(1)
    (row,) = house.store.disputes.of_cards([1], 9)
    assert (row["state"], row["outcome"]) == ("closed", "reversed")
    with pytest.raises(LocalError, match="terminal 1 has decided"):
        house.store.decisions.decide(request, True, "wang", house.utc_s)
    settle(house)
    assert house.held_fen(1) == START_FEN and balances(house) == (0, 0, 0)


def test_given_back_before_anybody_disputes(house):
    assert give_back(house)
    house.sync(1)
    with pytest.raises(LocalError, match="given back at the terminal"):
        house.store.disputes.open(SALE, 1, 1, "s", "b", house.utc_s)


# shows R12
@pytest.mark.parametrize("fen", [FEN, FEN - 250])
@pytest.mark.parametrize("is_loaded", [False, True])
def test_the_terminal_was_second(house, fen, is_loaded):
    refund(house, fen)
    if is_loaded:
        settle(house)
        assert house.held_fen(1) == START_FEN - FEN + fen
    assert give_back(house)
    settle(house)
    (row,) = house.store.disputes.of_cards([1], 9)
    assert row["outcome"] == "paid" and row["taken_back_utc_s"]
    owed = fen if is_loaded else 0
    assert balances(house) == (0, -owed, 0) and house.held_fen(1) == START_FEN + owed
    house.store.cash.take("r", 1, 2000, "li", house.utc_s)  # what comes fills it first
    house.tell_waiting()
    settle(house)
    assert balances(house) == (0, 0, 0) and house.held_fen(1) == START_FEN + 2000


STEPS = ("refund part", "refund", "deny", "give back", "sync", "tap", "cash")


# shows R12
@settings(max_examples=14)
@given(st.lists(st.sampled_from(STEPS), min_size=2, max_size=7))
def test_any_order_of_it(steps):
    with tempfile.TemporaryDirectory() as folder:
        house = opened(Path(folder))
        sell(house, 1, FEN)
        house.sync(1)
        paid_in = 0
        for step in steps:
            paid_in += _do(house, step)
            assert house.store.accounts.sum_fen() == 0
        settle(house)
        held = house.balances()
        back = FEN - held.get(("merchant", "m0"), 0)
        rows = house.store.db.rows("SELECT by_serial FROM reversal")
        was_given_back = bool(rows)
        granted = [row["granted_fen"] for row in house.store.disputes.of_cards([1], 9)
                   if row["outcome"] == "paid" and not row["taken_back_utc_s"]]  # fmt: skip
        assert back == (sum(granted) if granted else FEN * was_given_back) and len(rows) <= 1
        assert held.get(("suspense", "reversal"), 0) == 0
        mine = held.get(("purse", "1"), 0) + held.get(("account", "1"), 0)
        assert mine == START_FEN - FEN + back + paid_in
        house.store.close()


def _do(house, step):
    """-> fen that were paid in besides"""
    store = house.store
    if step == "sync":
        house.sync(1)
    elif step == "tap":
        present(house, 2)
    elif step == "give back":
        give_back(house)
        press(house, "*")
    elif step == "cash":
        store.cash.take(f"r{house.utc_s}", 1, 700, "li", house.utc_s)
        house.tell_waiting()
        return 700
    else:
        try:
            request = upheld(house, FEN - 250 if step == "refund part" else FEN)
            store.decisions.decide(request, step != "deny", "wang", house.utc_s)
        except (LocalError, NotYours):
            return 0
        house.tell_waiting()
    return 0


def test_every_transition_and_no_other():
    for state in disputes.STATES:
        for event in disputes.EVENTS:
            if event in disputes.TABLE[state]:
                assert disputes.after(state, event) == disputes.TABLE[state][event]
            else:
                with pytest.raises(LocalError):
                    disputes.after(state, event)
