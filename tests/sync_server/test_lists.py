"""Versions of lists: every delta leads to the digest of the newest; the brake waits for two."""

import random

import pytest

from protocol import blacklist, messages
from sync_server.core import loss_lists
from sync_server.store.lists import NotListed, UnknownCard
from sync_server.store.store import Store
from tests.sync_server.databases import url_of
from tests.sync_server.tapes import CARD

pytestmark = pytest.mark.usefixtures("both")

BLACKLIST, GRANTS = messages.BLACKLIST, messages.GRANTS


@pytest.fixture
def store(tmp_path):
    store = Store(url_of(tmp_path / "c.db"))
    store.terminals.enrol("gate", "north", None, 1)
    store.terminals.enrol("gate", "south", None, 1)
    yield store
    store.close()


def check(store, list_id, terminal, history):
    """history: the sets of version 0, 1, ... as a plain model has them."""
    version, universe, digest = store.lists.state(list_id, terminal)
    assert version == len(history) - 1
    assert digest == loss_lists.digest(history[-1], universe)
    newest, full_digest, blob = store.lists.full(list_id, terminal)
    assert (newest, full_digest) == (version, digest)
    assert set(blacklist.decode(blob)) == history[-1]
    for before, old in enumerate(history[:-1]):
        after, told, blob = store.lists.delta(list_id, terminal, before)
        its_universe, added, removed = blacklist.decode_delta(blob)
        assert not old & set(added) and old >= set(removed)  # it says only what changed
        now = (old | set(added)) - set(removed)
        assert (after, told, its_universe) == (version, digest, universe)
        assert loss_lists.digest(now, universe) == digest
    assert store.lists.delta(list_id, terminal, version) is None
    assert store.lists.delta(list_id, terminal, version + 1) is None
    assert store.lists.delta(list_id, terminal, -1) is None


@pytest.mark.parametrize("seed", range(3))
def test_losses_at_random(seed, store):
    rng = random.Random(seed)
    cards = store.cards.issue([CARD] * 40, 1)
    history = [set()]
    for turn in range(60):
        card, listed = rng.choice(cards), history[-1]
        if card in listed or rng.random() < 0.3:
            if card in listed:
                assert store.lists.loss_withdraw(card, "desk", turn * 60) == len(history)
                history.append(listed - {card})
            else:
                with pytest.raises(NotListed):
                    store.lists.loss_withdraw(card, "desk", turn * 60)
        elif len(listed) < loss_lists.BRAKE_FLOOR:
            assert store.lists.loss_report(card, "desk", turn * 60) == len(history)
            assert store.lists.loss_report(card, "again", turn * 60) == len(history)
            history.append(listed | {card})
        assert store.lists.is_listed(card) == (card in history[-1])
    assert len(history) > 20
    check(store, BLACKLIST, 0, history)


@pytest.mark.parametrize("seed", range(2))
def test_rights_of_gates_at_random(seed, store):
    rng = random.Random(seed)
    cards = store.cards.issue([CARD] * 60, 1)
    histories = {1: [set()], 2: [set()]}
    for turn in range(16):
        gate = rng.choice((1, 2))
        wanted = set(rng.sample(cards, rng.randrange(60)))
        before = histories[gate][-1]
        if wanted != before:
            histories[gate].append(wanted)
        assert store.lists.set_grants(gate, sorted(wanted), turn) == len(histories[gate]) - 1
        assert store.lists.set_grants(gate, sorted(wanted), turn) == len(histories[gate]) - 1
    for gate, history in histories.items():
        check(store, GRANTS, gate, history)
    check(store, BLACKLIST, 0, [set()])


def test_the_universe_grows_with_the_cards(store):
    first = store.cards.issue([CARD], 1)
    store.lists.loss_report(first[0], "desk", 1)
    with store.db.transaction() as connection:
        connection.execute(
            "INSERT INTO card (number, uid, holder_kind, name, valid_until, zones, list_stamp,"
            " balance_fen, issued_utc_s) SELECT 32768, uid, holder_kind, name, valid_until, zones,"
            " list_stamp, 0, 1 FROM card"
        )
    store.cards.remember()
    assert store.lists.state(BLACKLIST, 0)[1] == 32768  # of the version, not of now
    store.lists.loss_report(32768, "desk", 100)
    assert store.lists.state(BLACKLIST, 0)[1] == 65536
    check(store, BLACKLIST, 0, [set(), {1}, {1, 32768}])


@pytest.mark.parametrize(
    ("listed", "cards", "lately", "waits"),
    [
        (19, 10, 0, False), (20, 1049, 0, True), (20, 1050, 0, False), (0, 1, 198, False),
        (0, 10**6, 199, True),
    ],
)  # fmt: skip
def test_when_a_report_must_wait(listed, cards, lately, waits):
    assert loss_lists.must_wait(listed, cards, lately) is waits


def test_the_brake_and_the_second_person(store):
    cards = store.cards.issue([CARD] * 30, 1)
    for card in cards[:20]:
        store.lists.loss_report(card, "desk", card * 60)
    waiting, given_up = cards[20], cards[21]
    assert store.lists.loss_report(waiting, "desk", 9000) == 20
    assert store.lists.loss_report(given_up, "desk", 9000) == 20
    assert not store.lists.is_listed(waiting)
    assert store.lists.loss_state(waiting) == (False, 0, True)
    assert store.lists.loss_withdraw(given_up, "desk", 9001) == 20
    assert store.lists.loss_approve(waiting, "head", 9002) == 21
    assert store.lists.loss_state(waiting) == (True, 21, False)
    for card in (waiting, given_up):
        with pytest.raises(NotListed):
            store.lists.loss_approve(card, "head", 9003)


def test_cards_that_were_never_issued(store):
    for call in (
        lambda: store.lists.loss_report(5, "desk", 1),
        lambda: store.lists.loss_withdraw(5, "desk", 1),
        lambda: store.lists.loss_state(5),
        lambda: store.lists.set_grants(1, [5], 1),
    ):
        with pytest.raises(UnknownCard, match="card 5 was never issued"):
            call()
    assert store.lists.state(BLACKLIST, 0)[0] == store.lists.state(GRANTS, 1)[0] == 0
