"""Grey records at the server: settled by the card's chain or by their terminal, never guessed.

Found by a real card torn in a real write: a grey that was uploaded in one commit and settled in
another brought every later batch of its terminal down (KeyError in `_settle`).
"""

import pytest

from protocol import record
from sync_server.store.store import Store
from tests.sync_server.databases import url_of

pytestmark = pytest.mark.usefixtures("both")

UNKNOWN = record.UNKNOWN_AMOUNT_FEN
CARD = {
    "holder_kind": 2, "name": "n", "uid": "5a000001", "valid_until": 13000, "zones": 1,
    "balance_fen": 5000,
}  # fmt: skip


class Book:
    """A store with two terminals and one card, and journals that chain."""

    def __init__(self, tmp_path):
        self.store = Store(url_of(tmp_path / "c.db"))
        self.terminals = [self.store.terminals.enrol("pos", f"place {n}", "m", 1) for n in range(2)]
        (self.card,) = self.store.cards.issue([CARD], 1)
        self._chains = {n: record.first_chain(n) for n in self.terminals}
        self._serials = dict.fromkeys(self.terminals, 0)

    def made(self, terminal, counter, outcome, previous=(0, 0), card=None, kind=record.PURCHASE):
        """-> 64 bytes of the terminal's next record: 500 fen from the card at `counter`."""
        self._serials[terminal] += 1
        entry = record.Record(
            self._serials[terminal], kind, record.PURSE_READ, 0, 1000, card or self.card, 1, 500,
            counter, 0, 0, 0, 0, previous[0], previous[1], UNKNOWN, 0,
        )  # fmt: skip
        raw = record.pack(entry, self._chains[terminal], outcome)
        self._chains[terminal] = record.chain_of(raw)
        return raw

    def upload(self, terminal, *raws):
        """One commit. -> answers."""
        (answers,) = self.store.records.ingest([(terminal, b"".join(raws))], 2000)
        assert self.store.accounts.sum_fen() == 0
        return answers

    def taken(self):
        """What the merchant has."""
        return sum(a["balance_fen"] for a in self.store.accounts.all() if a["type"] == "merchant")


def test_done_by_a_later_tap_of_the_same_terminal(tmp_path):
    book = Book(tmp_path)
    one, _ = book.terminals
    book.upload(one, book.made(one, 0, record.INTENT))
    assert (book.taken(), book.store.records.counts()["grey"]) == (0, 1)
    book.upload(one, book.made(one, 1, record.DONE, previous=(one, 1)))
    assert (book.taken(), book.store.records.counts()["grey"]) == (1000, 0)


def test_done_by_the_witness_of_another_terminal(tmp_path):
    book = Book(tmp_path)
    one, two = book.terminals
    book.upload(one, book.made(one, 0, record.INTENT))
    book.upload(two, book.made(two, 1, record.DONE, previous=(one, 1), kind=record.REFUSAL))
    assert (book.taken(), book.store.records.counts()["grey"]) == (500, 0)


def test_void_because_another_record_took_the_step(tmp_path):
    book = Book(tmp_path)
    one, two = book.terminals
    book.upload(one, book.made(one, 0, record.INTENT))
    book.upload(two, book.made(two, 0, record.DONE))
    assert (book.taken(), book.store.records.counts()["grey"]) == (500, 0)


def test_void_because_its_own_terminal_read_the_old_counter_later(tmp_path):
    book = Book(tmp_path)
    one, _ = book.terminals
    book.upload(one, book.made(one, 0, record.INTENT))
    book.upload(one, book.made(one, 0, record.DONE, kind=record.REFUSAL))
    assert (book.taken(), book.store.records.counts()["grey"]) == (0, 0)


def test_another_terminal_that_read_the_old_counter_proves_nothing(tmp_path):
    book = Book(tmp_path)
    one, two = book.terminals
    book.upload(one, book.made(one, 0, record.INTENT))
    book.upload(two, book.made(two, 0, record.DONE, kind=record.REFUSAL))  # maybe before it
    assert (book.taken(), book.store.records.counts()["grey"]) == (0, 1)


def test_a_grey_survives_a_restart_of_the_server(tmp_path):
    book = Book(tmp_path)
    one, two = book.terminals
    book.upload(one, book.made(one, 0, record.INTENT))
    book.store.close()
    book.store = Store(url_of(tmp_path / "c.db"))
    book.upload(two, book.made(two, 1, record.DONE, previous=(one, 1)))
    assert (book.taken(), book.store.records.counts()["grey"]) == (1000, 0)


def test_its_terminal_may_tell_later_and_only_once(tmp_path):
    book = Book(tmp_path)
    one, _ = book.terminals
    raw = book.made(one, 0, record.INTENT)
    done = raw[:60] + bytes((record.DONE,)) + raw[61:]
    void = raw[:60] + bytes((record.VOID,)) + raw[61:]
    book.upload(one, raw)
    for _ in range(2):
        book.upload(one, done)
        assert (book.taken(), book.store.records.counts()["grey"]) == (500, 0)
    book.upload(one, void)  # a contradiction is kept aside, and moves nothing
    assert book.taken() == 500


def test_a_grey_of_an_unknown_card_told_done_comes_from_suspense(tmp_path):
    book = Book(tmp_path)
    one, _ = book.terminals
    raw = book.made(one, 0, record.INTENT, card=99)
    book.upload(one, raw)
    book.upload(one, raw[:60] + bytes((record.DONE,)) + raw[61:])
    balances = {(a["type"], a["key"]): a["balance_fen"] for a in book.store.accounts.all()}
    assert balances["suspense", "card"] == -500
    assert ("purse", "99") not in balances


def test_two_records_of_one_step_are_a_fork_and_both_are_booked(tmp_path):
    book = Book(tmp_path)
    one, two = book.terminals
    book.upload(one, book.made(one, 0, record.DONE))
    assert book.upload(two, book.made(two, 0, record.DONE)) == bytes((4, 67))
    balances = {(a["type"], a["key"]): a["balance_fen"] for a in book.store.accounts.all()}
    assert balances["purse", str(book.card)] == 4500
    assert balances["suspense", "card"] == -500
