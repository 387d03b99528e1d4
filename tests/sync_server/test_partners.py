"""Other systems: granted by a second person, each with what it was granted and no more (R22)."""

import re
import time

import pytest

from card_layout import base45, code
from protocol import record
from sync_server.core import partners as rules
from sync_server.core import phones
from sync_server.gateway import partners
from sync_server.web.app import create_app
from sync_server.web.needs import SCOPES
from tests.sync_server.office import TOKEN, College
from tests.sync_server.test_people import admitted
from tests.sync_server.test_phone_loss import Holder

GRANT = {"scopes": list(rules.SCOPE_NAMES), "kinds": ["2"], "gates": [], "a_minute": 600}
WISH = {"name": "图书馆", "purpose": "门禁与借阅", "contact": "陈馆长 8123"}


@pytest.fixture
def college(tmp_path):
    college = College(tmp_path)
    yield college
    college.close()


class Partner:
    """A system that was granted, asking with its key."""

    def __init__(self, college, app=None, **grant):
        self.college, self.app = college, app or college.app
        wish = WISH | {"scopes": ["identity:read"]}
        self.number = college.api("POST", "/api/partners", wish)[1]["id"]
        self.granted(**grant)
        self.key = college.orders.partners.make_key(self.number, "wang")

    def granted(self, **grant):
        today = rules.validity.today(int(time.time()))
        form = GRANT | {"until": rules.validity.shown(today + 30)} | grant
        wang = self.college.browser("wang")
        answer = wang.post(f"/partners/{self.number}/grant", **form)
        assert [kind for kind, _ in wang.said()] == ["done"], answer.get_data(as_text=True)

    def ask(self, path, method="GET", key=None, address="127.0.0.1", **body):
        """-> (status, answer)"""
        answer = self.app.test_client().open(
            f"/api/partners/{path}",
            method=method,
            json=body or None,
            headers={"Authorization": f"Bearer {self.key if key is None else key}"},
            environ_base={"REMOTE_ADDR": address},
        )
        return answer.status_code, answer.json


def wrong_acts(college):
    return [act for act in college.acts() if act[0].startswith("partner")]


def test_from_application_to_end(both, college):
    clerk, wang = college.browser("li", "clerk"), college.browser("wang")
    clerk.post("/partners", **WISH, scopes=["identity:read", "passes:read"])
    assert "待第二人批准" in clerk.text("/partners/1") and "图书馆" in wang.text("/partners")
    until = rules.validity.shown(rules.validity.today(int(time.time())) + 5)
    form = {"scopes": "identity:read", "a_minute": "60", "until": until, "addresses": "10.1.2.0/24"}
    assert clerk.post("/partners/1/grant", **form).status_code == 403
    assert wang.post("/partners/1/keys").status_code == 303  # not granted yet
    assert wang.said()[0][0] == "problem"
    for wrong in ({"until": "2001-01-01"}, {"until": "2099-01-01"}, {"a_minute": "0"},
                  {"addresses": "10.1.2.3/24"}, {"scopes": "money:read"}, {"scopes": ""},
                  {"gates": "70000"}, {"kinds": "9"}):  # fmt: skip
        wang.post("/partners/1/grant", **form | wrong)
        assert wang.said()[0][0] == "problem", wrong
    wang.post("/partners/1/grant", **form)
    page = wang.post("/partners/1/keys").get_data(as_text=True)
    key = re.search(r"partner-\d+-[\w-]{43}", page).group()
    assert key not in wang.text("/partners/1") and "partner-1-…" in wang.text("/partners/1")
    assert key[-43:] not in str(college.store.db.rows("SELECT * FROM partner_key"))
    me = college.app.test_client().get(
        "/api/partners/me",
        headers={"Authorization": f"Bearer {key}"},
        environ_base={"REMOTE_ADDR": "10.1.2.9"},
    )
    assert me.json["scopes"] == ["identity:read"] and me.json["a_minute"] == 60
    wang.post("/partners/1/stop")
    assert "已停用" in wang.text("/partners/1")
    wang.post("/partners/1/grant", **form)
    wang.post("/partners/1/keys")
    assert [kind for kind, _ in wang.said()] == ["problem", "problem"]  # for good
    whats = [what for _, what, _ in college.acts()]
    assert whats.count("centre.grant_partner") == 1 and "centre.stop_partner" in whats
    assert '"scopes": "identity:read"' in str(college.store.audit.acts(2**60, 99))


