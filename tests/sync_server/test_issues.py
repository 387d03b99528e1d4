"""Cards of the desk at the server: one chip one living card, money once, dead cards stay dead."""

import json

import pytest

from sync_server.store.issues import ISSUED, OPEN, RETURNED, VOID, NotSo
from sync_server.store.lists import NotListed
from sync_server.store.store import Store
from tests.sync_server.databases import url_of

pytestmark = pytest.mark.usefixtures("both")

UID, OTHER = "5a000001", "5a000002"
MIFARE = 1
STAFF, STUDENT, TEMPORARY = 1, 2, 3


@pytest.fixture
def store(tmp_path):
    made = Store(url_of(tmp_path / "c.db"))
    yield made
    assert made.accounts.sum_fen() == 0
    made.close()


def wish(uid=UID, holder_kind=STUDENT, balance_fen=500, name="王小明"):
    return {
        "holder_kind": holder_kind, "name": name, "uid": uid, "valid_until": 9999, "zones": 1,
        "balance_fen": balance_fen,
    }  # fmt: skip


def begin(store, replaces=None, **other):
    return store.issues.begin(wish(**other), MIFARE, replaces, "desk", 1)


def balances(store):
    rows = store.accounts.all()
    return {(row["type"], row["key"]): row["balance_fen"] for row in rows if row["balance_fen"]}


def report(store, number, version, queue=0, grey=0):
    told = {"list_version": version, "queue": queue, "grey": grey}
    with store.db.transaction() as connection:
        connection.execute(
            "UPDATE terminal SET report = ? WHERE number = ?", (json.dumps(told), number)
        )


def test_asked_again_the_same_card_and_money_once(store):
    first = begin(store)
    assert first["state"] == OPEN and begin(store) == first
    assert balances(store) == {("bank", ""): -500, ("purse", "1"): 500}
    assert store.issues.end(1, 2)["state"] == ISSUED == store.issues.end(1, 3)["state"]
    with pytest.raises(NotSo, match="card 1 already"):
        begin(store)


def test_another_wish_for_a_chip_that_is_begun(store):
    begin(store)
    with pytest.raises(NotSo, match="finish that, or give it up"):
        begin(store, name="李四")


# shows R7
@pytest.mark.parametrize(
    ("holder_kind", "is_replacement", "fee_fen"),
    [(STAFF, False, 0), (STUDENT, False, 0), (TEMPORARY, False, 1500),
     (STAFF, True, 1500), (STUDENT, True, 1500), (TEMPORARY, True, 1500)],
)  # fmt: skip
def test_fee_where_it_is_due(store, holder_kind, is_replacement, fee_fen):
    replaces = None
    if is_replacement:
        replaces = store.cards.issue([wish(OTHER, balance_fen=0)], 1)[0]
    made = begin(store, replaces, holder_kind=holder_kind, balance_fen=0)
    assert made["fee_fen"] == fee_fen == balances(store).get(("fee", "card"), 0)
    store.issues.void(made["card"], "desk", 2)
    assert balances(store) == {}


def test_a_second_card_of_one_holder_is_not_the_first(store):
    with store.db.transaction() as connection:
        connection.execute(
            "INSERT INTO holder (number, kind, name, department, valid_until, made_utc_s)"
            " VALUES ('20250017', 2, '王小明', '机电', 9999, 1)"
        )
    fees = []
    for n in range(3):
        own = wish(f"5a00000{n}", balance_fen=0) | {"holder": "20250017"}
        made = store.issues.begin(own, MIFARE, None, "desk", 1)
        fees.append(made["fee_fen"])
        if n == 0:
            store.issues.void(made["card"], "desk", 2)  # it never was one
        else:
            store.issues.end(made["card"], 2)
    assert fees == [0, 0, 1500]


def test_given_up_it_is_dead_and_the_chip_begins_anew_at_a_higher_counter(store):
    begin(store)
    assert store.issues.void(1, "desk", 2)["state"] == VOID
    assert store.lists.is_listed(1) and balances(store) == {}
    with pytest.raises(NotSo):
        store.issues.end(1, 3)
    assert (begin(store)["card"], begin(store)["counter"]) == (2, 1)


def test_taken_back_paid_once_told_again(store):
    begin(store)
    store.issues.end(1, 2)
    store.actions.order_loads([(1, 200)], "desk", 3)
    assert (
        store.issues.take_back(1, 450, 7, "desk", 4)
        == 650
        == store.issues.take_back(1, 0, 0, "desk", 5)
    )
    assert balances(store) == {("purse", "1"): 50, ("bank", ""): -50}  # a record is still to come
    assert store.issues.get(1)["state"] == RETURNED and store.lists.is_listed(1)
    with pytest.raises(NotListed, match="stays stopped for good"):
        store.lists.loss_withdraw(1, "desk", 6)
    assert begin(store)["counter"] == 8


# shows R10
def test_a_replaced_card_moves_its_balance_when_all_records_are_in(store):
    terminal = store.terminals.enrol("pos", "一食堂", "饭", 1)
    store.terminals.enrol("gate", "东门", "", 1)
    begin(store)
    store.issues.end(1, 2)
    report(store, terminal, 0)
    made = begin(store, replaces=1, uid=OTHER, balance_fen=0)
    assert (
        store.lists.is_listed(1) and store.issues.settle("desk", 3) == []
    )  # the new one is not issued yet
    store.issues.end(made["card"], 3)
    for version, queue, grey in ((0, 0, 0), (1, 3, 0), (1, 0, 1)):
        report(store, terminal, version, queue, grey)
        (told,) = store.issues.settle("desk", 4)
        assert not told["settled"] and told["owing"] == [terminal] and told["amount_fen"] == 500
    report(store, terminal, 1)
    assert store.issues.settle("desk", 5)[0]["settled"] and store.issues.settle("desk", 6) == []
    assert [row["amount_fen"] for row in store.actions.of(2)] == [500]
    assert balances(store)[("account", "2")] == 500 and ("purse", "1") not in balances(store)
    with pytest.raises(NotSo, match="replaced already"):
        begin(store, replaces=1, uid="5a000003")


def test_a_replaced_card_that_turns_up_moves_at_once(store):
    begin(store)
    store.issues.end(1, 2)
    made = begin(store, replaces=1, uid=OTHER, balance_fen=0)
    with pytest.raises(NotSo, match="finish the new card first"):
        store.issues.take_back(1, 480, 3, "desk", 3)
    store.issues.end(made["card"], 3)
    assert store.issues.take_back(1, 480, 3, "desk", 4) == 0
    assert [row["amount_fen"] for row in store.actions.of(2)] == [480]
    assert store.issues.settle("desk", 5) == []


def test_a_replacement_that_is_given_up_may_be_begun_anew(store):
    begin(store)
    store.issues.end(1, 2)
    made = begin(store, replaces=1, uid=OTHER, balance_fen=0)
    store.issues.void(made["card"], "desk", 3)
    assert store.lists.is_listed(1)
    assert begin(store, replaces=1, uid="5a000003", balance_fen=0)["replaces"] == 1
