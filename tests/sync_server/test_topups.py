"""Top-ups: whatever the channel says, how often and how late, each fen is somewhere, once."""

import threading
import time

import pytest
from werkzeug.serving import make_server

from sync_server.core import phones as rules
from sync_server.core import topups
from sync_server.gateway.channel import Settings, SignedChannel
from sync_server.gateway.payments import Unreached
from sync_server.gateway.refusals import NotReady
from tests.sync_server.paying import Holder, Paid, moved
from tests.sync_server.test_people import admitted
from tests.sync_server.test_phones import Phone


@pytest.fixture
def paid(tmp_path, both):
    paid = Paid(tmp_path)
    yield paid
    paid.check()
    paid.close()


@pytest.fixture
def holder(paid):
    admitted(paid.college, 2)
    return Holder(paid.college, "180001")


def waiting(paid):
    """-> the request that waits for a second person"""
    (request,) = paid.store.requests.find(True, 9)
    return request["id"]


def test_a_code_at_once_a_card_at_its_next_tap(paid, holder):
    status, told = holder.tops_up(2000)
    assert (status, told["state"]) == (201, "ordered")
    assert told["pay_url"] == f"http://sandbox/pay/{told['number']}"
    page = paid.sandbox.app.test_client()
    assert "20.00" in page.get(f"/pay/{told['number']}").get_data(as_text=True)
    assert page.post(f"/pay/{told['number']}").status_code == 303
    assert "支付成功" in page.get(f"/pay/{told['number']}").get_data(as_text=True)
    before = paid.balances()
    assert before["purse", str(holder.number)] == 2000
    paid.sandbox.pay(holder.tops_up(5000, card=1)[1]["number"])
    assert paid.balances()["account", "1"] == 5000 and paid.balances()["purse", "1"] == 5000
    (action,) = paid.store.actions.of(1)
    assert (action["state"], action["amount_fen"]) == ("open", 5000)
    assert paid.store.actions.waiting()[0] == 1
    _, money = holder.wishes("money")
    assert [(one["state"], one["amount_fen"]) for one in money["topups"]] == [
        ("booked", 5000), ("booked", 2000),
    ]  # fmt: skip
    assert [(one["card"], one["purse_fen"], one["account_fen"]) for one in money["cards"]] == [
        (holder.number, 2000, 0), (1, 5000, 5000),
    ]  # fmt: skip
    acts = [act for act in paid.college.acts() if act[1] in ("phone.topup", "pay.callback")]
    assert [act[0] for act in acts] == [f"phone {holder.number}", "channel sandbox"] * 2


def test_the_same_word_five_times_and_others_that_contradict_it(paid, holder):
    _, told = holder.tops_up(2000)
    paid.sandbox.pay(told["number"])
    for _ in range(5):
        assert paid.sandbox.deliver(told["number"])
    assert paid.answers == [200] * 6
    transaction = paid.sandbox.orders[told["number"]]["transaction"]
    assert paid.says(number=told["number"], transaction=transaction, amount_fen=9000) == 200
    assert paid.says(number="other", transaction=transaction, amount_fen=2000) == 200
    assert len(paid.store.topups.notes(9)) == 2
    assert paid.balances()["purse", str(holder.number)] == 2000
    assert paid.store.topups.totals() == {"booked_fen": 2000, "kept_fen": 0, "refunded_fen": 0}


def test_what_nobody_expected_is_kept_and_goes_back(paid, holder):
    _, told = holder.tops_up(2000)
    _, other = holder.tops_up(3000)
    assert paid.says(number="nobody's", transaction="A", amount_fen=700) == 200
    assert paid.says(number=told["number"], transaction="B", amount_fen=1999) == 200
    assert paid.says(number=other["number"], transaction="C", amount_fen=3000) == 200
    assert paid.says(number=other["number"], transaction="D", amount_fen=3000) == 200
    kept = paid.store.topups.listed(True, 2**60, 9)
    assert [(one["why"], one["amount_fen"]) for one in kept] == [
        ("twice", 3000), ("amount", 1999), ("unknown", 700),
    ]  # fmt: skip
    assert paid.balances()["suspense", "channel"] == 5699
    zhou, wang = paid.college.browser("zhou", "finance"), paid.college.browser("wang", "centre")
    for word in ("56.99", "金额不符", "无对应订单", "重复支付"):
        assert word in zhou.text("/payments?kept=1"), word
    for _ in range(2):  # asked twice is one request
        zhou.post(f"/payments/{kept[0]['id']}/return")
    zhou.post("/approvals/1", act="grant")
    assert paid.store.topups.one(kept[0]["id"])["state"] == "paid"
    wang.post("/approvals/1", act="grant")
    paid.cut = True
    assert paid.payments.sweep()["unreached"] == 1
    paid.cut = False
    for expected in (1, 0):
        assert paid.payments.sweep()["returned"] == expected
    assert paid.sandbox.refunds == {f"R{kept[0]['id']:08d}": 3000}
    assert paid.store.topups.totals()["refunded_fen"] == 3000
    paid.sandbox.refuses = True
    zhou.post(f"/payments/{kept[1]['id']}/return")
    wang.post(f"/approvals/{waiting(paid)}", act="grant")
    assert paid.payments.sweep()["refused"] == 1
    assert paid.store.topups.one(kept[1]["id"])["state"] == "paid"
    zhou.post(f"/payments/{kept[1]['id']}/return")  # it may be asked again
    zhou.post(f"/approvals/{waiting(paid)}", act="refuse")
    assert paid.balances()["suspense", "channel"] == 2699


