"""The page that says who bears it: every rule has words, nothing of a name is markup."""

import pytest

from sync_server.core import evidence
from sync_server.web.app import create_app
from sync_server.web.console import bearers
from tests.sync_server.pretend import PretendOrders

TOKEN = "a" * 43


@pytest.fixture
def browser():
    app = create_app(PretendOrders(hostile="<b>&"), TOKEN, {"TESTING": True})
    client = app.test_client()
    client.get(f"/enter?key={app.extensions['desk'].doorkeeper.one_time_key()}")
    return client


def test_a_disputed_card(browser):
    page = browser.get("/cards/4711/bearers").get_data(as_text=True)
    for word in ("终端所属部门: 饮食服务中心", "信息中心", "待人工认定", "擅自脱机", "另有 1 笔"):
        assert word in page
    assert "<b>&" not in page.replace("<b>12.50</b>", "") and "&lt;b&gt;&amp;" in page
    assert "Without leave" not in page
    english = browser.get("/cards/4711/bearers?lang=en").get_data(as_text=True)
    assert "Department: 饮食服务中心" in english and "without leave" in english


def test_a_card_without_reports_and_one_that_is_none(browser):
    assert "从未挂失" in browser.get("/cards/5/bearers").get_data(as_text=True)
    assert browser.get("/cards/404/bearers").status_code == 404


def test_every_rule_and_bearer_has_words(browser):
    with browser.application.test_request_context("/"):
        rules = {rule for rule, _, _ in evidence.RULES} | {"unreported", "offline"}
        assert rules == bearers._words().keys()
        sides = {evidence.HOLDER, evidence.DEPARTMENT, evidence.CENTRE, evidence.OPEN}
        assert sides == bearers._bearers().keys()
