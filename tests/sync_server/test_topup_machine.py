"""Any order of orders, callbacks, returns, dead cards, and a disk that fails anywhere in a commit:
what came in is booked, returned or kept, each transaction once, and the sum is zero."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from protocol.errors import LocalError
from sync_server.core import topups
from sync_server.core.topups import Told
from sync_server.store.requests import NotYours
from sync_server.store.store import Store
from sync_server.store.trouble import Unavailable

CARD = {
    "holder_kind": 2, "name": "n", "uid": "5a000001", "valid_until": 20000, "zones": 1,
    "balance_fen": 0,
}  # fmt: skip
AMOUNTS = (100, 1500, 2000)
PEOPLE = ("zhou", "wang")
number = st.integers(0, 7)
maybe_cut = st.one_of(st.none(), st.integers(1, 700))


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        self.store = Store(f"sqlite:///{Path(self.home.name) / 'c.db'}")
        self.cards = self.store.cards.issue([CARD | {"uid": f"5a{n:06x}"} for n in range(3)], 1)
        self.store.phones.invite(self.cards[2], b"t", 9)
        self.orders, self.truth, self.utc_s = [], {}, 1_000_000

    def teardown(self):
        self.store.close()
        self.home.cleanup()

    def do(self, cut, work, *args):
        """What is done, or nothing of it: the disk fails after so many steps of SQLite."""
        self.utc_s += 1
        connection, left = self.store.db.conn, [cut or 0]

        def step():
            left[0] -= 1
            return left[0] == 0

        connection.set_progress_handler(step if cut else None, 1)
        try:
            return work(*args, self.utc_s)
        except (LocalError, NotYours):
            return None
        except Unavailable:
            assert cut
            return None
        finally:
            connection.set_progress_handler(None, 1)
            if connection.in_transaction:  # cut in BEGIN itself, which no disk does
                connection.execute("ROLLBACK")

    @rule(card=st.integers(0, 2), fen=st.sampled_from(AMOUNTS), wish=number, cut=maybe_cut)
    def orders_one(self, card, fen, wish, cut):
        order = self.store.topups.order
        self.do(cut, order, "c", self.cards[card], fen, f"w{wish}", "phone")
        rows = self.store.topups.listed(False, 2**31, 99)
        self.orders = [row["number"] for row in reversed(rows) if row["made_by"] == "phone"]

    @rule(of=number, transaction=number, fen=st.sampled_from(AMOUNTS), is_right=st.booleans(),
          times=st.integers(1, 3), cut=maybe_cut)  # fmt: skip
    def is_told(self, of, transaction, fen, is_right, times, cut):
        """By the channel: of an order or of none, for its amount or another, again and again."""
        named = self.orders[of % len(self.orders)] if self.orders and of < 7 else "nobody's"
        if is_right and named in self.orders:
            row = self.store.topups._ordered("c", named)
            fen = row["amount_fen"]
        for again in range(times):
            told = Told(named, f"t{transaction}", fen, self.utc_s)
            row = self.do(cut if not again else None, self.store.topups.arrived, "c", told)
            if row or self.was_committed(told.transaction):
                self.truth.setdefault(told.transaction, fen)

    def was_committed(self, transaction):
        """It failed: then all of it is there (the disk failed after the commit), or nothing."""
        rows = self.store.topups.listed(False, 2**31, 99)
        return any(row["paid_as"] == transaction for row in rows)

    @rule(of=number, cut=maybe_cut)
    def expires(self, of, cut):
        self.utc_s += topups.EXPIRES_S
        if self.store.topups.one(of + 1):
            self.do(cut, self.store.topups.expire, of + 1)

    @rule(card=st.integers(0, 1))
    def is_taken_back(self, card):
        if self.store.issues.closing(self.cards[card]) is None:
            self.do(None, self.store.issues.take_back, self.cards[card], 0, 0, "desk")

    @rule(of=number, by=st.sampled_from(PEOPLE), cut=maybe_cut)
    def return_is_asked(self, of, by, cut):
        self.do(cut, self.store.topups.ask_return, of + 1, by)

    @rule(granted=st.booleans(), by=st.sampled_from(PEOPLE), cut=maybe_cut)
    def is_decided(self, granted, by, cut):
        for request in self.store.requests.find(True, 1):
            self.do(cut, self.store.decisions.decide, request["id"], granted, by)

    @rule(of=number, is_taken=st.booleans(), cut=maybe_cut)
    def channel_answers(self, of, is_taken, cut):
        if self.store.topups.one(of + 1):
            self.do(cut, self.store.topups.returned, of + 1, is_taken)

    @invariant()
    def every_fen_is_somewhere_once(self):
        store = self.store
        balances = {(row["type"], row["key"]): row["balance_fen"] for row in store.accounts.all()}
        totals = store.topups.totals()
        assert sum(balances.values()) == 0
        assert sum(totals.values()) == sum(self.truth.values())
        assert balances.get(topups.KEPT, 0) == totals["kept_fen"]
        rows = store.topups.listed(False, 2**31, 99)
        seen = [row["paid_as"] for row in rows if row["paid_as"]]
        assert len(seen) == len(set(seen)) and set(seen) == set(self.truth)
        given = dict.fromkeys(self.cards, 0)
        for row in rows:
            if row["state"] == topups.BOOKED:
                given[row["card"]] += row["amount_fen"]
        for card in self.cards:
            held = balances.get(("account", str(card)), 0) + balances.get(("purse", str(card)), 0)
            back = (store.issues.closing(card) or {"paid_fen": 0})["paid_fen"]
            assert held + back == given[card], card
        assert totals["booked_fen"] == sum(given.values())


# shows R13
def test_any_history():
    run_state_machine_as_test(Machine, settings=settings(max_examples=15, stateful_step_count=30))


def test_every_transition_and_no_other():
    for state in topups.STATES:
        for event in topups.EVENTS:
            if event in topups.TABLE[state]:
                assert topups.after(state, event) in topups.STATES
            else:
                try:
                    topups.after(state, event)
                    raise AssertionError((state, event))
                except LocalError as error:
                    assert state in str(error)
