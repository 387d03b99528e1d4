"""Whatever 64 bytes come, from whomever: stored or quarantined, answered, and nothing blocks."""

import random

import pytest

from protocol import batch, record
from sync_server.store.store import Store
from tests.sync_server import tapes
from tests.sync_server.databases import url_of


def mangled(dice, raw):
    """One of the ways in which a record can be wrong, its CRC mostly right."""
    what = dice.randrange(8)
    if what == 0:
        return raw
    if what == 1:
        return dice.randbytes(64)
    if what == 2:
        at = dice.randrange(64)
        return raw[:at] + bytes([raw[at] ^ 1 << dice.randrange(8)]) + raw[at + 1 :]
    if what == 3:
        return bytes([dice.choice((0, 255))]) * 64
    entry = record.unpack(raw)
    name = dice.choice([field for field, _ in record.FIELDS])
    size = dict(record.FIELDS)[name]
    top = (1 << 8 * size) - 1
    value = dice.choice((0, 1, 2, top, top - 1, dice.randrange(top + 1)))
    chain = record.chain_of(raw) if what < 6 else dice.randbytes(8)
    outcome = dice.choice((record.DONE, record.VOID, record.INTENT, dice.randrange(256)))
    return record.pack(entry._replace(**{name: value}), chain, outcome)


@pytest.mark.parametrize("seed", range(12))
def test_any_record_is_stored_or_quarantined(seed, tmp_path):
    dice = random.Random(seed)
    store = Store(url_of(tmp_path / "c.db"))
    numbers = [store.terminals.enrol("pos", f"place {n}", "m" if n else None, 1) for n in range(3)]
    cards = store.cards.issue([tapes.CARD] * 3, 1)
    campus = tapes.Campus(dice, numbers, cards).play(60)
    if seed % 2:
        store.lost.replace(numbers[1], 5)  # what comes may be what is being rebuilt
    rows = [(number, raw) for number, tape in campus.tapes.items() for raw in tape]
    dice.shuffle(rows)
    came = []
    for number, raw in rows * 2:
        came.append((number, mangled(dice, raw)))
        (answers,) = store.records.ingest([came[-1]], 2000)
        ((answer, _),) = batch.unpack(answers)
        assert batch.STORED <= answer <= batch.QUARANTINED
        assert store.accounts.sum_fen() == 0
        assert store.records.highest_serial(number) >= 0
    connection = store.db.conn
    kept = set(connection.execute("SELECT terminal, content FROM record"))
    aside = set(connection.execute("SELECT terminal, raw FROM quarantine"))
    for number, raw in came:
        assert (number, raw[:60]) in kept or (number, raw) in aside, raw.hex()
    sums = connection.execute(
        "SELECT a.balance_fen - coalesce(sum(p.amount_fen), 0) FROM account a"
        " LEFT JOIN posting p ON p.account = a.id GROUP BY a.id"
    ).fetchall()
    assert set(sums) == {(0,)}
    before = tapes.picture(store)
    store.close()
    store = Store(url_of(tmp_path / "c.db"))
    for number, raw in came:  # all of it again
        store.records.ingest([(number, raw)], 2000)
    after = tapes.picture(store)
    assert after["records"] == before["records"] and after["transfers"] == before["transfers"]
