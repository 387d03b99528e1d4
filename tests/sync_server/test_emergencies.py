"""Emergencies at the server: the envelope, who is asked what, sums that agree with the ledger."""

import re
import time

import pytest

from card_layout import p256
from protocol import emergency, messages, record
from protocol.emergency import DRILL, EMERGENCY, END, Order
from protocol.errors import LocalError
from sync_server.centre import BadCentreFile, Centre, WrongCode
from sync_server.core import emergencies as core
from sync_server.gateway.emergencies import Emergencies
from sync_server.gateway.refusals import Impossible
from sync_server.store.store import Store
from sync_server.web.app import create_app
from sync_server.web.console import view
from tests.sync_server.databases import url_of
from tests.sync_server.pretend import PretendOrders

pytestmark = pytest.mark.usefixtures("both")

NOW = int(time.time())
TOKEN = "a" * 43
WISH = {"what": "emergency", "kinds": ["gate", "pos"], "minutes": 60, "tap_fen": 2000,
        "card_fen": 5000, "reason": "停电", "by": "信息中心"}  # fmt: skip


class House:
    """Emergencies on a real store, at once; told: what would be pushed."""

    def __init__(self, folder):
        path = folder / "c.db"
        self.centre = Centre.beside(path)
        self.code = (folder / "c.db.envelope").read_text().strip()
        self.store = Store(url_of(path))
        self.told = []
        self.emergencies = Emergencies(
            self.store, self.centre, lambda work, *args: work(*args), self.told.append
        )

    def declare(self, **other):
        return self.emergencies.declare(self.code, **(WISH | other))


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.store.close()


def test_only_the_envelope_signs_and_the_code_is_kept_nowhere_else(tmp_path):
    centre = Centre.beside(tmp_path / "c.db")
    envelope = tmp_path / "c.db.envelope"
    code = envelope.read_text().strip()
    assert envelope.stat().st_mode & 0o777 == 0o600 and centre.lies_open
    order = Order(1, EMERGENCY, 6, NOW, NOW + 60, 100, 100)
    for spelling in (
        code,
        code.lower().replace("-", " "),
        code.replace("0", "O").replace("1", "l"),
    ):
        signed = centre.sign(spelling, order)
        assert emergency.parse(signed) == order
        assert p256.verify(centre.public_key, signed[:32], signed[32:])
    envelope.unlink()
    again = Centre.beside(tmp_path / "c.db")
    assert again.public_key == centre.public_key and not again.lies_open
    assert again.sign(code, order)[:32] == signed[:32]
    other = ("2" if code[0] != "2" else "3") + code[1:]
    for wrong in ("", code[:-1], code + "0", other, "ä" * 20, "U" * 20):
        with pytest.raises(WrongCode):
            again.sign(wrong, order)
    with pytest.raises(LocalError):
        again.sign(code, order._replace(end_s=NOW))
    assert code not in (tmp_path / "c.db.centre").read_text()
    (tmp_path / "c.db.centre").write_text("no key")
    with pytest.raises(BadCentreFile, match="restore it"):
        Centre.beside(tmp_path / "c.db")


def test_a_wrong_code_changes_nothing(house):
    with pytest.raises(Impossible, match="envelope") as told:
        house.emergencies.declare("2" * 20, **WISH)
    assert told.value.status == 403
    assert house.emergencies.now() is None and house.emergencies.all() == [] and house.told == []
    with pytest.raises(Impossible, match="could end"):
        house.emergencies.end(house.code, "aus", "x")