def test_whoever_asked_does_not_grant(both, college):
    wang = college.browser("wang")
    wang.post("/partners", **WISH, scopes="identity:read")
    until = rules.validity.shown(rules.validity.today(int(time.time())))
    wang.post("/partners/1/grant", scopes="identity:read", a_minute="9", until=until)
    assert wang.said("/partners")[-1][0] == "problem"
    with pytest.raises(Exception, match="granted_by_another"):
        college.store.db.conn.execute("UPDATE partner SET decided_by = 'wang', until_utc_s = 9")
    zhou = college.browser("zhou")
    zhou.post("/partners/1/refusal")
    assert college.orders.partners.one(1)["partner"]["state"] == "refused"


# shows R22
def test_each_route_needs_its_scope_and_every_refusal_is_in_the_log(college):
    views = {rule.endpoint for rule in college.app.url_map.iter_rules()
             if rule.endpoint.startswith("partners.")}  # fmt: skip
    assert views == set(SCOPES) and set(SCOPES.values()) - {""} == set(rules.SCOPE_NAMES)
    library = Partner(college)
    paths = {"partners.me": "me", "partners.card": "cards/1", "partners.chip": "chips/00000000",
             "partners.passes": "passes", "partners.holders": "holders",
             "partners.use_code": "codes"}  # fmt: skip
    for scope in rules.SCOPE_NAMES:
        library.granted(scopes=scope)
        for view, path in paths.items():
            status, told = library.ask(path, "POST" if path == "codes" else "GET", code="x")
            needed = SCOPES[view]
            assert (status == 403) == (needed not in ("", scope)), (scope, view, told)
    refused = wrong_acts(college)
    assert len(refused) == sum(needed not in ("", scope) for needed in SCOPES.values()
                               for scope in rules.SCOPE_NAMES)  # fmt: skip
    assert {act[0] for act in refused} == {"partner 1"}
    assert all(act[1].endswith(" refused") for act in refused)
    uses = {row["what"]: row["count"] for row in college.orders.partners.one(1)["uses"]}
    assert uses["partners.me"] == 4 and uses["refused"] == len(refused)
    assert sum(uses.values()) == 4 * len(paths)  # every one


def test_the_keys_of_others_open_nothing(college):
    library = Partner(college)
    client = college.app.test_client()
    for path in ("/api/status", "/api/people", "/api/ledger", "/api/partners", "/api/partners/1"):
        header = {"Authorization": f"Bearer {library.key}"}
        assert client.get(path, headers=header).status_code == 401, path
    for key in (TOKEN, "", "partner-1-", "partner-x-" + "A" * 43, "partner-9-" + "A" * 43,
                library.key[:-1] + "é", library.key[:-2], "partner--1-" + "A" * 43):  # fmt: skip
        assert library.ask("me", key=key)[0] == 401, key
    assert wrong_acts(college) == []
    assert library.ask("me", key="partner-1-" + "A" * 43)[0] == 401
    assert wrong_acts(college) == [("partner 1", "partner wrong key", "number 1")]


def test_a_key_is_rolled_and_stopped_at_once(college, monkeypatch):
    library = Partner(college)
    second = college.orders.partners.make_key(1, "wang")
    assert library.ask("me")[0] == library.ask("me", key=second)[0] == 200
    third = college.orders.partners.make_key(1, "wang")
    assert [library.ask("me", key=key)[0] for key in (library.key, second, third)] == [
        403,
        200,
        200,
    ]
    now_s = time.time() + rules.ROLL_S + 1
    monkeypatch.setattr(partners, "_now_s", lambda: int(now_s))
    assert [library.ask("me", key=key)[0] for key in (second, third)] == [403, 200]
    monkeypatch.setattr(partners, "_now_s", lambda: int(now_s) + 30 * 86400)
    assert library.ask("me", key=third) == (
        403, {"error": "this system is over: ask the information centre"})  # fmt: skip
    monkeypatch.undo()
    college.orders.partners.stop(1, "wang")
    assert library.ask("me", key=third)[0] == 403


