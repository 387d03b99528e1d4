"""Orders without a gateway or a store: a small campus made up for the web tests and pictures."""

import random
import time

from sync_server.gateway.refusals import Impossible

PLACES = (
    ("pos", "第一食堂 1-03"),
    ("pos", "第一食堂 1-04"),
    ("pos", "第二食堂 2-11"),
    ("pos", "教育超市"),
    ("gate", "图书馆 东门"),
    ("gate", "宿舍 3 栋"),
    ("water", "3-2-07"),
    ("water", "3-2-08"),
    ("pos", "文印店"),
)
REASONS = (1, 5, 8, 15, 3, 9)


class PretendEvidence:
    """A card with a payment of each kind."""

    def __init__(self, now_s, hostile):
        self._now_s, self._hostile = now_s, hostile

    def of_card(self, card):
        """Card 4711 is in dispute; 404 was never issued."""
        if card == 404:
            raise Impossible("card 404 was never issued", 404)
        begin_s = self._now_s - 90_000
        if card != 4711:
            return {"card": card, "losses": [], "payments": []}
        rules = (("department", "offline"), ("centre", "leave"), ("open", "when"),
                 ("holder", "unreported"))  # fmt: skip
        return {
            "card": card,
            "losses": [{"reported_s": begin_s, "version": 128, "made_s": begin_s + 1,
                        "withdrawn_s": None}],
            "payments": [self._payment(at, begin_s, *rule) for at, rule in enumerate(rules)],
        }  # fmt: skip

    def _payment(self, at, begin_s, bearer, rule):
        paid_s = begin_s + 3600 * (at + 1)
        kind, place = PLACES[at]
        return {
            "terminal": at + 1, "serial": 40 + at, "amount_fen": 1250 + 300 * at,
            "first_utc_s": paid_s, "last_utc_s": paid_s + 60, "bearer": bearer, "rule": rule,
            "evidence": [
                {"utc_s": begin_s, "what": "reported"},
                {"utc_s": begin_s + 1, "what": "listed", "version": 128},
                {"utc_s": paid_s, "what": "paid", "until_utc_s": paid_s + 60, "online": False,
                 "list_version": 127, "list_age_min": 300, "place": place + self._hostile,
                 "department": "饮食服务中心" + self._hostile},
                {"utc_s": paid_s + 20_000, "what": "list confirmed", "before": 127},
                {"utc_s": paid_s + 20_001, "what": "received"},
            ],
        }  # fmt: skip


class PretendOffices:
    """No accounts; the log is a list."""

    def __init__(self):
        self.acts = []

    def note(self, act):
        self.acts.append(act)


class PretendPartners:
    """There are none."""

    def known(self, offered):
        return None

    def wrong(self, offered, address):
        pass


