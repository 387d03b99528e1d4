"""A loss reported by the holder's own phone: by its signature, for its own cards, of now."""

import time

import pytest

from sync_server.core import phones as rules
from sync_server.web.app import create_app
from tests.sync_server.office import TOKEN, College
from tests.sync_server.test_people import admitted
from tests.sync_server.test_phones import WISH, Phone


@pytest.fixture
def college(tmp_path):
    college = College(tmp_path)
    yield college
    college.close()


class Holder:
    """A phone of somebody, asking over HTTP."""

    def __init__(self, college, student):
        self.client = college.app.test_client()
        wish = WISH | {"valid_until": "2028-07-01"} | ({"holder": student} if student else {})
        link = college.api("POST", "/api/phones", wish)[1]["link"]
        self.phone = Phone()
        body = {"ticket": link.partition("#")[2], "public_key": self.phone.public().hex()}
        self.number = self.client.post("/api/phone/enrol", json=body).json["card"]

    def cards(self):
        """-> (status, cards)"""
        now_s = int(time.time())
        answer = self.ask("cards", now_s, rules.look(self.number, now_s))
        return answer.status_code, [one["card"] for one in answer.json.get("cards", ())]

    def loses(self, card, is_lost=True, now_s=None, signer=None):
        """-> (status, answer)"""
        now_s = now_s or int(time.time())
        said = rules.loss(self.number, now_s, card, is_lost)
        answer = self.ask("loss", now_s, said, signer, lost=card, is_lost=int(is_lost))
        return answer.status_code, answer.json

    def ask(self, what, now_s, said, signer=None, **more):
        signature = (signer or self.phone).sign(said).hex()
        body = {"card": self.number, "utc_s": now_s, "signature": signature} | more
        return self.client.post(f"/api/phone/{what}", json=body)


# shows R9
def test_the_holders_own_cards_and_nobody_elses(college):
    admitted(college, 2)
    college.enrol("pos", "食堂 1", "食堂")
    zhang = Holder(college, "180001")
    assert zhang.cards() == (200, [1])
    status, told = zhang.loses(1)
    assert (status, told["listed"], told["terminals"], told["confirmed"]) == (200, True, 1, 0)
    assert told["missing"][0]["place"] == "食堂 1" and told["reported_utc_s"]
    assert zhang.loses(2)[0] == 404 and not college.store.lists.is_listed(2)
    assert zhang.loses(zhang.number)[0] == 404  # itself, from itself
    status, told = zhang.loses(1, is_lost=False, now_s=int(time.time()) + 1)
    assert (status, told["listed"]) == (200, False)
    acts = [act for act in college.acts() if act[1] == "phone.loss"]
    assert acts == [(f"phone {zhang.number}", "phone.loss", "card 1")] * 2
    assert college.store.db.rows("SELECT reported_by FROM loss") == [
        {"reported_by": f"phone {zhang.number}"}
    ]


def test_another_key_another_time_or_an_old_word_again(college):
    admitted(college, 1)
    zhang, now_s = Holder(college, "180001"), int(time.time())
    assert zhang.loses(1, signer=Phone())[0] == 403
    for wrong in (now_s - rules.CLOCK_S - 9, now_s + rules.CLOCK_S + 9):
        assert zhang.loses(1, now_s=wrong)[0] == 403
    assert zhang.loses(1)[0] == 200
    assert zhang.loses(1, is_lost=False, now_s=now_s - 60)[0] == 409  # signed before, sent again
    assert college.store.lists.is_listed(1)
    renewal = zhang.ask("loss", now_s, rules.renewal(zhang.number, now_s), lost=1, is_lost=0)
    assert renewal.status_code == 403  # said for something else


def test_a_phone_of_nobody_has_no_cards(college):
    admitted(college, 1)
    stranger = Holder(college, None)
    assert stranger.cards() == (200, []) and stranger.loses(1)[0] == 404


# shows R9
def test_a_dormitory_behind_one_address_and_somebody_who_only_says_a_number(college):
    """Thirty phones in a minute; a phone's own limit is not used up by who cannot sign for it."""
    admitted(college, 30)
    college.app = create_app(college.orders, TOKEN, {"TESTING": True})
    dormitory = [Holder(college, str(180001 + n)) for n in range(30)]
    for one in dormitory:
        now_s = int(time.time())
        assert one.ask("renew", now_s, rules.renewal(one.number, now_s)).status_code == 200
    zhang = dormitory[0]
    assert [zhang.loses(1, signer=Phone())[0] for _ in range(20)] == [403] * 20
    told = [zhang.loses(1, is_lost=n % 2 == 0, now_s=now_s + n)[0] for n in range(11)]
    assert told == [200] * 10 + [429] and dormitory[1].loses(2)[0] == 200