def test_from_its_own_addresses_only(college):
    library = Partner(college, addresses="10.1.2.0/24 2001:db8::/32")
    for address in ("10.1.2.7", "::ffff:10.1.2.7", "2001:db8::9"):
        assert library.ask("me", address=address)[0] == 200, address
    for address in ("10.1.3.7", "127.0.0.1", "::1", "nonsense"):
        assert library.ask("me", address=address)[0] == 403, address


def test_a_full_minute_is_429_and_one_row(college, monkeypatch):
    app = create_app(college.orders, TOKEN, {"TESTING": True})
    library = Partner(college, app, a_minute=5)
    gym = Partner(college, app, a_minute=5)
    monkeypatch.setattr(partners, "_now_s", lambda: 1_800_000_000 - 3600)
    college.store.db.conn.execute("UPDATE partner SET until_utc_s = 1900000000")
    answers = [library.ask("me")[0] for _ in range(9)]
    assert answers == [200] * 5 + [429] * 4
    assert gym.ask("me")[0] == 200  # its own minute
    assert [act[1] for act in wrong_acts(college)] == ["partners.me refused"]


def test_who_holds_a_card_and_no_more(both, college):
    admitted(college, 3)
    library = Partner(college, scopes=["identity:read", "holders:read"])
    status, told = library.ask("cards/1")
    assert status == 200 and told == {
        "card": 1, "usable": True, "state": "valid", "holder_kind": 2, "valid_until": "2029-07-01",
        "holder": {"number": "180001", "name": told["holder"]["name"]},
    }  # fmt: skip
    assert library.ask("chips/00000001")[1]["card"] == 2
    college.orders.loss_report(2, "li")
    assert library.ask("cards/2")[1]["state"] == "lost" and not library.ask("cards/2")[1]["usable"]
    college.store.db.conn.execute("UPDATE card SET ended_utc_s = 5 WHERE number = 3")
    assert library.ask("cards/3")[1]["state"] == "ended"
    college.store.db.conn.execute("UPDATE card SET valid_until = 5 WHERE number = 1")
    assert library.ask("cards/1")[1]["state"] == "expired"
    assert library.ask("cards/99")[0] == library.ask("chips/ffffffff")[0] == 404
    assert library.ask("chips/xyz")[0] == 400
    rows = library.ask("holders")[1]["holders"]
    assert [row["number"] for row in rows] == ["180001", "180002", "180003"]
    assert library.ask(f"holders?after={rows[1]['id']}")[1]["holders"] == rows[2:]
    library.granted(scopes=["identity:read", "holders:read"], kinds=["1"])
    assert library.ask("holders")[1] == {"holders": []}
    told = library.ask("cards/2")[1]
    assert told["holder_kind"] == 2 and told["holder"] is None  # of another kind: no name


def test_no_answer_has_money_or_secrets(college):
    admitted(college, 2, balance_fen=7654321)
    gate = college.enrol("gate", "图书馆 东门")
    passed(college, gate, 1)
    library = Partner(college, gates=str(gate))
    for path in ("me", "cards/1", "chips/00000000", "holders", "passes"):
        status, told = library.ask(path)
        assert status == 200
        assert not re.search(r"7654321|76543|fen|uid|bank|balance|amount", str(told)), path


def passed(college, terminal, card, serial=1, utc_s=1_764_000_000, kind=record.PASS):
    """A record of a terminal, as the store keeps it."""
    college.store.db.conn.execute(
        "INSERT INTO record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card,"
        " amount_fen, balance_fen, content, received_utc_s)"
        " VALUES (?, ?, ?, ?, 0, 0, 0, ?, ?, 0, 0, ?, ?)",
        (terminal, serial, kind, record.DONE, utc_s, card, b"", utc_s),
    )


