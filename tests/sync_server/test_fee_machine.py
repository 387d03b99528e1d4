"""Any order of paying, calling back, withdrawing, undoing, refunding: a fee is paid at most once,
and each fen that came in is an office's, kept, given back or in a purse."""

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
from sync_server.core import fees, topups, validity
from sync_server.core.topups import Told
from sync_server.store.requests import NotYours
from sync_server.store.store import Store
from tests.sync_server.test_topup_machine import CARD

START_S = 1_800_000_000
pick = st.integers(0, 1)  # of two people and their fees
any_of = st.integers(0, 5)


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        store = self.store = Store(f"sqlite:///{Path(self.home.name) / 'c.db'}")
        self.utc_s, self.truth = START_S, {}
        today = validity.today(START_S)
        people = [{"row": str(n), "number": f"N{n}", "name": f"n{n}"} for n in range(2)]
        store.rosters.put("students", b"p", "f", people, "liu", 1)
        store.rosters.apply(1, today, "liu", 1)
        wishes = [CARD | {"uid": f"5a{n:06x}", "holder": f"N{n}"} for n in range(2)]
        self.phones = store.cards.issue([one | {"balance_fen": 5000} for one in wishes], 1)
        for phone in self.phones:
            store.phones.invite(phone, phone.to_bytes(4, "big"), 9)
        due = {"item": "x", "amount": "45", "due": validity.shown(today + 5)}
        for n, kind in enumerate(("fees-teaching", "fees-students")):
            row = {"row": "2", "number": f"N{n}"} | due
            number, _ = store.rosters.put(kind, b"f", "f", [row], "liu", 1)
            store.rosters.apply(number, today, "liu", 1)
        self.decide(True, "zhou")
        self.ids = [row["id"] for row in store.db.rows("SELECT id FROM fee ORDER BY id")]

    def teardown(self):
        self.store.close()
        self.home.cleanup()

    def do(self, work, *args):
        self.utc_s += 1
        try:
            return work(*args, self.utc_s)
        except (LocalError, NotYours):
            return None

    def decide(self, granted, by):
        for request in self.store.requests.find(True, 9):
            self.do(self.store.decisions.decide, request["id"], granted, by)

    def fee(self, of):
        return self.ids[of % len(self.ids)]

    @rule(of=pick, phone=st.integers(0, 1))
    def orders(self, of, phone):
        wish = f"w{self.utc_s}"
        self.do(self.store.topups.order_for_fee, "c", self.phones[phone], self.fee(of), wish, "p")

    @rule(of=any_of, transaction=pick, times=st.integers(1, 5))
    def is_told(self, of, transaction, times):
        """By the channel: of an order, paid or not, perhaps of a second payment of it."""
        rows = self.store.topups.listed(False, 2**31, 99)
        if not rows:
            return
        row = rows[of % len(rows)]
        told = Told(row["number"], f"{row['number']}-{transaction}", row["amount_fen"], self.utc_s)
        for _ in range(times):
            assert self.do(self.store.topups.arrived, "c", told)  # it is never turned away
            self.truth[told.transaction] = told.amount_fen

    @rule(of=pick, clerk=st.sampled_from(("li", "he")), again=st.booleans())
    def takes_cash(self, of, clerk, again):
        receipt = f"{clerk}{self.utc_s}"
        for _ in range(1 + again):
            self.do(self.store.fees.take_cash, self.fee(of), receipt, clerk)

    @rule(of=pick, phone=st.integers(0, 1))
    def pays_from_purse(self, of, phone):
        self.do(self.store.fees.take_from_purse, self.fee(of), self.phones[phone])

    @rule(of=pick)
    def is_withdrawn(self, of):
        row = self.store.fees.one(self.fee(of))
        self.do(self.store.fees.withdraw, row["roster"], row["id"], "why")

    @rule(of=pick, undo=st.booleans(), by=st.sampled_from(("liu", "zhou", None)))
    def goes_back(self, of, undo, by):
        """Asked for; decided at once, or some time."""
        returns = self.store.fee_returns
        self.do(returns.ask_undoing if undo else returns.ask_refund, self.fee(of), "liu")
        if by:
            self.decide(True, by)

    @rule(granted=st.booleans())
    def is_decided(self, granted):
        self.decide(granted, "zhou")

    @rule(is_taken=st.booleans())
    def channel_answers(self, is_taken):
        for row in self.store.topups.to_ask(0, 9):
            self.do(self.store.topups.returned, row["id"], is_taken)

    @invariant()
    def every_fen_is_somewhere_once(self):
        store = self.store
        balances = {(row["type"], row["key"]): row["balance_fen"] for row in store.accounts.all()}
        rows = [store.fees.one(number) for number in self.ids]
        for office in fees.OFFICES:
            held = sum(
                r["amount_fen"] for r in rows if (r["office"], r["state"]) == (office, "paid")
            )
            assert balances.get(fees.account(office), 0) == held
        live = store.db.rows("SELECT fee, count(*) AS n FROM fee_payment WHERE back_utc_s IS NULL"
                             " GROUP BY fee ORDER BY fee")  # fmt: skip
        assert [row["fee"] for row in live] == [r["id"] for r in rows if r["state"] == "paid"]
        assert all(row["n"] == 1 for row in live)
        totals = store.topups.totals()
        assert sum(totals.values()) == sum(self.truth.values())
        assert balances.get(topups.KEPT, 0) == totals["kept_fen"]
        by = {how: sum(r["amount_fen"] for r in rows if r["how"] == how) for how in
              (fees.CHANNEL, fees.CASH, fees.PURSE)}  # fmt: skip
        assert totals["booked_fen"] == by[fees.CHANNEL]
        drawers = store.cash.drawers(validity.today(START_S))
        assert sum(one["taken_fen"] - one["reversed_fen"] for one in drawers) == by[fees.CASH]
        purses = sum(fen for (kind, _), fen in balances.items() if kind in ("purse", "account"))
        assert purses == 10_000 - by[fees.PURSE]
        assert sum(balances.values()) == 0


# shows R3
def test_any_history():
    run_state_machine_as_test(Machine, settings=settings(max_examples=20, stateful_step_count=30))
