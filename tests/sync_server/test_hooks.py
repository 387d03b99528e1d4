"""Webhooks: signed, in order, again until they are taken; never to an address inside (R22)."""

import asyncio
import base64
import ipaddress
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from sync_server.core import hooks as rules
from sync_server.gateway import hooks as sender
from sync_server.gateway.hooks import Hooks, Outside, Refused, url_fault
from sync_server.gateway.refusals import Impossible
from tests.sync_server.office import College
from tests.sync_server.test_partners import Partner, passed
from tests.sync_server.test_people import admitted

ALL = tuple(rules.EVENTS)


class Receiver:
    """Somebody's server: keeps what came, answers as `answers` says (200 when it is empty)."""

    def __init__(self):
        receiver = self
        self.came, self.answers = [], []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.came.append((dict(self.headers), body))
                status = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(status)
                self.send_header("location", receiver.url + "elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}/campus/"
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()

    def subjects(self):
        return [json.loads(body)["subject"] for _, body in self.came]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def college(tmp_path, receiver):
    college = College(tmp_path)
    admitted(college, 3)
    college.gate = college.enrol("gate", "图书馆 东门")
    college.library = Partner(college, gates=str(college.gate))
    college.orders.partners.ours = {receiver.host}
    yield college
    college.close()


def rounds(college, count=1, ours=None):
    """So many rounds of the sender, each to its end."""
    made = Hooks(college.gateway, college.orders.partners.ours if ours is None else ours)

    async def go():
        async with made._session() as session:
            for _ in range(count):
                await made.round(session)
                await asyncio.gather(*made._going.values())

    asyncio.run(go())


def secret_of(college, receiver, events=ALL):
    return college.orders.partners.set_hook(1, receiver.url, events, "wang")


def deliveries(college, *names):
    return [
        tuple(row[name] for name in names)
        for row in college.store.db.rows("SELECT * FROM delivery ORDER BY id")
    ]


# shows R22
def test_each_event_signed_as_a_library_that_is_not_ours_checks_it(both, college, receiver):
    secret = secret_of(college, receiver)
    rounds(college)
    assert receiver.came == []  # nothing of what was before
    college.orders.loss_report(1, "li")
    college.orders.loss_withdraw(1, "li")
    passed(college, college.gate, 2, 1)
    passed(college, college.enrol("gate", "别处"), 2, 1)  # of no gate in scope
    college.store.holders.extend(1, 12000, {"approver": "chen", "paper": ""}, "li", 5)
    college.store.db.conn.execute("UPDATE holder SET ended_utc_s = 7 WHERE id = 3")
    rounds(college, 3)
    told = []
    for headers, body in receiver.came:
        check = Webhook(secret)
        lower = {name.lower(): value for name, value in headers.items()}
        assert check.verify(body, lower) == json.loads(body)
        for wrong in (body + b" ", body.replace(b"1", b"2", 1)):
            with pytest.raises(WebhookVerificationError):
                check.verify(wrong, lower)
        with pytest.raises(WebhookVerificationError):
            Webhook(rules.secret_text(bytes(32))).verify(body, lower)
        event = json.loads(body)
        told.append((event["subject"], event["event"]))
    assert sorted(told) == [
        ("card 1", "card.freed"), ("card 1", "card.stopped"), ("card 2", "pass"),
        ("holder 180001", "holder.changed"), ("holder 180003", "holder.ended"),
    ]  # fmt: skip
    assert told.index(("card 1", "card.stopped")) < told.index(("card 1", "card.freed"))
    data = [json.loads(body)["data"] for _, body in receiver.came]
    assert {"card": 1} in data and "fen" not in str(data)
    assert set(deliveries(college, "state", "problem")) == {("done", "")}
    before = len(receiver.came)
    rounds(college, 2)
    assert len(receiver.came) == before


def test_the_bytes_that_are_signed():
    """As docs/partners.md and https://www.standardwebhooks.com have it; worked out by hand."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = rules.headers(
        secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_of_one_subject_in_order_and_others_go_on(both, college, receiver):
    secret_of(college, receiver)
    receiver.answers = [500]
    college.orders.loss_report(1, "li")
    college.orders.loss_withdraw(1, "li")
    college.orders.loss_report(2, "li")
    rounds(college, 2)
    assert receiver.subjects() == ["card 1", "card 2"]  # its freeing waits behind its stop
    assert deliveries(college, "state", "tries", "problem") == [
        ("waits", 1, "status 500"), ("waits", 0, ""), ("done", 1, "")]  # fmt: skip
    college.store.db.conn.execute("UPDATE delivery SET due_utc_s = 0")
    rounds(college, 3)
    assert receiver.subjects() == ["card 1", "card 2", "card 1", "card 1"]
    names = [headers["webhook-id"] for headers, _ in receiver.came]
    assert names[0] == names[2] != names[3]  # the same delivery, again


def test_killed_after_it_was_sent_it_is_sent_again_with_the_same_name(
    college, receiver, monkeypatch
):
    secret_of(college, receiver)
    college.orders.loss_report(1, "li")
    monkeypatch.setattr(college.store.hooks, "sent", lambda *_: 1 / 0)  # gone before the commit
    rounds(college)
    monkeypatch.undo()
    assert deliveries(college, "state", "tries") == [("waits", 0)]
    rounds(college)
    (first, _), (second, _) = receiver.came
    assert first["webhook-id"] == second["webhook-id"]
    assert deliveries(college, "state") == [("done",)]


def test_what_was_not_written_down_is_found_by_the_next_server(college, receiver, monkeypatch):
    secret_of(college, receiver)
    college.orders.loss_report(1, "li")
    monkeypatch.setattr(college.store.hooks, "tell", lambda *_: 1 / 0)
    rounds(college)
    monkeypatch.undo()
    assert receiver.came == [] and deliveries(college, "id") == []
    rounds(college)
    assert receiver.subjects() == ["card 1"]


def test_pauses_grow_until_it_is_dead_and_the_centre_sees_it(both, college, receiver):
    secret_of(college, receiver)
    college.orders.loss_report(1, "li")
    receiver.answers = [404] * 9
    pauses = []
    for _ in range(8):
        rounds(college)
        ((due_s, tries),) = deliveries(college, "due_utc_s", "tries")
        pauses.append(due_s - int(time.time()))
        college.store.db.conn.execute("UPDATE delivery SET due_utc_s = 0")
    wanted = [*rules.PAUSES_S, rules.PAUSES_S[-1]]
    assert all(0 <= want - had <= 2 for want, had in zip(wanted, pauses, strict=True))
    college.store.db.conn.execute(
        "UPDATE delivery SET since_utc_s = since_utc_s - ?", (rules.DEAD_S,)
    )
    rounds(college, 2)
    assert deliveries(college, "state", "tries") == [("dead", 9)] and len(receiver.came) == 9
    page = college.browser("wang").text("/partners/1?lang=en")
    assert "given up" in page and "status 404" in page and "Send them again" in page
    assert college.orders.partners.send_again(1) == 1
    rounds(college)
    assert deliveries(college, "state", "problem") == [("done", "")]
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1


def test_one_that_cannot_be_reached_rests_and_holds_up_nobody(college, receiver):
    secret_of(college, receiver)
    gym = Partner(college)
    deaf = Receiver()
    deaf.close()
    college.orders.partners.ours |= {deaf.host}
    college.orders.partners.set_hook(gym.number, deaf.url, ["card.stopped"], "wang")
    for card in (1, 2, 3):
        college.orders.loss_report(card, "li")
    rounds(college, 3)
    assert sorted(receiver.subjects()) == ["card 1", "card 2", "card 3"]
    rows = deliveries(college, "partner", "state", "tries")
    assert rows.count((2, "waits", 1)) == 1 and rows.count((2, "waits", 0)) == 2


def test_a_redirect_is_no_answer_and_is_not_followed(college, receiver):
    secret_of(college, receiver)
    college.orders.loss_report(1, "li")
    receiver.answers = [302, 307]
    rounds(college)
    assert len(receiver.came) == 1 and deliveries(college, "problem") == [("status 302",)]


def test_stopped_at_once_and_what_waits_is_dead(college, receiver):
    secret_of(college, receiver)
    receiver.answers = [500]
    college.orders.loss_report(1, "li")
    rounds(college)
    college.orders.partners.stop(1, "wang")
    rounds(college, 2)
    assert len(receiver.came) == 1 and deliveries(college, "state") == [("dead",)]
    assert college.orders.partners.send_again(1) == 0


def test_after_the_last_day_nothing_is_sent_though_it_waits(college, receiver):
    secret_of(college, receiver)
    receiver.answers = [500]
    college.orders.loss_report(1, "li")
    rounds(college)
    college.store.db.conn.execute("UPDATE partner SET until_utc_s = 5")
    college.store.db.conn.execute("UPDATE delivery SET due_utc_s = 0")
    college.orders.loss_report(2, "li")
    rounds(college, 2)
    assert len(receiver.came) == 1 and deliveries(college, "state") == [("waits",)]


def test_no_more_than_is_granted(college, receiver):
    secret_of(college, receiver)
    college.library.granted(scopes="identity:read", kinds=[], gates="")
    with pytest.raises(Impossible, match="passes:read"):
        college.orders.partners.set_hook(1, receiver.url, ["pass"], "wang")
    passed(college, college.gate, 2, 1)
    college.store.db.conn.execute("UPDATE holder SET name = 'x'")
    college.orders.loss_report(1, "li")
    rounds(college, 2)
    assert receiver.subjects() == ["card 1"]  # though the hook still asks for all


def test_the_running_thread_sends_and_ends(college, receiver):
    secret_of(college, receiver)
    made = Hooks(college.gateway, college.orders.partners.ours)
    made.start()
    college.orders.loss_report(1, "li")
    until_s = time.monotonic() + 60
    while deliveries(college, "state") != [("done",)]:
        assert time.monotonic() < until_s
        time.sleep(0.02)
    made.stop()
    assert receiver.subjects() == ["card 1"]


# where it may go

INSIDE = (
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1",
    "fc00::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1",
    "2002:a00:1::", "2001:0:a00:1::", "::7f00:1",
)  # fmt: skip


@pytest.mark.parametrize("text", INSIDE)
def test_no_address_inside(text):
    address = ipaddress.ip_address(text)
    assert not rules.may_connect(address, False)
    host = f"[{text}]" if ":" in text else text
    assert url_fault(f"https://{host}/", ())
    assert rules.may_connect(ipaddress.ip_address("93.184.215.14"), False)
    assert rules.may_connect(ipaddress.ip_address("2606:2800:21f:cb07::1"), False)


def test_a_named_host_may_be_private_and_never_loopback_or_metadata():
    for text, may in (("10.0.0.1", True), ("fd00::1", True), ("127.0.0.1", False), ("::1", False),
                      ("169.254.169.254", False), ("::ffff:10.0.0.1", True)):  # fmt: skip
        assert rules.may_connect(ipaddress.ip_address(text), True) == may, text


@given(st.ip_addresses())
def test_whatever_is_allowed_is_public(address):
    if rules.may_connect(address, False):
        assert address.is_global and not address.is_private and not address.is_multicast


@pytest.mark.parametrize("url", [
    "http://library.edu.cn/", "ftp://x.cn/", "https:///x", "x", "", "https://user:pw@x.cn/",
    "https://x.cn:22/", "https://x.cn/#a", "https://x.cn:99999/", "javascript:alert(1)",
    "https://[::1", "https://127.0.0.1:8443/", "https://[::ffff:127.0.0.1]/", "file:///etc/passwd",
    "http://127.0.0.1:9/", "//x.cn/",
])  # fmt: skip
def test_no_other_form_of_address(url):
    assert url_fault(url, {"lib.campus.edu", "10.3.3.3:81"})


def test_forms_that_may_be():
    ours = {"lib.campus.edu", "10.3.3.3:81"}
    for url in ("https://x.cn/hook?a=1", "https://x.cn:8443/", "http://LIB.campus.edu/x",
                "http://10.3.3.3:81/", "https://93.184.215.14/"):  # fmt: skip
        assert url_fault(url, ours) == "", url
    assert url_fault("http://10.3.3.3:82/", ours)


# shows R22
@pytest.mark.parametrize("name", ["localhost", "0x7f.1", "127.1", "2130706433"])
def test_a_name_that_leads_inside_is_not_connected_to(college, receiver, name):
    """The check is at the connection: whatever the name meant when it was typed."""
    secret_of(college, receiver)
    port = receiver.host.partition(":")[2]
    url = f"https://{name}:{port}/"
    college.store.db.conn.execute("UPDATE hook SET url = ?", (url,))
    college.orders.loss_report(1, "li")
    rounds(college, ours=())
    ((problem,),) = deliveries(college, "problem")
    assert receiver.came == [] and problem and "status" not in problem
    college.store.db.conn.execute("UPDATE hook SET url = ?", (url.replace("https", "http"),))
    college.store.db.conn.execute("UPDATE delivery SET due_utc_s = 0")
    rounds(college, ours={f"{name}:{port}"})  # named, but it is a name: still not loopback
    assert receiver.came == []


def test_each_address_of_a_name_is_looked_at(monkeypatch):
    async def two(self, host, port=0, family=0):
        return [{"host": "93.184.215.14"}, {"host": "10.0.0.1"}]

    monkeypatch.setattr(sender.ThreadedResolver, "resolve", two)

    async def ask(ours):
        return await Outside(ours).resolve("rebinding.example", 443)

    with pytest.raises(Refused):
        asyncio.run(ask(()))
    assert len(asyncio.run(ask({"rebinding.example"}))) == 2
