"""The judge by itself: `ingest.judge` over plain dicts, one rule a test."""

import pytest

from protocol import batch, reasons, record
from sync_server.core import ingest
from sync_server.core.known import Known, Place, Result

CARD = 7
UNKNOWN_CARD = 99
DONE, VOID, GREY = record.DONE, record.VOID, record.INTENT


class Bench:
    """Two terminals, one card; `tell` judges one record and books what it moves."""

    def __init__(self):
        self.known = Known(places={1: Place("m"), 2: Place("m"), 3: Place(None)}, cards={CARD})
        self.balances = {}
        self.faults = {}
        self.outcomes = {}
        self.aside = []
        self._chains = {n: record.first_chain(n) for n in self.known.places}
        self._serials = dict.fromkeys(self.known.places, 0)

    def made(self, terminal, counter=0, outcome=DONE, previous=(0, 0), **fields):
        """-> the terminal's next record: 500 fen from the card at `counter`."""
        self._serials[terminal] += 1
        values = dict.fromkeys(record.Record._fields, 0) | {
            "serial": self._serials[terminal], "type": record.PURCHASE, "card": CARD,
            "flags": record.PURSE_READ, "amount_fen": 500, "counter": counter,
            "previous_terminal": previous[0], "previous_serial": previous[1],
        } | fields  # fmt: skip
        raw = record.pack(record.Record(**values), self._chains[terminal], outcome)
        self._chains[terminal] = record.chain_of(raw)
        return raw

    def tell(self, terminal, *raws):
        result = Result()
        answers = ingest.judge(terminal, ingest.parse(b"".join(raws)), self.known, result)
        for kept in result.kept:
            self.faults[kept.terminal, kept.entry.serial] = kept.fault
            self.outcomes[kept.terminal, kept.entry.serial] = kept.outcome
        for settled in result.settled:
            self.faults[settled.grey.writer] = settled.fault
            self.outcomes[settled.grey.writer] = settled.outcome
        for giver, taker, fen, *_ in result.transfers:
            self.balances[giver] = self.balances.get(giver, 0) - fen
            self.balances[taker] = self.balances.get(taker, 0) + fen
        self.aside += [(row.answer, row.reason) for row in result.aside]
        return answers


@pytest.fixture
def bench():
    return Bench()


def as_done(raw, outcome=DONE):
    return raw[:60] + bytes((outcome,)) + raw[61:]


STORED = (batch.STORED, reasons.OK)
EXISTS = (batch.EXISTS, reasons.OK)


def quarantined(reason):
    return (batch.QUARANTINED, reason)


def told_at_once_and_later(make):
    """The same record DONE at first, and grey then DONE. -> both benches."""
    benches = [Bench(), Bench()]
    answers = []
    for bench, is_grey in zip(benches, (False, True), strict=True):
        terminal, raw = make(bench)
        answers += bench.tell(terminal, as_done(raw, GREY if is_grey else DONE))
        if is_grey:
            assert bench.tell(terminal, as_done(raw)) == [EXISTS]
    assert benches[0].balances == benches[1].balances
    assert benches[0].faults == benches[1].faults
    assert benches[0].outcomes == benches[1].outcomes
    assert benches[0].known.steps == benches[1].known.steps
    return benches


def test_unknown_card_posts_from_suspense_and_claims_no_step():
    for bench in told_at_once_and_later(lambda b: (1, b.made(1, card=UNKNOWN_CARD))):
        assert bench.balances == {("suspense", "card"): -500, ("merchant", "m"): 500}
        assert bench.known.steps == {}
        assert bench.faults == {(1, 1): reasons.UNKNOWN_CARD}


def test_a_purchase_without_a_card_posts_from_suspense():
    for bench in told_at_once_and_later(lambda b: (1, b.made(1, card=0))):
        assert bench.balances[("suspense", "card")] == -500
        assert bench.faults == {(1, 1): reasons.UNKNOWN_CARD}