# shows R13
def test_a_word_that_never_comes_is_asked_for(paid, holder, monkeypatch):
    paid.sandbox.weather = "silent"
    _, told = holder.tops_up(2000)
    _, never = holder.tops_up(1000)
    paid.sandbox.pay(told["number"])
    assert paid.payments.sweep()["paid"] == 0  # the callback may be on its way
    with moved(monkeypatch, topups.ASK_AFTER_S + 5):
        assert paid.payments.sweep()["paid"] == 1
        assert paid.payments.sweep()["paid"] == 0
    assert paid.balances()["purse", str(holder.number)] == 2000
    with moved(monkeypatch, topups.EXPIRES_S + 5):
        assert paid.payments.sweep()["expired"] == 1
        assert set(paid.payments.sweep().values()) == {0}  # nobody is left to ask about
    assert paid.store.topups.of_card(1, 9)[0]["state"] == "expired"
    assert paid.says(number=never["number"], transaction="L", amount_fen=1000) == 200  # late
    assert paid.balances()["purse", str(holder.number)] == 3000


def test_the_channel_is_away_when_it_is_ordered(paid, holder):
    paid.cut = True
    status, told = holder.tops_up(2000)
    assert status == 503 and "try again" in told["error"]
    with pytest.raises(NotReady):
        paid.payments.order("sandbox", 1, 100, "w", "t", "http://x")
    with pytest.raises(Unreached):
        paid.channel.query("x")
    paid.cut = False
    assert paid.balances().get(("purse", str(holder.number)), 0) == 0


def test_not_the_channels_word(paid, holder):
    _, told = holder.tops_up(2000)
    said = {"number": told["number"], "transaction": "T", "amount_fen": 2000, "paid_utc_s": 1}
    path = "/api/pay/sandbox"
    headers, body = paid.sandbox.said(path, said)
    wrong = [
        (headers, body.replace(b"2000", b"9000")),
        (headers | {"Pay-Signature": "AA=="}, body),
        (headers | {"Pay-Signature": "é"}, body),
        (headers | {"Pay-Nonce": "00"}, body),
        (headers | {"Pay-Time": str(int(headers["Pay-Time"]) - 1)}, body),
        ({}, body),
        paid.sandbox.said("/api/pay/other", said),
        paid.sandbox.said(path, said | {"amount_fen": "2000"}),
        paid.sandbox.said(path, said | {"amount_fen": -1}),
        paid.sandbox.said(path, said | {"amount_fen": 2**31}),
        paid.sandbox.said(path, said | {"transaction": ""}),
        paid.sandbox.said(path, said | {"transaction": True}),
    ]
    for heads, content in wrong:
        assert paid.say(path, heads, content) == 401
    paid.sandbox._utc_s = lambda: time.time() - 400
    assert paid.say(path, *paid.sandbox.said(path, said)) == 401
    assert paid.say("/api/pay/nobody", *paid.sandbox.said("/api/pay/nobody", said)) == 404
    assert ("purse", str(holder.number)) not in paid.balances()
    assert paid.store.topups.listed(True, 2**60, 9) == []


def test_limits_and_whose_cards(paid, holder):
    for fen, status in ((99, 400), (50_001, 400), (50_000, 201), (40_000, 201), (10_001, 400)):
        assert holder.tops_up(fen)[0] == status, fen
    assert holder.tops_up(100, card=1)[0] == 201  # a day's limit is the holder's, not the card's
    assert holder.tops_up(9_901, card=1)[0] == 400
    assert holder.tops_up(100, card=2)[0] == 404
    assert holder.tops_up(100, signer=Phone())[0] == 403
    assert holder.tops_up(100, said_as="money")[0] == 403
    stranger = Holder(paid.college)
    assert stranger.tops_up(100)[0] == 201 and stranger.tops_up(100, card=1)[0] == 404
    assert stranger.wishes("money")[1]["taps"] == []
    now_s = int(time.time())
    same = [stranger.tops_up(300, now_s=now_s)[1]["number"] for _ in range(3)]
    assert len(set(same)) == 1


def test_paid_when_the_card_is_gone(paid, holder):
    _, told = holder.tops_up(2000, card=1)
    paid.store.issues.take_back(1, 5000, 0, "desk", int(time.time()))
    paid.sandbox.pay(told["number"])
    (kept,) = paid.store.topups.listed(True, 2**60, 9)
    assert (kept["why"], kept["card"], kept["state"]) == ("card", 1, "paid")
    assert holder.tops_up(2000, card=1)[0] in (400, 404)


def test_wishes_that_are_none(paid, holder):
    for text in ("[]", "x", "[" * 1999, "\ud800", "x" * 2001, 7, None):
        body = {"card": holder.number, "utc_s": int(time.time()), "wish": text, "signature": ""}
        if isinstance(text, str) and text != "\ud800":
            said = rules.wished("money", holder.number, body["utc_s"], text)
            body["signature"] = holder.phone.sign(said).hex()
        assert holder.client.post("/api/phone/money", json=body).status_code == 400, text
    body = {"card": holder.number, "utc_s": 0, "wish": "{}", "signature": "00"}
    assert holder.client.post("/api/phone/money", json=body).status_code == 403


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_a_proxy_that_writes_names_of_headers_small(tmp_path, paid):
    def small(environ, start):
        def begin(status, headers, *more):
            return start(status, [(name.lower(), value) for name, value in headers], *more)

        return paid.sandbox.app(environ, begin)

    server = make_server("127.0.0.1", 0, small)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        settings = Settings.read(tmp_path / "campus.db.channel")
        url = f"http://127.0.0.1:{server.server_port}"
        assert SignedChannel(settings._replace(url=url)).query("CC1") == "closed"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
