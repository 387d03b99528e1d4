"""However records come (order of terminals, cuts, repetitions), the same is kept and posted."""

import random

import pytest

from protocol import batch, record
from sync_server.store.store import Store
from tests.sync_server import tapes
from tests.sync_server.databases import url_of

pytestmark = pytest.mark.usefixtures("both")

TERMINALS = 3


def opened(folder, name="c"):
    store = Store(url_of(folder / f"{name}.db"))
    numbers = [store.terminals.enrol("pos", f"place {n}", f"m{n}", 1) for n in range(TERMINALS)]
    return store, numbers, store.cards.issue([tapes.CARD] * 4, 1)


def campus(seed, folder, taps=90):
    store, numbers, cards = opened(folder)
    return tapes.Campus(random.Random(seed), numbers, cards).play(taps), store


@pytest.mark.parametrize("seed", range(6))
def test_any_delivery_of_the_same_records_ends_the_same(seed, tmp_path):
    world, store = campus(seed, tmp_path)
    pictures = [tapes.picture(store)]
    store.close()
    for turn in range(4):
        store, _, cards = opened(tmp_path, f"turn {turn}")
        for commit in tapes.deliveries(random.Random(seed * 100 + turn), world.tapes):
            store.records.ingest(commit, 2000)
            assert store.accounts.sum_fen() == 0
        pictures.append(tapes.picture(store))
        taken = sum(100_000 - row["balance_fen"] for row in store.accounts.all() if row["key"] in
                    {str(card) for card in cards} and row["type"] == "purse")  # fmt: skip
        assert taken == world.taken_fen
        assert store.records.counts()["grey"] == 0
        store.close()
    assert pictures[1]["records"]
    assert pictures[1:] == [pictures[1]] * 4


@pytest.mark.parametrize("seed", range(3))
def test_what_is_remembered_never_differs_from_what_is_kept(seed, tmp_path):
    """A store that stays open, one that is opened anew for each call, one that fails in between."""
    world, first = campus(seed, tmp_path)
    first.close()
    staying, _, _ = opened(tmp_path, "staying")
    shaken, _, _ = opened(tmp_path, "shaken")
    reopened, _, _ = opened(tmp_path, "reopened")
    noise = random.Random(seed)
    for commit in tapes.deliveries(random.Random(seed), world.tapes):
        if noise.random() < 0.3:  # damaged bytes, and a number with other content
            number, tail = commit[0]
            at = noise.randrange(len(tail))
            commit.append((number, tail[:at] + bytes((tail[at] ^ 1,)) + tail[at + 1 :]))
        with pytest.raises(ZeroDivisionError), shaken.group():
            shaken.records.ingest(commit, 2000)
            _ = 1 // 0
        reopened.close()
        reopened = Store(url_of(tmp_path / "reopened.db"))
        answers = reopened.records.ingest(commit, 2000)
        assert staying.records.ingest(commit, 2000) == answers
        assert shaken.records.ingest(commit, 2000) == answers
        numbers = [number for number, _ in commit]
        assert [staying.records.highest_serial(n) for n in numbers] == [
            reopened.records.highest_serial(n) for n in numbers
        ]
        assert staying.records.counts() == reopened.records.counts() == shaken.records.counts()
    assert tapes.picture(staying) == tapes.picture(reopened) == tapes.picture(shaken)


def test_repetition_gives_stable_answers(tmp_path):
    world, store = campus(1, tmp_path, taps=30)
    for number, tape in world.tapes.items():
        damaged = tape[3][:30] + b"\x99" + tape[3][31:]
        rows = [*tape[:20], damaged]
        (first,) = store.records.ingest([(number, b"".join(rows))], 2000)
        before = tapes.picture(store)
        (second,) = store.records.ingest([(number, b"".join(rows))], 2001)
        (third,) = store.records.ingest([(number, b"".join(rows))], 2002)
        assert second == third
        assert {answer for answer, _ in batch.unpack(second)[:-1]} == {batch.EXISTS}
        assert first[-2:] == second[-2:] == bytes((batch.QUARANTINED, 65))
        assert tapes.picture(store) == before


def test_the_same_number_with_other_content_is_kept_aside_once(tmp_path):
    world, store = campus(2, tmp_path, taps=5)
    number = next(number for number, tape in world.tapes.items() if tape)
    store.records.ingest([(number, world.tapes[number][0])], 2000)
    posted = tapes.picture(store)["transfers"]
    other = record.unpack(world.tapes[number][0])._replace(amount_fen=77, utc_s=5)
    raw = record.pack(other, record.first_chain(number), record.DONE)
    for _ in range(2):
        (answer,) = store.records.ingest([(number, raw)], 2000)
        assert answer == bytes((batch.EXISTS_DIFFERENT, 0))
    picture = tapes.picture(store)
    assert picture["quarantine"] == [(number, raw, batch.EXISTS_DIFFERENT, 0)]
    assert picture["transfers"] == posted
    assert picture["counts"]["quarantined"] - sum(row[3] != 0 for row in picture["records"]) == 1


def test_a_terminal_asked_for_before_it_was_enrolled(tmp_path):
    store = Store(url_of(tmp_path / "c.db"))
    assert store.records.highest_serial(1) == 0
    number = store.terminals.enrol("pos", "place", "m", 1)
    (card,) = store.cards.issue([tapes.CARD], 1)
    world = tapes.Campus(random.Random(1), [number], [card])
    world._add(number, record.PURCHASE, card, record.DONE)
    (answer,) = store.records.ingest([(number, world.tapes[number][0])], 2000)
    assert answer == bytes((batch.STORED, 0))


def test_an_issue_that_fails_leaves_nothing_behind(tmp_path):
    store, _, cards = opened(tmp_path)
    with pytest.raises(ZeroDivisionError), store.group():
        store.cards.issue([tapes.CARD], 1)
        _ = 1 // 0
    assert store.cards.get(cards[-1] + 1) is None
    assert store.cards.issue([tapes.CARD | {"balance_fen": 7}], 1) == [cards[-1] + 1]
    balances = {row["key"]: row["balance_fen"] for row in store.accounts.all()}
    assert balances[str(cards[-1] + 1)] == 7
    assert store.accounts.sum_fen() == 0


def test_a_damaged_newest_record_is_not_asked_for_for_ever(tmp_path):
    """STATE said one less than the terminal had had answered, so it sent that again and again."""
    store = Store(url_of(tmp_path / "c.db"))
    number = store.terminals.enrol("pos", "place", "m", 1)
    (card,) = store.cards.issue([tapes.CARD], 1)
    world = tapes.Campus(random.Random(1), [number], [card])
    for _ in range(4):
        world._add(number, record.REFUSAL, card, record.DONE)
    good = world.tapes[number]
    damaged = good[2][:30] + b"\x99" + good[2][31:]
    store.records.ingest([(number, good[0] + good[1] + damaged)], 2000)
    assert store.records.highest_serial(number) == 3
    store.close()
    store = Store(url_of(tmp_path / "c.db"))
    assert store.records.highest_serial(number) == 3
    (answer,) = store.records.ingest([(number, good[3])], 2000)
    assert answer == bytes((batch.STORED, 0))  # the chain over it cannot be checked
    (answer,) = store.records.ingest([(number, good[2])], 2000)
    assert answer == bytes((batch.STORED, 0))  # it comes whole after all
    far = (9).to_bytes(4, "big") + damaged[4:]
    store.records.ingest([(number, far)], 2000)  # a number that is damaged itself moves nothing
    assert store.records.highest_serial(number) == 4