def test_a_card_issued_in_between_changes_nothing(bench):
    raw = bench.made(1, card=UNKNOWN_CARD, outcome=GREY)
    bench.tell(1, raw)
    bench.known.cards.add(UNKNOWN_CARD)
    bench.tell(1, as_done(raw))
    assert bench.balances[("suspense", "card")] == -500


def test_a_broken_chain_is_named_and_posted():
    def broken(bench):
        bench.made(1)  # never sent: its chain is missing, its number is used
        bench._serials[1] = 0
        return 1, bench.made(1)

    for bench in told_at_once_and_later(broken):
        assert bench.faults == {(1, 1): reasons.CHAIN_BROKEN}
        assert bench.balances[("purse", str(CARD))] == -500


def test_no_merchant_posts_to_suspense():
    for bench in told_at_once_and_later(lambda b: (3, b.made(3))):
        assert bench.balances[("suspense", "merchant")] == 500
        assert bench.faults == {(3, 1): reasons.NO_MERCHANT}


def _reversal(bench):
    return 1, bench.made(1, type=record.REVERSAL, credential=record.MIFARE)


def test_a_reversal_of_nothing_is_named():
    for bench in told_at_once_and_later(_reversal):
        assert bench.balances == {("suspense", "reversal"): -500, ("purse", str(CARD)): 500}
        assert bench.faults == {(1, 1): reasons.UNBALANCED}


def test_what_moves_no_money_is_stored(bench):
    assert bench.tell(1, bench.made(1, type=record.REVERSAL, amount_fen=0)) == [STORED]
    assert bench.tell(1, bench.made(1, type=record.LOAD, outcome=VOID)) == [STORED]


def test_a_type_that_nobody_knows(bench):
    assert bench.tell(1, bench.made(1, type=9)) == [quarantined(reasons.BAD_TYPE)]


def test_a_grey_told_done_whose_step_is_anothers_is_a_fork(bench):
    grey = bench.made(1, outcome=GREY, counter=3)
    # Both at once: the verdict of the chain waits for nobody, so the grey must come told.
    bench.tell(2, bench.made(2, counter=3))
    assert bench.tell(1, as_done(grey)) == [quarantined(reasons.FORKED_CARD)]
    assert bench.balances == {
        ("purse", str(CARD)): -500, ("suspense", "card"): -500, ("merchant", "m"): 1000,
    }  # fmt: skip


def test_settle_stores_the_fault_that_done_returns(bench):
    """Not reachable through the chain (it settles first); kept right for whoever changes that."""
    bench.tell(1, bench.made(1, outcome=GREY))
    bench.known.steps[CARD, 0] = (2, 1)
    (grey,) = bench.known.greys[CARD]
    result = Result()
    ingest._settle(grey, DONE, bench.known, result)
    assert [row.fault for row in result.settled] == [reasons.FORKED_CARD]
    assert [row.giver for row in result.transfers] == [("suspense", "card")]


def test_a_step_that_is_known_settles_a_grey_on_arrival(bench):
    """In either order of two terminals."""
    grey = bench.made(1, outcome=GREY)
    bench.tell(2, bench.made(2, counter=1, previous=(1, 1), type=record.REFUSAL))
    assert bench.tell(1, grey) == [STORED]
    assert bench.outcomes[1, 1] == DONE
    assert bench.balances[("merchant", "m")] == 500
    assert bench.known.greys == {}


def test_told_done_voids_the_other_grey_of_that_step(bench):
    one, two = bench.made(1, outcome=GREY), bench.made(2, outcome=GREY)
    bench.tell(1, one)
    bench.tell(2, two)
    bench.tell(1, as_done(one))
    assert bench.outcomes == {(1, 1): DONE, (2, 1): VOID}


def test_chain_void_then_told_done_is_a_fork_and_posted_once(bench):
    """The screen said paid: there are two cards with that number, and the merchant gets his."""
    grey = bench.made(1, outcome=GREY)
    bench.tell(1, grey)
    bench.tell(2, bench.made(2))  # took the step
    assert bench.outcomes[1, 1] == VOID
    for _ in range(2):
        assert bench.tell(1, as_done(grey)) == [EXISTS]
    assert bench.outcomes[1, 1] == DONE
    assert bench.faults[1, 1] == reasons.FORKED_CARD
    assert bench.aside == []
    assert bench.balances[("merchant", "m")] == 1000
    assert bench.balances[("suspense", "card")] == -500