class PretendOrders:
    """Answers like Orders; `now_s` is fixed unless None is given."""

    def __init__(self, now_s=1_700_012_345, taps=40, hostile=""):
        self.now_s = now_s or int(time.time())
        self.calls = []
        self.version = 128
        self.listed = {4711}
        self._dice = random.Random(7)
        self._hostile = hostile
        self.evidence = PretendEvidence(self.now_s, hostile)
        self.offices = PretendOffices()
        self.partners = PretendPartners()
        self._serial = 0
        self.rows = [self._tap() for _ in range(taps)]
        self.change = 0

    def _tap(self):
        self._serial += 1
        dice = self._dice
        number = dice.randrange(6)
        kind, place = PLACES[number]
        accepted = dice.random() < 0.85
        amount_fen = 0 if kind == "gate" else dice.randrange(100, 3000)
        return {
            "terminal": number + 1,
            "serial": self._serial,
            "place": place + self._hostile,
            "kind": kind,
            "utc_s": self.now_s - 3 * (60 - self._serial),
            "card": 10_000 + dice.randrange(9000),
            "type": "pass" if kind == "gate" else "purchase",
            "amount_fen": amount_fen,
            "accepted": accepted,
            "reason": 0 if accepted else dice.choice(REASONS),
            "balance_fen": None if kind == "gate" else dice.randrange(200, 30_000),
            "grey": self._serial == 33,
            "quarantined": 64 if self._serial == 27 else 0,
        }

    def new_tap(self):
        """One more tap comes in."""
        self.rows.append(self._tap())
        self.change += 1

    def changes(self):
        return self.change

    def put_image(self, raw):
        self.calls.append(("image", len(raw)))
        return {"kind": "pos", "version": "0.2.0"}

    def images(self):
        return [{"kind": "pos", "version": "0.2.0"}]

    def recent(self, limit):
        return list(reversed(self.rows))[:limit]

    def status(self):
        terminals = [
            {
                "number": place + 1,
                "kind": kind,
                "place": name + self._hostile,
                "merchant": "食堂",
                "connected": place != 6,
                "list_version": None if place == 8 else self.version - (place in (3, 6)),
                "contact_utc_s": None if place == 8 else self.now_s - (place == 6) * 7400 - place,
                "reported": place != 8,
                "queue": 37 if place == 6 else place % 2,
                "grey": int(place == 2),
                "taps": 1300 * (9 - place),
                "boots": place + 1,
                "firmware": "1.0.0",
            }
            for place, (kind, name) in enumerate(PLACES)
        ]
        return {
            "utc_s": self.now_s,
            "terminals": terminals,
            "list_version": self.version,
            "records": 48_961,
            "uploaded": 48_961,
            "taps": 48_790,
            "accepted": 46_687,
            "refused": 2_103,
            "quarantined": 1,
            "grey": 1,
            "ledger_sum": 0,
        }

    def ledger(self):
        return {"sum": 0, "accounts": [], "places": []}

    def shifts(self, number, limit):
        """None yet."""
        return []

    def records(self, number, after, limit):
        return [(serial, 1, 15, 0, self.now_s, 5, 100) for serial in (1, 2, 3) if serial > after]

    def enrol(self, kind, place, merchant):
        self.calls.append(("enrol", kind, place, merchant))
        return 218, b"\x01\x02"

    def replace(self, number):
        self.calls.append(("replace", number))
        return {"number": number, "first": 8, "last": 65543, "provisioning": "0102"}

    def take_journal(self, number, slots):
        self.calls.append(("journal", number, slots))
        return {"stored": len(slots)}

    def lost(self, number):
        return {"declared": [], "rebuilt": [], "missing": [], "spans": []}

    def give_up(self, number):
        self.calls.append(("give up", number))
        return self.lost(number)

    def issue_cards(self, wishes):
        self.calls.append(("issue", wishes))
        return [(100 + n, [(4, bytes(16))]) for n, _ in enumerate(wishes)]

    def set_grants(self, number, cards):
        self.calls.append(("grants", number, cards))
        return 5

    def set_params(self, number, values):
        self.calls.append(("params", number, values))
        return 6

    def loss_report(self, card, by):
        self.calls.append(("report", card, by))
        if card == 999:
            raise Impossible("there is no such card", 404)
        self.listed.add(card)
        self.version += 1
        return self.loss_reach(card)

    def loss_withdraw(self, card, by):
        self.calls.append(("withdraw", card, by))
        if card not in self.listed:
            raise Impossible("card is not reported lost", 409)
        self.listed.discard(card)
        self.version += 1
        return self.loss_reach(card)

    def loss_reach(self, card):
        if card == 999:
            raise Impossible("there is no such card", 404)
        missing = [
            {
                "number": 7,
                "kind": "water",
                "place": "3-2-07",
                "connected": False,
                "silent_since_utc_s": self.now_s - 1400,
            },
            {
                "number": 9,
                "kind": "pos",
                "place": "文印店",
                "connected": True,
                "silent_since_utc_s": None,
            },
        ]
        return {
            "card": card,
            "listed": card in self.listed,
            "waits": False,
            "version": self.version,
            "terminals": 217,
            "confirmed": 215,
            "connected": 216,
            "missing": missing,
            "since_utc_s": self.now_s,
            "reported_utc_s": self.now_s - 3,
        }
