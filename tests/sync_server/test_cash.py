"""Cash over the desk: one receipt one row, reversed by two persons while the money is there."""

import time

import pytest

from protocol import messages, record
from sync_server.core import validity
from tests.sync_server.paying import Holder
from tests.sync_server.test_people import admitted, college  # noqa: F401


@pytest.fixture
def desk(both, college):  # noqa: F811
    admitted(college, 2)
    return college


def drawers(college):  # noqa: F811
    today = validity.today(int(time.time()))
    return [
        (row["clerk"], row["taken"], row["taken_fen"], row["reversed_fen"])
        for row in college.store.cash.drawers(today)
    ]


# shows R13
def test_two_clicks_are_one_receipt_and_each_clerk_has_a_drawer(desk):
    li, he = desk.browser("li", "clerk"), desk.browser("he", "clerk")
    page = li.text("/cash")
    receipt = page.partition('name="receipt" value="')[2].partition('"')[0]
    for _ in range(3):
        li.post("/cash", receipt=receipt, card="1", amount="50.5")
    assert [kind for kind, _ in li.said()] == ["done"] * 3
    he.post("/cash", receipt=receipt, card="1", amount="50.50")  # another one's
    he.post("/cash", receipt="H-1", card="2", amount="100")
    assert he.said() == [
        ("problem", f"receipt {receipt} was given for something else"),
        ("done", "收据 H-1：李四1，卡 2。"),
    ]
    assert drawers(desk) == [("he", 1, 10000, 0), ("li", 1, 5050, 0)]
    assert receipt not in he.text("/cash") and receipt in li.text("/cash")
    finance = desk.browser("zhou", "finance").text("/cash")
    assert receipt in finance and "150.50" not in finance and "50.50" in finance
    assert "现金已收" not in finance
    assert desk.store.accounts.sum_fen() == 0
    acts = [act for act in desk.acts() if act[1] == "desk.take_cash"]
    assert [act[0] for act in acts] == ["li"] * 3 + ["he"]


@pytest.mark.parametrize("amount", ["0", "0.99", "500.01", "-5", "1.005", "1e2", "", "५"])
def test_no_amount(desk, amount):
    li = desk.browser("li", "clerk")
    li.post("/cash", receipt="R", card="1", amount=amount)
    assert [kind for kind, _ in li.said()] == ["problem"]
    assert drawers(desk) == []


def test_reversed_by_two_while_it_waits_and_never_after(desk):
    li, wang = desk.browser("li", "clerk"), desk.browser("wang", "centre")
    for n, card in enumerate((1, 2)):
        li.post("/cash", receipt=f"R{n}", card=str(card), amount="20")
    for _ in range(2):
        li.post("/cash/1/reversal")
    assert "待另一人批准" in li.text("/cash") or "waits" not in li.text("/cash")
    wang.post("/approvals/1", act="grant")
    assert drawers(desk) == [("li", 2, 4000, 2000)]
    assert desk.store.actions.of(1)[0]["state"] == "withdrawn"
    li.post("/cash/1/reversal")
    assert li.said()[-1][0] == "problem"
    asked = messages.decode(messages.encode(messages.ACTION, (2, record.MIFARE, 0, 5000, 9, 0, 0)))
    assert desk.store.actions.ask(7, asked[1], int(time.time()))[2] == 2000  # it may be on the card
    li.post("/cash/2/reversal")
    assert "钱已写入卡内" in li.said()[-1][1]
    assert drawers(desk) == [("li", 2, 4000, 2000)] and desk.store.accounts.sum_fen() == 0


def test_of_a_phone_at_once_and_back_while_it_has_it(desk):
    phone = Holder(desk)
    status, row = desk.api(
        "POST", "/api/cash", {"receipt": "P", "card": phone.number, "amount_fen": 2000}
    )
    assert (status, row["amount_fen"], row["action"]) == (201, 2000, None)
    wang = desk.browser("wang", "centre")
    assert desk.api("POST", "/api/cash/1/reversal", {})[0] == 202
    wang.post("/approvals/1", act="grant")
    assert desk.store.credits.balance_fen(("purse", str(phone.number))) == 0
    assert drawers(desk) == [("api", 1, 2000, 2000)]
    assert desk.api("POST", "/api/cash", {"receipt": "Q", "card": 99, "amount_fen": 200})[0] == 404
