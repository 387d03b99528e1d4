"""Double entry: rules in core.ledger, and what the database refuses."""

import pytest

from protocol import record
from sync_server.core import ledger
from sync_server.store.store import Store
from sync_server.store.trouble import Refused
from tests.sync_server.databases import url_of
from tests.sync_server.tapes import CARD

pytestmark = pytest.mark.usefixtures("both")


def entry(**fields):
    values = dict.fromkeys(record.Record._fields, 0) | {"serial": 4, "card": 7} | fields
    return record.Record(**values)


@pytest.mark.parametrize(
    ("merchant", "card_is_good", "giver", "taker"),
    [
        ("m", True, ("purse", "7"), ("merchant", "m")),
        ("m", False, ("suspense", "card"), ("merchant", "m")),
        (None, True, ("purse", "7"), ("suspense", "merchant")),
        (None, False, ("suspense", "card"), ("suspense", "merchant")),
    ],
)
def test_a_purchase_is_posted_in_any_case(merchant, card_is_good, giver, taker):
    made = ledger.posting(entry(type=record.PURCHASE, amount_fen=5), 3, merchant, card_is_good)
    assert made == ledger.Transfer(giver, taker, 5, 3, 4)


@pytest.mark.parametrize("kind", range(1, 9))
def test_each_type_is_posted_or_named_or_moves_nothing(kind):
    made = ledger.posting(entry(type=kind, amount_fen=5), 3, "m", True)
    assert (made is not None) == (kind in ledger.RULES)
    # a load is posted by the grant behind it: core.actions
    assert (made is None) == (kind in (record.LOAD, record.PASS, record.REFUSAL, record.EVENT))
    assert ledger.posting(entry(type=kind), 3, "m", True) is None


def test_issue_comes_from_the_bank_and_an_empty_card_moves_nothing():
    assert ledger.issue(7, 500) == ledger.Transfer(ledger.bank(), ledger.purse(7), 500, 0, 0)
    assert ledger.issue(7, 0) is None


@pytest.fixture
def store(tmp_path):
    store = Store(url_of(tmp_path / "c.db"))
    store.cards.issue([CARD], 1)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE transfer SET amount_fen = 1", "never changed"),
        ("DELETE FROM transfer", "never deleted"),
        ("INSERT INTO transfer VALUES (9, 1, 2, 0, 0, 0, 0)", "transfer_moves_money"),
        ("INSERT INTO transfer VALUES (9, 1, 1, 5, 0, 0, 0)", "transfer_has_two_sides"),
        ("INSERT INTO transfer VALUES (9, 1, 77, 5, 0, 0, 0)", "(?i)foreign key"),
        (
            "INSERT INTO transfer VALUES (1, 1, 2, 5, 0, 0, 0)"
            " ON CONFLICT (id) DO UPDATE SET amount_fen = 5",
            "never",
        ),
        ("INSERT INTO account (type, key) VALUES ('gift', '')", "account_type_is_known"),
    ],
)
def test_the_database_refuses(store, statement, says):
    before = store.db.rows("SELECT * FROM transfer")
    assert before
    with pytest.raises(Refused, match=says):
        store.db.conn.execute(statement)
    assert store.db.rows("SELECT * FROM transfer") == before


def test_sqlite_refuses_what_only_it_can_say(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'c.db'}")
    store.cards.issue([CARD], 1)
    with pytest.raises(Refused, match="never"):
        store.db.conn.execute("INSERT OR REPLACE INTO transfer VALUES (1, 1, 2, 5, 0, 0, 0)")
    store.close()


def test_postings_and_balances_agree(store):
    sums = dict(store.db.conn.execute("SELECT account, sum(amount_fen) FROM posting GROUP BY 1"))
    balances = dict(store.db.conn.execute("SELECT id, balance_fen FROM account"))
    assert sums == balances
    assert store.accounts.sum_fen() == sum(sums.values()) == 0
