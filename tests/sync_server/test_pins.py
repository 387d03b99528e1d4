"""PINs at the server: set, changed, tried, locked; never readable, and no try for free."""

import asyncio
import threading
import time

import pytest

from protocol import messages, reasons
from sync_server.core import phones as rules
from sync_server.core import pins
from sync_server.core.pins import Begun, Verdict
from tests.sync_server.house import House
from tests.sync_server.office import College
from tests.sync_server.test_people import admitted
from tests.sync_server.test_phone_loss import Holder

pytestmark = pytest.mark.usefixtures("both")

PIN, OTHER = "471108", "830264"


@pytest.fixture
def college(tmp_path):
    college = College(tmp_path)
    college.gateway.hashing.hasher = college.orders.offices.hasher  # its cost: test_offices
    yield college
    college.close()


class Phone(Holder):
    """A phone that knows of PINs."""

    def state(self):
        now_s = int(time.time())
        return self.ask("pin/state", now_s, rules.look(self.number, now_s)).json

    def sets(self, pin, old="", signer=None, now_s=None):
        """-> status"""
        now_s = now_s or int(time.time())
        said = rules.pin(self.number, now_s, pin)
        return self.ask("pin", now_s, said, signer, pin=pin, old=old).status_code

    def unlocks(self):
        now_s = int(time.time())
        return self.ask("pin/unlock", now_s, rules.unlock(self.number, now_s)).status_code


def keyed(college, terminal, card, pin, fen=2500):
    """What the gateway says to a PIN at a terminal. -> Verdict, None if it looked at nothing"""
    said, done = [], threading.Event()

    def tell(verdict, error):
        assert error is None
        said.append(verdict)
        done.set()

    body = messages.encode(messages.PIN, (card, fen, 9), pin.encode())
    values = messages.decode(body)[1]
    judge = college.gateway.pin_tries.judge
    college.gateway.loop.call_soon_threadsafe(judge, terminal, values, pin, tell)
    assert done.wait(20)
    return said[0]


def test_set_by_the_phone_tried_at_terminals_locked_and_unlocked(college):
    admitted(college, 1)
    one, two = college.enrol("pos", "食堂 1", "食堂"), college.enrol("pos", "食堂 2", "食堂")
    zhang = Phone(college, "180001")
    assert zhang.state() == {"is_set": False, "is_locked": False}
    assert keyed(college, one, 1, PIN) == Verdict(reasons.PIN_UNSET, 0)
    assert zhang.sets(PIN) == 200 and zhang.state()["is_set"]
    assert keyed(college, one, 1, PIN) == Verdict(reasons.OK, 3)
    assert keyed(college, one, 1, OTHER) == Verdict(reasons.PIN_WRONG, 2)
    assert keyed(college, two, zhang.number, OTHER) == Verdict(reasons.PIN_WRONG, 1)
    assert keyed(college, two, 1, PIN) == Verdict(reasons.OK, 3)  # and all three are back
    for left in (2, 1):
        assert keyed(college, one, 1, OTHER) == Verdict(reasons.PIN_WRONG, left)
    assert keyed(college, two, 1, OTHER) == Verdict(reasons.PIN_LOCKED, 0)
    assert keyed(college, one, 1, PIN) == Verdict(reasons.PIN_LOCKED, 0)
    assert (f"terminal {two}", "pin.locked", "holder 1") in college.acts()
    assert zhang.state() == {"is_set": True, "is_locked": True}
    assert zhang.sets(OTHER, PIN) == 409  # not even with the right one
    assert zhang.unlocks() == 200 and keyed(college, one, 1, PIN) == Verdict(reasons.OK, 3)
    for _ in range(3):
        keyed(college, one, 1, OTHER)
    assert zhang.unlocks() == 400  # once a day; then the desk
    assert college.api("POST", "/api/people/1/pin/unlock")[0] == 200
    assert college.api("POST", "/api/people/1/pin/unlock")[0] == 400
    assert keyed(college, one, 1, PIN) == Verdict(reasons.OK, 3)


def test_changed_with_the_old_one_by_its_own_phone_only(college):
    admitted(college, 1)
    zhang, now_s = Phone(college, "180001"), int(time.time())
    assert zhang.sets(PIN, signer=Phone(college, None).phone) == 403
    assert Phone(college, None).sets(PIN) == 404  # nobody's phone
    assert zhang.sets(PIN) == 200
    assert zhang.sets(OTHER) == 403 and zhang.sets(OTHER, "111222") == 403
    assert zhang.sets(OTHER, PIN, now_s=now_s - 60) == 409  # signed before, sent again
    assert zhang.sets(OTHER, PIN) == 200
    one = college.enrol("pos", "食堂 1", "食堂")
    assert keyed(college, one, 1, OTHER).reason == reasons.OK
    assert keyed(college, one, 1, PIN).reason == reasons.PIN_WRONG


def test_what_is_no_pin(college):
    admitted(college, 1)
    zhang = Phone(college, "180001")
    for pin in ("12345", "1234567", "12345a", "１２３４５６", "123456", "654321", "000000",
                "121212", "123123", "112112", "112221", "180001", "345678"):  # fmt: skip
        assert zhang.sets(pin) == 400, pin
    assert not zhang.state()["is_set"]
    assert pins.fault(PIN, "180001") is None and pins.fault("180001", "2180001") is not None


