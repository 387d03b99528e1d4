"""The proof of a CPU card's purchase: made by a card at a terminal's core, checked at the store."""

import pytest

from protocol import batch, reasons, record
from sync_server.store.store import Store
from tests.shared.campus import NUMBER, records, tap
from tests.shared.card import UID
from tests.shared.cpu_card import CpuCard, keys_of
from tests.shared.test_cpu import shop
from tests.shared.valve import Valve
from tests.sync_server.databases import url_of

WISH = {
    "holder_kind": 2, "name": "n", "uid": UID.hex(), "valid_until": 20000, "zones": 1,
    "balance_fen": 5000,
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    made = Store(url_of(tmp_path / "c.db"))
    made.records.tac_key = lambda uid: keys_of(uid).tac
    while made.terminals.enrol("pos", "here", "merchant", 0) < NUMBER:
        pass
    made.cards.issue([WISH], 0)
    yield made
    made.close()


def bought(sales=1):
    """-> the records of some sales to card 1: purchase and proof in turn."""
    terminal, card = shop(), CpuCard(number=1)
    for _ in range(sales):
        terminal.kind.ready(250)
        assert tap(terminal, card)[0].accepted
    return records(terminal)


def told(store, *raws):
    """-> (answer, reason) of each, taken in together."""
    (answers,) = store.records.ingest([(NUMBER, b"".join(raws))], 0)
    return batch.unpack(answers)


def test_a_true_proof_is_stored(store):
    assert told(store, *bought(2)) == [(batch.STORED, reasons.OK)] * 4
    assert store.records.counts()["quarantined"] == 0


def test_a_proof_in_a_later_batch_finds_its_purchase(store):
    paid, proof = bought()
    assert told(store, paid) == [(batch.STORED, reasons.OK)]
    store.places.known.clear()  # as after a restart
    assert told(store, proof) == [(batch.STORED, reasons.OK)]


def test_a_proof_whose_purchase_is_lost_is_not_held_against_the_card(store):
    paid, proof = bought()
    assert told(store, proof) == [(batch.STORED, reasons.OK)]
    damaged = paid[:20] + bytes((paid[20] ^ 1,)) + paid[21:]
    first, *_ = told(store, damaged)
    assert first[0] == batch.QUARANTINED
    assert store.records.counts()["quarantined"] == 1


# shows R15
@pytest.mark.parametrize("sales", [1, 3])
def test_a_made_up_proof_is_named_and_the_money_stands(store, sales):
    raws = bought(sales)
    chain = record.chain_of(raws[-2])
    entry = record.unpack(raws[-1])
    forged = record.pack(entry._replace(detail=entry.detail ^ 1), chain, record.DONE)
    answers = told(store, *raws[:-1], forged)
    assert answers[-1] == (batch.QUARANTINED, reasons.BAD_PROOF)
    assert set(answers[:-1]) == {(batch.STORED, reasons.OK)}
    assert store.accounts.sum_fen() == 0
    assert {row["key"]: row["balance_fen"] for row in store.accounts.all()}[
        "merchant"
    ] == 250 * sales


def test_a_proof_of_what_was_never_sold(store):
    paid, proof = bought()
    entry = record.unpack(proof)
    for wrong in (
        entry._replace(previous_serial=77),
        entry._replace(previous_terminal=NUMBER + 1),
        entry._replace(serial=1, previous_serial=1),
    ):
        chain = record.first_chain(NUMBER) if wrong.serial == 1 else record.chain_of(paid)
        raw = record.pack(wrong, chain, record.DONE)
        answers = told(store, raw) if wrong.serial == 1 else told(store, paid, raw)
        assert answers[-1][0] in (batch.QUARANTINED, batch.EXISTS_DIFFERENT)


def test_without_keys_nothing_is_judged(store):
    store.records.tac_key = None
    paid, proof = bought()
    entry = record.unpack(proof)
    forged = record.pack(entry._replace(detail=0), record.chain_of(paid), record.DONE)
    assert told(store, paid, forged)[-1] == (batch.STORED, reasons.OK)


def test_the_seconds_of_the_purchase_count_and_not_those_of_the_event(store):
    """A torn purchase is proven when its card is back, perhaps minutes later."""
    paid, proof = bought()
    entry = record.unpack(proof)
    later = record.pack(entry._replace(utc_s=entry.utc_s + 300), record.chain_of(paid), record.DONE)
    assert told(store, paid, later)[-1] == (batch.STORED, reasons.OK)


def test_a_proof_of_a_reserve_at_a_valve_is_a_proof(store):
    valve, card = Valve(), CpuCard(number=1)
    assert valve.present(card).accepted
    raws = records(valve.terminal)
    assert [record.unpack(raw).type for raw in raws] == [record.RESERVE, record.EVENT]
    assert told(store, *raws) == [(batch.STORED, reasons.OK)] * 2
    card = CpuCard(number=1)
    card.wallet.keys = card.wallet.keys._replace(tac=bytes(16))
    valve = Valve()
    valve.present(card)
    assert told(store, *records(valve.terminal))[-1][0] != batch.STORED
