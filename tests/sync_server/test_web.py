"""The web side: every view asks who comes, every answer says clearly what happened."""

import json
import re

import pytest

from sync_server.web import access
from sync_server.web.app import create_app
from tests.sync_server.pretend import PretendOrders

TOKEN = "a" * 43
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def orders():
    return PretendOrders()


@pytest.fixture
def app(orders):
    return create_app(orders, TOKEN, {"TESTING": True})


@pytest.fixture
def api(app):
    return app.test_client()


@pytest.fixture
def browser(app):
    """A browser that is signed in."""
    client = app.test_client()
    key = app.extensions["desk"].doorkeeper.one_time_key()
    assert client.get(f"/enter?key={key}").status_code == 302
    return client


def csrf(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True)).group(1)


# who may come in


def test_every_blueprint_authenticates(app):
    for blueprint in app.blueprints.values():
        if blueprint.name in ("pay", "phone"):  # signatures stand for a sign-in
            continue
        assert app.before_request_funcs.get(blueprint.name), blueprint.name


def test_every_route_turns_strangers_away(app, api):
    open_ones = {"static", "console.sign_in", "console.enter", "console.speak"}
    open_ones |= {"phone.page", "phone.worker", "phone.enrol", "phone.renew"}
    open_ones |= {"phone.cards", "phone.loss", "phone.money", "phone.top_up", "pay.callback"}
    open_ones |= {"phone.pay_fee"}
    open_ones |= {"phone.dispute", "phone.withdraw"}
    open_ones |= {"phone.pin_page", "phone.put_pin", "phone.pin_state", "phone.change_pin"}
    open_ones |= {"phone.unlock_pin"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in open_ones:
            continue
        address = re.sub(r"<[^>]+>", "7", rule.rule)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answer = api.open(address, method=method)
            # 403: a form without its CSRF token is refused even before the session is looked at
            assert answer.status_code in (302, 401, 403), (method, address, answer.status_code)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", TOKEN, "Bearer é"])
def test_a_wrong_token_is_one_json_line(api, header):
    answer = api.get("/api/status", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.json == {"error": "the Authorization header must be: Bearer TOKEN"}


def test_token_file_is_private_and_stays(tmp_path):
    token, path = access.token_beside(tmp_path / "campus.db")
    assert path.stat().st_mode & 0o777 == 0o600 and len(token) >= 32
    assert access.token_beside(tmp_path / "campus.db") == (token, path)


def test_one_time_key_works_once(app):
    keeper = app.extensions["desk"].doorkeeper
    key = keeper.one_time_key()
    assert keeper.redeem(key) and not keeper.redeem(key) and not keeper.redeem("")
    first = keeper.one_time_key()
    for _ in range(access.LINKS_MAX):
        keeper.one_time_key()
    assert not keeper.redeem(first)


def test_sign_in_with_the_token_and_out_again(app):
    client = app.test_client()
    form = client.get("/sign-in")
    wrong = client.post("/sign-in", data={"csrf_token": csrf(form), "token": "no"})
    assert wrong.status_code == 403 and "口令不对" in wrong.get_data(as_text=True)
    right = client.post("/sign-in", data={"csrf_token": csrf(form), "token": TOKEN})
    assert right.status_code == 302
    page = client.get("/")
    assert page.status_code == 200
    client.post("/sign-out", data={"csrf_token": csrf(page)})
    assert client.get("/").status_code == 302


def test_sign_in_attempts_are_limited(orders):
    client = create_app(orders, TOKEN, {"TESTING": True}).test_client()
    token = csrf(client.get("/sign-in"))
    answers = [
        client.post("/sign-in", data={"csrf_token": token, "token": str(n)}) for n in range(11)
    ]
    assert [a.status_code for a in answers] == [403] * 10 + [429]
    assert "Retry-After" in answers[-1].headers


def test_a_form_without_its_csrf_token_changes_nothing(browser, orders):
    assert browser.post("/loss", data={"card": "5", "act": "report"}).status_code == 403
    assert orders.calls == []


def test_a_session_cookie_does_not_open_the_api(browser):
    assert browser.post("/api/cards/5/loss").status_code == 401


# the page


def test_the_page_shows_terminals_taps_and_totals(browser):
    text = browser.get("/").get_data(as_text=True)
    for word in ("第一食堂 1-03", "48,790", "46,687", "离线", "卡号", "127", "最近联系"):
        assert word in text
    assert "<script>" not in text and "http://" not in text.replace("http://www.w3.org", "")


def test_language_switch(browser):
    page = browser.get("/")
    assert 'lang="zh-CN"' in page.get_data(as_text=True)
    browser.post("/language", data={"csrf_token": csrf(page), "language": "en"})
    text = browser.get("/").get_data(as_text=True)
    assert "Ledger sum" in text and "Taps as they come in" in text
    text = re.sub(r'<button[^>]*lang="zh-CN">中文</button>', "", text)
    without_places = re.sub(r'(?s)<td class="place">.*?</td>', "", text)
    assert not re.search(r"[\u4e00-\u9fff]", without_places)


def test_what_comes_from_outside_is_escaped():
    orders = PretendOrders(hostile="<img src=x onerror=alert(1)>")
    app = create_app(orders, TOKEN, {"TESTING": True})
    client = app.test_client()
    client.get("/enter?key=" + app.extensions["desk"].doorkeeper.one_time_key())
    text = client.get("/").get_data(as_text=True)
    assert "<img src=x" not in text and "&lt;img src=x" in text
    with client.get("/events", buffered=False) as stream:
        chunk = b"".join(next(stream.response) for _ in range(2))
    assert b"<img src=x" not in chunk and b"&lt;img src=x" in chunk


def test_loss_form_reports_and_tells_the_truth(browser, orders):
    token = csrf(browser.get("/"))
    answer = browser.post("/loss", data={"csrf_token": token, "card": " 77 ", "act": "report"})
    assert orders.calls == [("report", 77, "console")]
    text = browser.get(answer.headers["Location"]).get_data(as_text=True)
    assert "已在 215/217 台终端停用" in text and "尚未到达：" in text and "水控 3-2-07" in text
    browser.post("/loss", data={"csrf_token": token, "card": "77", "act": "withdraw"})
    text = browser.get("/?card=77").get_data(as_text=True)
    assert "已在 215/217 台终端恢复" in text


@pytest.mark.parametrize("card", ["", "abc", "-1", "1e5", "99999999", "٣", "1" * 40])
def test_loss_form_with_no_card_number(browser, orders, card):
    token = csrf(browser.get("/"))
    browser.post("/loss", data={"csrf_token": token, "card": card, "act": "report"})
    assert orders.calls == []
    assert "请输入卡号" in browser.get("/").get_data(as_text=True)


def test_loss_form_with_an_unknown_card(browser):
    token = csrf(browser.get("/"))
    browser.post("/loss", data={"csrf_token": token, "card": "999", "act": "report"})
    assert "卡 999：没有这张卡" in browser.get("/").get_data(as_text=True)


def test_live_events(browser, orders):
    with browser.get("/events?card=4711", buffered=False) as stream:
        assert stream.mimetype == "text/event-stream"
        first = b"".join(next(stream.response) for _ in range(2)).decode()
        for name in ("totals", "glance", "taps", "terminals", "reach"):
            assert f"event: {name}\n" in first
        orders.new_tap()
        second = next(stream.response).decode()
        assert second.startswith("event: taps\n") and second.count("<tr") == 1
        assert 'class="' in second and "fresh" in second


def test_live_pages_are_bounded(app, browser):
    feed = app.extensions["desk"].feed
    streams = [browser.get("/events", buffered=False) for _ in range(8)]
    assert browser.get("/events").status_code == 503
    for stream in streams:
        stream.close()
    with browser.get("/events", buffered=False) as again:
        assert again.status_code == 200
    feed.close()


def test_headers_forbid_what_is_not_ours(browser):
    headers = browser.get("/").headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"


# the API


def test_enrol(api, orders):
    body = {"kind": "pos", "place": "食堂 1", "merchant": "食堂"}
    answer = api.post("/api/terminals", json=body, headers=BEARER)
    assert (answer.status_code, answer.json) == (201, {"number": 218, "provisioning": "0102"})
    assert orders.calls == [("enrol", "pos", "食堂 1", "食堂")]


def test_issue_cards(api, orders):
    card = {
        "holder_kind": 2, "name": "王一", "uid": "04a1b2c3", "valid_until": "2027-07-01",
        "zones": 3, "balance_fen": 5000,
    }  # fmt: skip
    answer = api.post("/api/cards", json={"cards": [card, card]}, headers=BEARER)
    assert answer.status_code == 201
    assert answer.json["cards"][1] == {"card": 101, "blocks": [[4, "00" * 16]]}
    (_, wishes) = orders.calls[0]
    assert wishes[0]["uid"] == "04a1b2c3" and wishes[0]["valid_until"] == 10043


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("uid", "xyz", "cards[0].uid must be hexadecimal"),
        ("uid", "04a1", "cards[0].uid must be 4 or 7 bytes in hexadecimal"),
        ("valid_until", "2027-02-30", "cards[0].valid_until must be a date YYYY-MM-DD"),
        ("valid_until", "1999-12-31", "cards[0].valid_until must be 2000-01-01 to 2179-06-06"),
        ("balance_fen", -1, "cards[0].balance_fen must be 0 to 16777215"),
        ("balance_fen", 1.5, "cards[0].balance_fen must be a whole number"),
        ("balance_fen", True, "cards[0].balance_fen must be a whole number"),
        ("name", "a\nb", "cards[0].name must be a printable text"),
        ("holder_kind", 4, "cards[0].holder_kind must be 1 to 3"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_issued(api, orders, field, value, line):
    card = {
        "holder_kind": 2, "name": "王一", "uid": "04a1b2c3", "valid_until": "2027-07-01",
        "zones": 3, "balance_fen": 5000,
    }  # fmt: skip
    card[field] = value
    answer = api.post("/api/cards", json={"cards": [card]}, headers=BEARER)
    assert (answer.status_code, answer.json) == (400, {"error": line})
    assert orders.calls == []


def test_loss_over_the_api(api):
    answer = api.post("/api/cards/12/loss", headers=BEARER)
    assert answer.status_code == 200
    assert {"card", "version", "confirmed", "connected"} <= set(answer.json)
    assert api.delete("/api/cards/12/loss", headers=BEARER).json["listed"] is False
    assert api.delete("/api/cards/12/loss", headers=BEARER).status_code == 409
    gone = api.post("/api/cards/999/loss", headers=BEARER)
    assert (gone.status_code, gone.json) == (404, {"error": "there is no such card"})


def test_records_of_a_terminal_page_by_page(api):
    first = api.get("/api/terminals/3/records", headers=BEARER).json["records"]
    assert [row[0] for row in first] == [1, 2, 3]
    assert api.get("/api/terminals/3/records?after=3", headers=BEARER).json == {"records": []}
    assert api.get("/api/terminals/3/records?after=-1", headers=BEARER).status_code == 400
    assert api.get("/api/terminals/3/shifts", headers=BEARER).json == {"shifts": []}


def test_a_burnt_terminal(api, orders):
    made = api.post("/api/terminals/3/replacement", headers=BEARER)
    assert (made.status_code, made.json["provisioning"]) == (201, "0102")
    assert api.get("/api/terminals/3/lost", headers=BEARER).json["missing"] == []
    assert api.post("/api/terminals/3/lost", headers=BEARER).status_code == 200
    body = {"records": (b"\xff" * 128).hex()}
    assert api.post("/api/terminals/3/journal", json=body, headers=BEARER).json == {"stored": 2}
    assert orders.calls == [
        ("replace", 3), ("give up", 3), ("journal", 3, [b"\xff" * 64] * 2)
    ]  # fmt: skip
    for wrong in ("", "00", "zz", None):
        answer = api.post("/api/terminals/3/journal", json={"records": wrong}, headers=BEARER)
        assert answer.status_code == 400


def test_what_is_amiss_is_on_the_page_and_else_not(browser, orders, monkeypatch):
    monkeypatch.setattr("sync_server.web.feed.PERIOD_S", 0)
    words = ("数据库无法写入", "未认领扣款", "疑似还原旧备份")
    page = browser.get("/").get_data(as_text=True)
    assert not any(word in page for word in words)
    sign = {"terminal": 1, "what": "records", "had": 1, "told": 9, "noticed_utc_s": 5}
    amiss = {"problem": "database or disk is full", "unnamed_fen": 700, "restored": [sign]}
    whole = orders.status() | amiss
    monkeypatch.setattr(orders, "status", lambda: whole)
    orders.new_tap()
    page = browser.get("/").get_data(as_text=True)
    assert all(word in page for word in words) and "database or disk is full" in page


def test_grants_and_parameters(api, orders):
    assert api.put("/api/terminals/3/grants", json={"cards": [9, 2, 9]}, headers=BEARER).json
    assert api.put("/api/params", json={"open_ms": 3000}, headers=BEARER).json == {"version": 6}
    assert orders.calls == [("grants", 3, [2, 9]), ("params", None, {"open_ms": 3000})]
    bad = api.put("/api/terminals/3/grants", json={"cards": ["2"]}, headers=BEARER)
    assert bad.status_code == 400


def test_images(api, orders):
    answer = api.put("/api/images", data=b"CIMG and more", headers=BEARER)
    assert answer.json == {"kind": "pos", "version": "0.2.0"} and orders.calls == [("image", 13)]
    assert api.get("/api/images", headers=BEARER).json == {"images": [answer.json]}


def test_status_ledger_and_link(api):
    status = api.get("/api/status", headers=BEARER).json
    for key in ("terminals", "list_version", "records", "taps", "ledger_sum", "uploaded"):
        assert key in status
    assert api.get("/api/ledger", headers=BEARER).json["sum"] == 0
    link = api.post("/api/links", headers=BEARER).json["link"]
    assert api.get(link).status_code == 302


@pytest.mark.parametrize(
    ("method", "address", "body", "code"),
    [
        ("GET", "/api/nothing", None, 404),
        ("GET", "/api/wallets", None, 405),
        ("POST", "/api/terminals", b"{", 400),
        ("POST", "/api/terminals", b"[1]", 400),
        ("POST", "/api/terminals", b'"x"' * 1_000_000, 413),
        ("POST", "/api/cards/99999999999/loss", None, 404),
    ],
)
def test_errors_are_one_json_line(api, method, address, body, code):
    answer = api.open(address, method=method, data=body, headers=BEARER)
    assert answer.status_code == code
    line = json.loads(answer.get_data())["error"]
    assert line and "\n" not in line


def test_a_mistake_of_ours_shows_nothing_of_the_inside(app, orders, monkeypatch):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(orders, "status", lambda: 1 // 0)
    answer = app.test_client().get("/api/status", headers=BEARER)
    assert (answer.status_code, answer.json) == (
        500,
        {"error": "internal error, see the server's log"},
    )


def test_every_word_of_the_page_has_chinese(browser):
    from pathlib import Path

    from babel.messages.pofile import read_po

    import sync_server.web as web

    folder = Path(web.__file__).parent
    with open(folder / "translations/zh/LC_MESSAGES/messages.po", "rb") as file:
        known = {message.id for message in read_po(file) if message.string}
    sources = [*folder.rglob("*.py"), *folder.glob("templates/*.html")]
    used = set()
    for source in sources:
        found = re.findall(r"""\b_l?\(\s*["']((?:[^"'\\]|\\.)+)["']""", source.read_text())
        used |= {word.replace("\\'", "'") for word in found}
    assert used - known == set() and len(used) > 60


def test_a_file_of_a_page_is_kept_for_good_by_its_content_alone(browser):
    page = browser.get("/sign-in").get_data(as_text=True)
    (named,) = re.findall(r'href="(/static/offices\.css\?v=[0-9a-f]+)"', page)
    assert "immutable" in browser.get(named).headers["Cache-Control"]
    for other in ("/static/offices.css", named[:-1], "/static/console.css?" + named[-18:]):
        assert browser.get(other).headers["Cache-Control"] == "no-cache", other
    assert browser.get("/static/../app.py?v=1").status_code == 404
    assert browser.get("/static/nothing.css?v=1").status_code == 404