def test_passes_of_its_gates_and_zones_alone(both, college):
    admitted(college, 2)
    east, west, hall = (college.enrol("gate", place) for place in ("东门", "西门", "体育馆"))
    till = college.enrol("pos", "食堂 1", "食堂")
    college.orders.set_params(hall, {"zone": 7})
    for serial, gate in enumerate((east, west, hall, till, east), 1):
        passed(college, gate, 1 + serial % 2, serial)
    passed(college, east, 1, 9, kind=record.REFUSAL)
    library = Partner(college, gates=str(east), zones="7")
    rows = library.ask("passes")[1]["passes"]
    assert [(row["terminal"], row["place"]) for row in rows] == [
        (east, "东门"), (hall, "体育馆"), (east, "东门")]  # fmt: skip
    assert {row["holder"] for row in rows} == {"180002"} and rows[0]["card"] == 2
    assert library.ask(f"passes?after={rows[0]['id']}")[1]["passes"] == rows[1:]
    assert library.ask("passes?after=-1")[0] == 400
    assert library.ask("passes?after=9999999999999999999999")[0] == 400
    library.granted(gates="", zones="3")
    assert library.ask("passes")[1] == {"passes": []}


class Shown:
    """Codes that somebody's phone shows."""

    def __init__(self, college):
        self.holder = Holder(college, "180001")
        now_s = int(time.time())
        number, phone = self.holder.number, self.holder.phone
        signature = phone.sign(phones.renewal(number, now_s))
        told = college.orders.phones.renew(number, now_s, signature)
        self.authorised = bytes.fromhex(told["authorised"])

    def text(self, counter, utc_s=None, signer=None, authorised=None):
        data = code.show(
            authorised or self.authorised,
            int(time.time()) if utc_s is None else utc_s,
            counter,
            (signer or self.holder.phone).sign,
        )
        return base45.encode(data)


# shows R22
def test_a_code_once_and_as_a_terminal_asks(both, college):
    admitted(college, 1)
    phone, library = Shown(college), Partner(college)
    gym = Partner(college)
    now_s = int(time.time())

    def check(text, partner=library):
        status, told = partner.ask("codes", "POST", code=text)
        return told.get("error") or told["holder"]["number"], status

    text = phone.text(5)
    assert check(text) == ("180001", 200)
    for again in (text, phone.text(5), phone.text(4)):
        assert check(again) == ("used", 409) == check(again, gym)  # at no other system either
    assert check(phone.text(6), gym) == ("180001", 200)
    assert check(phone.text(7, now_s - 60)) == check(phone.text(7, now_s + 30)) == ("late", 409)
    assert check(phone.text(7, signer=Holder(college, "180001").phone)) == ("altered", 409)
    forged = bytearray(phone.authorised)
    forged[5] = 1  # a member of the staff
    assert check(phone.text(7, authorised=bytes(forged))) == ("foreign", 409)
    for noise in ("HELLO", "Grüße", text[:-3], "A" * 400, phone.text(0), phone.text(2**24)):
        assert check(noise) == ("foreign", 409)
    college.store.db.conn.execute(
        "INSERT INTO step (card, counter, terminal, serial, before_fen, after_fen)"
        " VALUES (?, 8, 1, 1, 0, 0)", (phone.holder.number,))  # fmt: skip
    assert check(phone.text(9)) == ("used", 409)  # it was paid with
    college.orders.loss_report(phone.holder.number, "li")
    status, told = library.ask("codes", "POST", code=phone.text(10))
    assert (status, told["state"], told["usable"]) == (200, "lost", False)


def test_of_another_phone_by_now(college):
    admitted(college, 1)
    phone, library = Shown(college), Partner(college)
    college.store.db.conn.execute("UPDATE phone SET public_key = NULL")
    assert library.ask("codes", "POST", code=phone.text(1)) == (409, {"error": "foreign"})