def test_put_back_after_the_chain_gave_its_step_away_is_a_fork_and_posted(bench):
    """Gear 1, seed 44: a copy was torn at one terminal, and paid when it came back there; between
    the two the card itself had made the same step elsewhere."""
    grey = bench.made(1, outcome=GREY)
    bench.tell(1, grey)
    bench.tell(2, bench.made(2))
    assert bench.outcomes[1, 1] == VOID
    told = {"type": record.EVENT, "reason": reasons.PUT_BACK, "detail": 1}
    bench.tell(1, bench.made(1, counter=1, previous=(1, 1), **told))
    assert (bench.outcomes[1, 1], bench.faults[1, 1]) == (DONE, reasons.FORKED_CARD)
    assert bench.balances[("merchant", "m")] == 1000
    assert bench.balances[("suspense", "card")] == -500


def test_chain_done_then_told_void_is_named_and_stays_posted(bench):
    grey = bench.made(1, outcome=GREY)
    bench.tell(1, grey)
    bench.tell(2, bench.made(2, counter=1, previous=(1, 1)))
    assert bench.outcomes[1, 1] == DONE
    assert bench.tell(1, as_done(grey, VOID)) == [EXISTS]
    assert bench.aside == [(batch.EXISTS, reasons.UNBALANCED)]
    assert bench.balances[("merchant", "m")] == 1000


def test_a_purse_that_names_a_void_record_is_named_in_either_order(bench):
    void = bench.made(1, outcome=VOID)
    witness = bench.made(2, counter=1, previous=(1, 1), type=record.REFUSAL)
    assert bench.tell(1, void) == [STORED]
    assert bench.tell(2, witness) == [quarantined(reasons.UNBALANCED)]
    other = Bench()
    assert other.tell(2, witness) == [STORED]
    assert other.tell(1, void) == [quarantined(reasons.UNBALANCED)]


def test_a_witness_that_names_another_writer_is_a_fork(bench):
    bench.tell(1, bench.made(1))
    witness = bench.made(2, counter=1, previous=(1, 77))
    assert bench.tell(2, witness) == [quarantined(reasons.FORKED_CARD)]
    assert bench.faults[1, 1] == reasons.OK
    assert bench.balances[("purse", str(CARD))] == -1000  # its own step is its own
    # and the same if the witness was grey at first
    third = bench.made(2, counter=2, previous=(1, 78), outcome=GREY)
    assert bench.tell(2, third) == [quarantined(reasons.FORKED_CARD)]
    bench.tell(2, as_done(third))
    assert bench.balances[("purse", str(CARD))] == -1500


def test_a_record_that_makes_no_step_is_not_judged_by_the_chain(bench):
    bench.tell(1, bench.made(1, outcome=GREY, type=record.PASS))
    bench.tell(1, bench.made(1, outcome=GREY, flags=0))
    bench.tell(2, bench.made(2))
    bench.tell(1, bench.made(1, type=record.REFUSAL))
    assert bench.outcomes[1, 1] == bench.outcomes[1, 2] == GREY


def test_bytes_that_are_no_record_and_other_content(bench):
    raw = bench.made(1)
    assert bench.tell(1, raw[:20] + b"\x55" + raw[21:]) == [quarantined(reasons.BAD_RECORD)]
    assert bench.tell(1, raw) == [STORED]
    bench._serials[1] = 0
    bench._chains[1] = record.first_chain(1)
    assert bench.tell(1, bench.made(1, amount_fen=9)) == [(batch.EXISTS_DIFFERENT, reasons.OK)]
    assert bench.tell(1, raw) == [EXISTS]
    assert bench.balances[("merchant", "m")] == 500