def test_a_link_of_the_desk_is_for_the_holder_once(college):
    admitted(college, 1)
    clerk = college.browser("wang", "clerk")
    assert "未设置" in clerk.text("/people/1/pin")
    page = clerk.post("/people/1/pin").get_data(as_text=True)
    ticket = page.partition("/pin#")[2][:32]
    client = college.app.test_client()
    assert client.get("/pin").status_code == 200

    def put(pin, ticket=ticket):
        return client.post("/api/pin", json={"ticket": ticket, "pin": pin}).status_code

    assert put("123456") == 400 and put(PIN, "00" * 16) == 403
    assert put(PIN) == 200 and put(OTHER) == 403
    one = college.enrol("pos", "食堂 1", "食堂")
    assert keyed(college, one, 1, PIN).reason == reasons.OK
    acts = [
        (who, what) for who, what, subject in college.acts() if subject in ("number 1", "holder 1")
    ]
    assert acts[-2:] == [("wang", "desk.invite_pin"), ("link", "pin.put")]
    assert college.browser("liu", "finance").get("/people/1/pin").status_code == 403
    assert college.store.pins.invited(b"x", 0) is None


def test_an_old_link_is_worth_nothing(college):
    admitted(college, 1)
    college.store.pins.invite(1, b"a", 100)
    college.store.pins.invite(1, b"b", 100)
    assert college.store.pins.invited(b"a", 100) is None
    assert (college.store.pins.invited(b"b", 100), college.store.pins.invited(b"b", 101)) == (
        1,
        None,
    )


def test_a_try_counts_before_it_is_looked_at(college):
    """The server is killed between the two commits, three times over."""
    admitted(college, 1)
    store = college.store.pins
    store.put(1, "h", "test", 1)
    for n in range(3):
        found = store.begin(1, 1, 9, 2500, 10 + n)
        assert isinstance(found, Begun) and found.hashed == "h"
    assert store.begin(1, 2, 9, 2500, 20) == Verdict(reasons.PIN_LOCKED, 0)
    assert [row["verdict"] for row in store.tries(1, 9)] == [None] * 3


def test_many_at_once_have_three_tries_together(college):
    admitted(college, 1)
    numbers = [college.enrol("pos", f"食堂 {n}", "食堂") for n in range(8)]
    college.store.pins.put(1, college.gateway.hashing.hashed(PIN), "test", 1)
    said = []

    async def all_at_once():
        loop = asyncio.get_running_loop()
        waits = [loop.create_future() for _ in numbers]
        for number, wait in zip(numbers, waits, strict=True):
            values = messages.decode(messages.encode(messages.PIN, (1, 2500, 9), b"999998"))[1]
            college.gateway.pin_tries.judge(
                number, values, "999998", lambda verdict, error, wait=wait: wait.set_result(verdict)
            )
        said.extend(await asyncio.gather(*waits))

    asyncio.run_coroutine_threadsafe(all_at_once(), college.gateway.loop).result(30)
    looked_at = college.store.pins.tries(1, 99)
    assert len(looked_at) == 3 and {verdict.reason for verdict in said} <= {
        reasons.PIN_WRONG, reasons.PIN_LOCKED,
    }  # fmt: skip


def test_a_terminal_that_guesses_is_not_heard(college):
    admitted(college, 8)
    store, now_s = college.store.pins, int(time.time())
    for holder in range(1, 9):
        store.put(holder, "h", "test", 1)
    counted = 0
    for card in range(1, 9):
        for _ in range(3):
            found = store.begin(card, 1, 9, 2500, now_s)
            if isinstance(found, Begun):
                store.end(found.number, False, now_s)
                counted += 1
    assert counted == pins.WRONG_MOST
    assert store.begin(8, 1, 9, 2500, now_s) is None and keyed(college, 1, 8, PIN) is None
    assert isinstance(store.begin(8, 2, 9, 2500, now_s), Begun)  # elsewhere it pays
    assert isinstance(store.begin(8, 1, 9, 2500, now_s + pins.WRONG_S), Begun)


def test_the_pin_stands_nowhere(college, caplog):
    """Not in the database, its log beside it, the audit or the server's own log."""
    caplog.set_level("DEBUG")
    admitted(college, 1)
    one, zhang = college.enrol("pos", "食堂 1", "食堂"), Phone(college, "180001")
    zhang.sets(PIN)
    zhang.sets(OTHER, "730518")
    keyed(college, one, 1, "730518")
    keyed(college, one, 1, PIN)
    for path in college.path.parent.iterdir():
        data = path.read_bytes()
        for pin in (PIN, OTHER, "730518"):
            assert pin.encode() not in data, path
    assert PIN not in caplog.text and "730518" not in caplog.text
    (hashed,) = college.store.db.rows("SELECT hash FROM pin")
    assert hashed["hash"].startswith("$argon2id$")


def test_what_is_paid_elsewhere_is_told_for_all_cards_of_a_holder(tmp_path):
    house = House(tmp_path, terminals=3, cards=2)
    for number, card, fen in ((1, 1, 700), (2, 1, 50), (2, 2, 300), (3, 2, 9)):
        assert house.pay(number, card, fen)
    told = house.store.pins.elsewhere
    assert told(1, 1, 0, 0) == (0, 0)  # nothing has come
    for number in (1, 2, 3):
        house.sync(number)
    assert [told(1, number, 0, 0) for number in (1, 2, 3)] == [(50, 50), (700, 700), (750, 750)]
    assert told(1, 3, 0, house.utc_s + 1) == (750, 0) and told(1, 3, house.utc_s + 1, 0) == (0, 0)
    with house.store.db.transaction() as connection:
        connection.execute(
            "INSERT INTO holder (id, number, kind, name, department, valid_until, made_utc_s)"
            " VALUES (5, '1', 2, 'n', '', 20000, 1)"
        )
        connection.execute("UPDATE card SET holder = 5")
    assert [told(1, number, 0, 0)[0] for number in (1, 2, 3)] == [359, 709, 1050]
    assert told(99, 1, 0, 0) == (0, 0)
