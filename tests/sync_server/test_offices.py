"""Accounts, roles, two persons: each office does what is its own, and every act is in the log."""

import re

import pytest
from click.testing import CliRunner

from sync_server import cli
from sync_server.core import rights
from sync_server.store.requests import NotYours
from sync_server.store.trouble import Refused
from sync_server.web import visitors
from sync_server.web.app import create_app
from sync_server.web.needs import NEEDS, OPEN, TWIN, need_of
from tests.sync_server.office import PASSWORD, TOKEN, Browser, College


@pytest.fixture
def college(tmp_path):
    college = College(tmp_path)
    yield college
    college.close()


# the tables


def routes(app):
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            yield rule, method, re.sub(r"<[^>]+>", "7", rule.rule)


def test_every_route_has_a_right_and_every_right_a_route(college):
    endpoints = {rule.endpoint for rule, _, _ in routes(college.app)}
    plain = {endpoint.replace(TWIN + ".", ".") for endpoint in endpoints}
    assert plain == set(NEEDS) | OPEN and not set(NEEDS) & OPEN
    words = {right for right, *_ in rights.TABLE}
    assert {need.right for need in NEEDS.values()} <= words
    for _, roles, article, what in rights.TABLE:
        assert set(roles) <= {*rights.ROLES, rights.KEY} and roles and article and what
    assert not rights.may("centre", "no such right") and not rights.may("nobody", "home")


def test_nothing_secret_is_kept_in_the_log():
    secret = {"password", "token", "key", "sealed", "signature", "old", "new", "again", "ticket",
              "bank", "uid", "public_key", "blocks", "records"}  # fmt: skip
    for endpoint, need in NEEDS.items():
        assert not secret & set(need.kept), endpoint


def test_every_blueprint_is_admitted_by_one_check(college):
    for name in college.app.blueprints:
        checks = college.app.before_request_funcs.get(name, [])
        assert visitors.admit in checks or name in ("pay", "phone", "provision", "partners"), name


# shows R21
@pytest.mark.parametrize("role", rights.ROLES)
def test_what_a_role_may_not_is_403(college, role):
    browser = college.browser("somebody", role, "m" if role == "merchant" else None)
    for rule, method, address in routes(college.app):
        if rule.rule.startswith("/api/") or rule.endpoint in OPEN or "sign_out" in rule.endpoint:
            continue
        if rights.may(role, need_of(rule.endpoint).right):
            continue
        answer = browser.post(address) if method == "POST" else browser.get(address)
        expected = 302 if rule.endpoint == "console.index" else 403
        assert answer.status_code == expected, (method, address)


def test_a_route_in_no_table_is_nobodys(college, monkeypatch):
    monkeypatch.delitem(NEEDS, "centre.officers")
    assert college.browser("wang").get("/officers").status_code == 403
    assert college.api("GET", "/api/officers")[0] == 403


def test_the_key_sees_no_accounts_and_approves_nothing(college):
    for path in ("/api/officers", "/api/audit", "/api/approvals"):
        assert college.api("GET", path)[0] == 403


# coming in


def test_an_account_from_the_shell_to_the_first_page(college, tmp_path):
    made = CliRunner().invoke(
        cli.campus, ["office", "add", "Wang.Li", "--role", "centre", "--db", college.url]
    )
    assert made.exit_code == 0, made.output
    password = re.search(r"password (\S+),", made.output).group(1)
    browser = Browser(college.app)
    assert browser.post("/sign-in", name="wang.li", password="nonsense").status_code == 403
    assert (
        browser.post("/sign-in", name=" WANG.LI ", password=password).headers["Location"]
        == "/password"
    )
    assert browser.get("/officers").headers["Location"] == "/password"  # nothing before that
    for old, new, again in (
        ("wrong", PASSWORD, PASSWORD), (password, "short", "short"), (password, password, password),
        (password, "my wang.li 77", "my wang.li 77"), (password, PASSWORD, PASSWORD + "x"),
    ):  # fmt: skip
        assert browser.post("/password", old=old, new=new, again=again).status_code in (400, 403)
    assert browser.post("/password", old=password, new=PASSWORD, again=PASSWORD).status_code == 302
    assert "wang.li" in browser.text("/officers")
    acts = college.acts()
    assert acts[0][1] == "office add" and ("wang.li", "wrong password", "") in acts
    assert password not in str(college.store.audit.acts(99, 99)) and PASSWORD not in str(acts)
    again = CliRunner().invoke(
        cli.campus, ["office", "add", "wang.li", "--role", "clerk", "--db", college.url]
    )
    assert again.exit_code == 1 and "there is an account wang.li already" in again.output
    given = CliRunner().invoke(cli.campus, ["office", "password", "Wang.Li", "--db", college.url])
    assert given.exit_code == 0 and browser.get("/officers").headers["Location"] == "/sign-in"
    assert college.acts()[-1][1:] == ("office password", "name wang.li")
    nobody = CliRunner().invoke(cli.campus, ["office", "password", "x", "--db", college.url])
    assert nobody.output == "Error: there is no open account x\n"
    listed = CliRunner().invoke(cli.campus, ["office", "list", "--db", college.url])
    assert "wang.li" in listed.output and "open" in listed.output