def test_declared_and_ended(house):
    made = house.declare()
    assert (made["what"], made["kinds"], made["reason"]) == ("emergency", ["pos", "gate"], "停电")
    assert house.told == [made["number"]] == [house.store.emergencies.now(NOW)]
    with pytest.raises(Impossible, match="would be over"):
        house.declare(minutes=30)
    longer = house.declare(minutes=90)
    assert longer["number"] > made["number"]
    over = house.emergencies.end(house.code, "来电", "张")
    assert (over["number"], over["ended_by"]) == (longer["number"], "张")
    number, signed = house.store.emergencies.signed()
    assert number > longer["number"] and emergency.parse(signed).what == END
    assert house.store.emergencies.now(NOW) == number  # who was away hears of the end
    assert house.store.emergencies.now(over["end_utc_s"]) == 0
    assert house.emergencies.now() is None
    assert house.store.emergencies.now(NOW, EMERGENCY) == 0
    drill = house.declare(what="drill", kinds=["gate"], minutes=1)
    assert house.store.emergencies.now(NOW, EMERGENCY) == drill["number"]
    assert drill["what"] == "drill" and drill["mask"] == 4
    assert [one["what"] for one in house.emergencies.all()] == ["drill", "emergency", "emergency"]
    with pytest.raises(Impossible, match="no emergency 5"):
        house.emergencies.report(5)


def test_orders_are_never_changed(house):
    house.declare()
    for sql in ("UPDATE emergency SET end_utc_s = 9999999999", "DELETE FROM emergency"):
        with pytest.raises(Exception, match="never"):
            house.store.db.conn.execute(sql)


def test_a_restored_server_uses_no_number_twice(house):
    made = house.declare()
    number, now_s = made["number"], made["begin_utc_s"]
    assert house.store.emergencies.next_number(now_s - 10**6) == number + 1
    assert house.store.emergencies.next_number(now_s + 100) > number + 1


def test_who_answered(house):
    made = house.declare()
    for kind, place in (("pos", "窗口"), ("gate", "门"), ("water", "浴室"), ("gate", "后门")):
        house.store.terminals.enrol(kind, place, "部门", NOW - 100)
    house.store.emergencies.answered(made["number"], 1, messages.APPLIED, NOW)
    house.store.emergencies.answered(made["number"], 1, messages.SAME, NOW + 1)
    house.store.emergencies.answered(made["number"], 2, messages.REFUSED, NOW)
    report = house.emergencies.report(made["number"])
    assert [(one["place"], one["answer"]) for one in report["terminals"]] == [
        ("窗口", "obeys"), ("门", "refused"), ("后门", ""),
    ]  # fmt: skip
    assert (report["sums"]["terminals"], report["sums"]["reached"]) == (3, 1)


def test_spans_take_the_first_begin_and_the_last_end():
    events = [
        (1, 5, 7), (1, 6, 7), (1, 9, 6), (1, 10, 6), (2, 3, 7), (3, 4, 6), (1, 12, 9), (1, 13, 8),
    ]  # fmt: skip
    assert core.spans(events, 3) == [core.Span(1, 5, 10), core.Span(2, 3, None)]
    assert core.spans(events, 4) == [core.Span(1, 12, 13)]


def row(kind, outcome=record.DONE, fault=0, **fields):
    entry = dict.fromkeys((name for name, _ in record.FIELDS), 0) | {"serial": 1, "type": kind}
    raw = record.pack(record.Record(**(entry | fields)), bytes(8), outcome)
    return outcome, fault, raw[:60]


def test_tally():
    flag = record.EMERGENCY
    done = core.tally([
        row(record.PURCHASE, amount_fen=500, flags=flag), row(record.PURCHASE, amount_fen=700),
        row(record.PURCHASE, record.INTENT, amount_fen=900), row(record.PURCHASE, record.VOID),
        row(record.REVERSAL, amount_fen=500), row(record.REFUSAL, fault=64), row(record.PASS),
        row(record.PASS, policy=2), row(record.PASS, flags=flag | record.DRILL, detail=300),
        row(record.PASS, flags=flag | record.DRILL),
    ])  # fmt: skip
    assert done == core.Done(
        payments=2, paid_fen=1200, uncertain=1, uncertain_fen=900, returned_fen=500, drilled=1,
        drilled_fen=300, passes=3, would_refuse=1, refused=1, quarantined=1,
    )  # fmt: skip
    assert DRILL != EMERGENCY


