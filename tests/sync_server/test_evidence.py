"""Who bears it: each rule by name, the same answer whenever asked (I8), facts from the store."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import record
from sync_server.core.evidence import (
    CENTRE,
    DEPARTMENT,
    HOLDER,
    OPEN,
    Facts,
    Loss,
    Payment,
    Span,
    Verdict,
    judge,
    made_between,
)  # fmt: skip
from sync_server.store.store import Store
from tests.sync_server.databases import url_of
from tests.sync_server.tapes import CARD, DONE

pytestmark = pytest.mark.usefixtures("both")

NOON = 1_790_000_000
REPORT = NOON
LOSS = Loss(REPORT, 5, REPORT + 1, None)
OFFLINE = Payment(7, 40, REPORT + 7200, REPORT + 7260, False, 4, 300)

# rule -> (payment, losses, facts, bearer)
CASES = {
    "unreported": (OFFLINE._replace(first_s=REPORT - 90, last_s=REPORT), [LOSS], Facts(), HOLDER),
    "when": (OFFLINE._replace(first_s=REPORT - 30), [LOSS], Facts(), OPEN),
    "known": (OFFLINE._replace(list_version=5), [LOSS], Facts(), CENTRE),
    "waiting": (OFFLINE, [LOSS._replace(version=None, made_s=None)], Facts(), CENTRE),
    "online": (OFFLINE._replace(is_online=True), [LOSS], Facts(), CENTRE),
    "blip": (OFFLINE._replace(list_age_min=10), [LOSS], Facts(), CENTRE),
    "away": (OFFLINE, [LOSS], Facts(away=[Span(REPORT + 5, REPORT + 8000)]), CENTRE),
    "leave": (OFFLINE, [LOSS], Facts(leaves=[Span(REPORT - 9000, REPORT + 9000)]), CENTRE),
    "partly": (OFFLINE, [LOSS], Facts(leaves=[Span(REPORT + 7230, REPORT + 9000)]), OPEN),
    "older": (OFFLINE, [LOSS], Facts(confirmed_s=REPORT + 60), OPEN),
    "offline": (OFFLINE, [LOSS], Facts(), DEPARTMENT),
}


# shows R17
@pytest.mark.parametrize("rule", CASES)
def test_each_rule(rule):
    payment, losses, facts, bearer = CASES[rule]
    assert judge(payment, losses, facts) == Verdict(bearer, rule)


def test_between_a_withdrawal_and_the_next_report_it_is_the_holders():
    losses = [
        LOSS._replace(withdrawn_s=REPORT + 3600),
        Loss(REPORT + 90_000, 9, REPORT + 90_001, None),
    ]
    assert judge(OFFLINE, losses, Facts()) == Verdict(HOLDER, "unreported")


def test_a_report_that_waited_until_after_the_payment():
    late = LOSS._replace(made_s=REPORT + 9000)
    assert judge(OFFLINE, [late], Facts()).rule == "waiting"


# I8: histories. The world is played second by second; what the server knows is asked again and
# again, and compared with a judge that knows every true moment.

STEPS = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from(("report", "approve", "withdraw", "leave", "end", "confirm",
                         "pay", "pay", "pay", "send", "send")),
        st.booleans(), st.booleans(), st.integers(0, 20),
    ),
    max_size=40,
)  # fmt: skip


class World:
    """True moments, and what has come to the server."""

    def __init__(self):
        self.now_s = 1000
        self.losses, self.leaves, self.confirmed = [], [], []
        self.made, self.sent = [], 0  # records of the one terminal, in order; how many are here
        self.version = 1

    def step(self, spent_s, what, is_trusted, is_online, age_min):
        self.now_s += spent_s * 7
        if what == "report" and not (self.losses and self.losses[-1].withdrawn_s is None):
            waits = is_trusted
            self.version += not waits
            self.losses.append(
                Loss(
                    self.now_s, None if waits else self.version, None if waits else self.now_s, None
                )
            )
        elif what == "approve" and self.losses and self.losses[-1].version is None:
            self.version += 1
            self.losses[-1] = self.losses[-1]._replace(version=self.version, made_s=self.now_s)
        elif what == "withdraw" and self.losses and self.losses[-1].withdrawn_s is None:
            self.version += 1
            self.losses[-1] = self.losses[-1]._replace(withdrawn_s=self.now_s)
        elif what == "leave" and not (self.leaves and self.leaves[-1].end_s is None):
            self.leaves.append(Span(self.now_s, None))
        elif what == "end" and self.leaves and self.leaves[-1].end_s is None:
            self.leaves[-1] = self.leaves[-1]._replace(end_s=self.now_s)
        elif what == "confirm":
            self.confirmed.append((self.version, self.now_s))
        elif what == "pay":
            version = max([v for v, _ in self.confirmed], default=0)
            self.made.append((self.now_s, is_trusted, is_online, version, age_min))
        elif what == "send":
            self.made = [(*row[:5], row[5] if len(row) > 5 else self.now_s) for row in self.made]
            self.sent = len(self.made)

    def facts(self, payment):
        for loss in self.losses:  # the one whose version the facts are about
            if Span(loss.reported_s, loss.withdrawn_s).touches(payment.first_s, payment.last_s):
                found = [s for v, s in self.confirmed if loss.version and v >= loss.version]
                return Facts(min(found, default=None), list(self.leaves))
        return Facts(None, list(self.leaves))

    def payment(self, at):
        true_s, is_trusted, is_online, version, age_min, received_s = self.made[at]
        near = [(i, row[0]) for i, row in enumerate(self.made[: self.sent]) if row[1]]
        before = max((s for i, s in near if i < at), default=None)
        after = min((s for i, s in near if i > at), default=None)
        first_s, last_s = made_between(true_s, is_trusted, received_s, before, after)
        assert first_s <= true_s <= last_s
        return Payment(7, at, first_s, last_s, is_online, version, age_min)

    def truth(self, at):
        """The verdict of somebody who saw it."""
        true_s, _, is_online, version, age_min = self.made[at][:5]
        seen = Payment(7, at, true_s, true_s, is_online, version, age_min)
        return judge(seen, self.losses, self.facts(seen))


# shows R17
@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_a_verdict_stays_and_is_the_truth(steps):
    world, told = World(), {}
    for step in steps:
        world.step(*step)
        for at in range(world.sent):
            payment = world.payment(at)
            verdict = judge(payment, world.losses, world.facts(payment))
            if at in told:
                assert verdict == told[at]
            if verdict.bearer != OPEN:
                told[at] = verdict
                assert verdict.bearer == world.truth(at).bearer


# the store


@pytest.fixture
def store(tmp_path):
    store = Store(url_of(tmp_path / "c.db"))
    store.terminals.enrol("pos", "window 3", "canteen 2", 1)
    store.cards.issue([CARD] * 2, 1)
    yield store
    store.close()


def sold(store, serial, utc_s, received_s, chain, flags=record.CLOCK_TRUSTED, version=0):
    """A purchase of card 1 at terminal 1. -> the chain after it."""
    counter = serial - 1
    entry = record.Record(
        serial, record.PURCHASE, flags | record.PURSE_READ, 0, utc_s, 1, 17, 100, counter,
        100_000 - 100 * serial, 0, version, 200, 1 if counter else 0, counter,
        100 if counter else record.UNKNOWN_AMOUNT_FEN, 0,
    )  # fmt: skip
    raw = record.pack(entry, chain, DONE)
    store.records.ingest([(1, raw)], received_s)
    return record.next_chain(chain, raw)


def verdict_of(store, at):
    payment, _ = store.evidence.payments(1)[at]
    losses = store.evidence.losses(1)
    return judge(payment, losses, store.evidence.facts(1, losses[0].version))


def test_facts_of_the_store_give_each_side_its_part(store):
    chain = sold(store, 1, NOON - 7200, NOON - 7000, record.first_chain(1))
    version = store.lists.loss_report(1, "desk", NOON)
    store.evidence.lists_sent([(1, version, NOON + 10), (1, version, NOON + 99)])
    chain = sold(store, 2, NOON + 3600, NOON + 90_000, chain)
    leave = store.evidence.grant_leave(1, 0, NOON + 20_000, "repairs", "centre", NOON + 5000)
    chain = sold(store, 3, NOON + 7200, NOON + 90_000, chain)
    assert store.evidence.end_leave(leave, "centre", NOON + 9000)
    assert not store.evidence.end_leave(leave, "centre", NOON + 9001)
    chain = sold(store, 4, NOON + 10_800, NOON + 90_000, chain)
    chain = sold(store, 5, 17, NOON + 90_000, chain, flags=0)  # no clock: between 4 and 6
    chain = sold(store, 6, NOON + 14_400, NOON + 90_000, chain)
    assert [verdict_of(store, at) for at in range(6)] == [
        (HOLDER, "unreported"), (DEPARTMENT, "offline"), (CENTRE, "leave"),
        (DEPARTMENT, "offline"), (DEPARTMENT, "offline"), (DEPARTMENT, "offline"),
    ]  # fmt: skip
    assert store.evidence.told(1, version) == {
        "sent_utc_s": NOON + 10, "confirmed_utc_s": None, "confirmed_before": None,
    }  # fmt: skip
    store.evidence.serving(NOON - 90, NOON + 10_000)
    store.evidence.serving(NOON + 12_000, NOON + 12_030)  # it was away when 4 was made
    assert verdict_of(store, 3) == (CENTRE, "away")
    store.lists.confirm(1, 0, version, b"d" * 16, NOON + 14_000)
    assert verdict_of(store, 5) == (OPEN, "older")
    assert store.evidence.losses(2) == [] and store.evidence.payments(2) == []


def test_leave_is_never_given_for_the_past(store):
    store.evidence.grant_leave(1, NOON - 5000, NOON + 60, "late", "centre", NOON)
    (row,) = store.evidence.leaves(1)
    assert (row["begin_utc_s"], row["end_utc_s"]) == (NOON, NOON + 60)
    assert store.evidence.has_leave(1, NOON + 1) and not store.evidence.has_leave(1, NOON + 60)