@pytest.mark.parametrize(("name", "role", "merchant"), [
    ("a", "clerk", ""), ("1st", "clerk", ""), ("x y", "clerk", ""), ("ok", "merchant", ""),
    ("ok", "clerk", "shop"), ("'; drop table officer; --", "clerk", ""),
])  # fmt: skip
def test_an_account_that_cannot_be(college, name, role, merchant):
    wish = ["office", "add", name, "--role", role, "--merchant", merchant, "--db", college.url]
    made = CliRunner().invoke(cli.campus, wish)
    assert made.exit_code == 1 and made.output.startswith("Error: ")
    assert college.store.officers.all() == []


def test_a_session_ends_by_itself_and_with_its_account(college, monkeypatch):
    wang, li = college.browser("wang"), college.browser("li")
    now_s = visitors.time.time()
    monkeypatch.setattr(visitors.time, "time", lambda: now_s + visitors.IDLE_S - 5)
    assert wang.get("/officers").status_code == 200
    monkeypatch.setattr(visitors.time, "time", lambda: now_s + visitors.IDLE_S + 100)
    assert wang.get("/officers").status_code == 200  # it was used in between
    assert li.get("/officers").headers["Location"] == "/sign-in"
    late = li.post("/officers", name="zhao", shown="z", role="clerk")  # open over lunch
    assert late.headers["Location"] == "/sign-in" and len(college.store.officers.all()) == 2
    assert li.get("/officers", headers={"HX-Request": "true"}).status_code == 401
    for step in range(1, 40):
        monkeypatch.setattr(visitors.time, "time", lambda s=step: now_s + s * 1700)
        answer = wang.get("/officers")
    assert answer.status_code == 302  # 12 hours are over
    monkeypatch.undo()
    li = college.browser("li")
    college.store.officers.set_password(college.store.officers.password_of("li")[0], "x", True)
    assert li.get("/officers").status_code == 302
    wang = college.browser("wang")
    college.store.officers.close(college.store.officers.password_of("wang")[0], 5)
    assert wang.get("/officers").status_code == 302
    assert Browser(college.app).post("/sign-in", name="wang", password=PASSWORD).status_code == 403


def test_a_form_without_its_token_or_of_another_session_does_nothing(college):
    wang = college.browser("wang")
    before = college.acts()
    form = {"name": "zhao", "shown": "z", "role": "clerk"}
    for token in ("", "abc", None):
        data = form if token is None else form | {"csrf_token": token}
        assert wang.client.post("/officers", data=data).status_code == 403
    assert college.acts() == before and len(college.store.officers.all()) == 1
    # the key's header does not help a browser on a page, nor a cookie under /api
    assert wang.client.post("/api/officers", json=form).status_code == 401