@pytest.fixture
def browser(house):
    orders = PretendOrders()
    orders.emergencies = house.emergencies
    app = create_app(orders, TOKEN, {"TESTING": True})
    client = app.test_client()
    client.get(f"/enter?key={app.extensions['desk'].doorkeeper.one_time_key()}")
    return client


def send(browser, form):
    """The form with its token. -> the page that it leads to."""
    page = browser.get("/emergency").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answer = browser.post("/emergency", data=form | {"csrf_token": token})
    assert answer.status_code == 302
    return browser.get(answer.location).get_data(as_text=True)


FORM = {"what": "drill", "kinds": ["gate", "pos"], "minutes": "30", "tap": "20", "card": "50.5",
        "reason": "<b>消防演练"}  # fmt: skip


def test_the_page_declares_reports_and_ends(browser, house):
    assert "信封密码仍存放" in browser.get("/emergency").get_data(as_text=True)
    page = send(browser, FORM | {"code": house.code})
    assert "演练" in page and "&lt;b&gt;消防演练" in page and "每卡限 50.50 元" in page
    going = browser.get("/emergency").get_data(as_text=True)
    assert "立即结束" in going and house.code not in going
    end = {"act": "end", "code": house.code, "reason": "结束"}
    assert "由 console 结束" in send(browser, end)
    english = browser.get("/emergency?lang=en").get_data(as_text=True)
    assert "Nothing goes on" in english and "立即" not in english
    assert browser.get("/emergency/7").status_code == 404


def test_the_page_refuses_what_makes_no_sense(browser, house):
    for wrong, why in (
        ({"code": "2" * 20}, "信封密码不对"), ({"what": "x"}, "请选择"), ({"kinds": []}, "请选择"),
        ({"minutes": "0"}, "时长"), ({"minutes": "9" * 30}, "时长"), ({"minutes": "²"}, "时长"),
        ({"tap": "1e9"}, "金额"), ({"tap": "0.001"}, "金额"), ({"card": "NaN"}, "金额"),
        ({"card": "-1"}, "金额"), ({"reason": " "}, "原因"), ({"reason": "x" * 201}, "原因"),
    ):  # fmt: skip
        assert why in send(browser, FORM | {"code": house.code} | wrong), wrong
    assert house.emergencies.all() == []


def test_the_first_page_says_what_burns(browser):
    with browser.application.test_request_context("/"):
        status = {"utc_s": NOW, "emergency": 5,
                  "alarms": [{"reason": 36, "place": "东门", "utc_s": NOW - 60}]}  # fmt: skip
        said = [(figure.word, figure.value) for figure in view._amiss(status)]
        assert said == [("应急", "执行中"), ("最近报警", "火警 · 东门")]
        assert view._amiss(status | {"utc_s": NOW + 4000, "emergency": 0}) == []


def test_the_api(browser, house):
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    wish = {name: value for name, value in WISH.items() if name != "by"} | {"code": house.code}

    def post(path, body):
        return browser.post(path, json=body, headers=bearer)

    for wrong in ({"kinds": ["water"]}, {"kinds": "pos"}, {"kinds": []}, {"what": "end"},
                  {"minutes": 4321}, {"tap_fen": -1}, {"card_fen": 100_001}, {"reason": ""},
                  {"code": ""}):  # fmt: skip
        assert post("/api/emergencies", wish | wrong).status_code == 400, wrong
    assert post("/api/emergencies", wish | {"code": "2" * 20}).status_code == 403
    made = post("/api/emergencies", wish)
    assert made.status_code == 201
    every = browser.get("/api/emergencies", headers=bearer).json
    assert every["now"]["number"] == made.json["number"] == every["emergencies"][0]["number"]
    ended = post("/api/emergencies/end", {"code": house.code, "reason": "来电"}).json
    assert ended["ended_by"] == "api"
    path = f"/api/emergencies/{ended['number']}"
    assert browser.get(path, headers=bearer).json["sums"]["paid_fen"] == 0
    assert browser.get(path).status_code == 401
    assert house.code not in str(browser.get(path, headers=bearer).json)