def test_ten_thousand_wrong_passwords(college):
    """Some of them here, each from another address; the hash is asked for thirty times."""
    college.officer("wang", "clerk")
    app = create_app(college.orders, TOKEN, {"TESTING": True})
    asked = []
    real = college.orders.offices.sign_in
    college.orders.offices.sign_in = lambda *given: asked.append(given)
    client = app.test_client()
    token = re.search(r'csrf_token" value="([^"]+)', client.get("/sign-in").text).group(1)

    def attempt(n, name, password):
        return client.post(
            "/sign-in",
            data={"csrf_token": token, "name": name, "password": password},
            environ_base={"REMOTE_ADDR": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"},
        ).status_code

    answers = [attempt(n, ("wang", " WANG")[n % 2], f"guess {n}") for n in range(400)]
    assert answers == [403] * 30 + [429] * 370 and len(asked) == 30
    wrong = [act for act in college.acts() if act[1] == "wrong password"]
    assert len(wrong) == 30
    college.orders.offices.sign_in = real
    assert attempt(5000, "wang", PASSWORD) == 429  # the price of it, for an hour
    answers = [attempt(9000, f"nobody{n}", "x") for n in range(12)]
    assert answers == [403] * 10 + [429] * 2


def test_names_are_text(college):
    wang = college.browser("wang")
    hostile = "<script>alert(1)</script>' OR 1=1"
    made = wang.post("/officers", name="li", shown=hostile[:40], role="clerk")
    assert made.status_code == 201 and "<script>" not in made.text
    page = wang.text("/officers")
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    assert "<script>alert" not in wang.text("/audit?who=<script>alert(1)</script>")


# accounts


def test_passwords_that_are_given_and_accounts_that_end(college):
    wang = college.browser("wang")
    li = college.officer("li", "clerk")
    made = wang.post(f"/officers/{li}/password")
    password = re.search(r'class="given">([^<]+)', made.text).group(1)
    clerk = Browser(college.app)
    assert clerk.post("/sign-in", name="li", password=PASSWORD).status_code == 403
    assert clerk.post("/sign-in", name="li", password=password).headers["Location"] == "/password"
    assert wang.post(f"/officers/{li}/close").status_code == 303
    assert wang.post(f"/officers/{li}/close").status_code == 303
    assert wang.said()[-1][0] == "problem"
    me = college.store.officers.password_of("wang")[0]
    wang.post(f"/officers/{me}/close")
    assert ("problem", "不能关闭自己的账号。") in wang.said()
    with pytest.raises(Exception, match="last account of the centre"):
        college.store.officers.close(me, 5)
    assert wang.post("/officers/999/password").status_code == 303
    whats = [what for _, what, _ in college.acts()]
    assert whats.count("centre.close_officer") == 1 and "centre.give_password" in whats


# two persons


# shows R21
def test_two_persons(college, monkeypatch):
    done = []
    deed = lambda subject, granted, by, utc_s: done.append((subject, granted, by))  # noqa: E731
    monkeypatch.setitem(college.store.decisions.deeds, "refund", deed)
    one = college.store.requests.ask("refund", 4, {"amount_fen": 12345}, "wang", 1)
    assert college.store.requests.ask("refund", 4, {"amount_fen": 12345}, "wang", 1) == one
    wang, li = college.browser("wang"), college.browser("li")
    assert "123.45" in wang.text("/approvals") and 'value="grant"' not in wang.text("/approvals")
    wang.post(f"/approvals/{one}", act="grant")  # as if the button were there
    assert done == [] and wang.said()[0][0] == "problem"
    with pytest.raises(NotYours):
        college.store.decisions.decide(one, True, "wang", 1)
    for _ in range(2):
        li.post(f"/approvals/{one}", act="grant")
    assert done == [(4, True, "li")]
    assert [kind for kind, _ in li.said()] == ["done", "problem"]
    two = college.store.requests.ask("refund", 4, {}, "wang", 1)
    wang.post(f"/approvals/{two}", act="refuse")  # taken back
    assert done[1:] == [(4, False, "wang")]
    li.post("/approvals/99", act="grant")
    li.post(f"/approvals/{two}", act="perhaps")
    assert [kind for kind, _ in li.said()] == ["problem", "problem"] and len(done) == 2


def test_the_database_itself_wants_two(college):
    one = college.store.requests.ask("refund", 4, {}, "wang", 1)
    with pytest.raises(Refused, match="granted_by_another"):
        college.store.db.conn.execute(
            "UPDATE request SET granted = 1, decided_by = 'wang' WHERE id = ?", (one,)
        )


# the log


def test_every_act_is_kept_and_a_refused_one_too(college):
    wang, clerk = college.browser("wang"), college.browser("li", "clerk")
    college.api("POST", "/api/terminals", {"kind": "pos", "place": "食堂 1", "merchant": "食堂"})
    college.api("POST", "/api/terminals", {"kind": "pos"})  # nothing was done
    college.api("POST", "/api/links")  # changes nothing in the database, and is kept
    clerk.post("/officers", name="zhao", shown="z", role="centre")
    wang.post("/officers", name="zhao", shown="赵", role="clerk")
    assert college.acts()[2:] == [
        ("api", "api.enrol", ""), ("api", "api.link", ""), ("li", "centre.add_officer refused", ""),
        ("wang", "centre.add_officer", ""),
    ]  # fmt: skip
    rows = college.store.audit.acts(99, 99)
    assert rows[0]["detail"] == '{"name": "zhao", "role": "clerk", "shown": "赵"}'
    assert "链条完整" in wang.text("/audit") and "食堂 1" in wang.text("/audit")
    assert college.store.audit.check()[2] is None


# the twins as one document


def test_the_document_of_the_api_has_every_route_with_its_right(college):
    status, told = college.api("GET", "/api/openapi.json")
    assert (status, told["openapi"]) == (200, "3.1.0")
    operations = {
        one["operationId"]: (path, one)
        for path, verbs in told["paths"].items()
        for one in verbs.values()
    }
    wanted = {
        f"{method.lower()} {rule.endpoint}"
        for rule, method, _ in routes(college.app)
        if rule.rule.startswith("/api/")
    }
    assert set(operations) == wanted
    path, one = operations["post desk_api.extend"]
    assert (path, one["x-right"], one["tags"]) == (
        "/api/people/{number}/extension",
        "extend",
        ["desk"],
    )
    assert one["parameters"][0]["schema"] == {"type": "integer", "minimum": 1, "maximum": 2**62}
    for path, one in operations.values():
        named = {found["name"] for found in one["parameters"] if found["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert ("security" in one) == ("x-right" in one or "x-scope" in one) and one["summary"]
