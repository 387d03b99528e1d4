"""A terminal burns with records never sent: its cards bring them back, and the rest is named.

The pretended journals and purses are true ones: the campus keeps what each card really holds, and
whatever order things come in, the purse accounts must end there.
"""

import random

import pytest

from protocol import batch, reasons, record
from sync_server.store.lost import BEYOND
from sync_server.store.store import Store
from tests.sync_server.databases import url_of

UNKNOWN = record.UNKNOWN_AMOUNT_FEN
START_FEN = 50_000
CARD = {
    "holder_kind": 2, "name": "n", "uid": "5a000001", "valid_until": 13000, "zones": 1,
    "balance_fen": START_FEN,
}  # fmt: skip


class Town:
    """Terminals whose journals are lists of 64 bytes, and cards with true purses."""

    def __init__(self, tmp_path, terminals=3, cards=1):
        self.url = url_of(tmp_path / "c.db")
        self.store = Store(self.url)
        self.terminals = [
            self.store.terminals.enrol("pos", f"place {n}", f"m{n}", 1) for n in range(terminals)
        ]
        self.cards = self.store.cards.issue([CARD] * cards, 1)
        self.purses = {card: [(0, START_FEN, 0, 0)] for card in self.cards}
        self.journals = {number: [] for number in self.terminals}
        self.sent = dict.fromkeys(self.terminals, 0)
        self._chains = {number: record.first_chain(number) for number in self.terminals}
        self._next = dict.fromkeys(self.terminals, 1)
        self.utc_s = 1000

    def tap(
        self,
        terminal,
        card,
        fen=0,
        outcome=record.DONE,
        knows=True,
        writes=True,
        looks=record.REFUSAL,
    ):
        """A purchase, or with 0 fen a record that `looks` at the card. -> serial.

        knows: the card's other block is whole, so the amount before is known.
        """
        counter, balance, before, its = self.purses[card][-1]
        amount = UNKNOWN
        if knows and len(self.purses[card]) > 1:
            amount = self.purses[card][-2][1] - balance
        serial = self._next[terminal]
        self._next[terminal] += 1
        self.utc_s += 60
        entry = record.Record(
            serial, record.PURCHASE if fen else looks, record.PURSE_READ, 0, self.utc_s,
            card, 1, fen, counter, balance - fen, 0, 0, 0, before, its, amount, 0,
        )  # fmt: skip
        raw = record.pack(entry, self._chains[terminal], outcome if fen else record.DONE)
        self._chains[terminal] = record.chain_of(raw)
        self.journals[terminal].append(raw)
        if fen and writes and outcome != record.VOID:
            self.purses[card].append((counter + 1, balance - fen, terminal, serial))
        return serial

    def send(self, terminal, limit=10_000):
        """Upload what was not sent. -> answers."""
        answers = []
        rows = self.journals[terminal][self.sent[terminal] :][:limit]
        self.sent[terminal] += len(rows)
        for at in range(0, len(rows), 50):
            answers += self.upload(terminal, rows[at : at + 50])
        return answers

    def upload(self, terminal, rows):
        (answers,) = self.store.records.ingest([(terminal, b"".join(rows))], self.utc_s)
        assert self.store.accounts.sum_fen() == 0
        return batch.unpack(answers)

    def burn(self, terminal):
        """The flash is gone. -> what it had not sent."""
        first, last = self.store.lost.replace(terminal, self.utc_s)
        self._next[terminal] = last + 1
        self._chains[terminal] = record.first_chain(terminal)
        gone = self.journals[terminal][self.sent[terminal] :]
        self.journals[terminal] = []
        self.sent[terminal] = 0
        assert first <= last - BEYOND + 1
        return gone

    def balances(self):
        rows = {(row["type"], row["key"]): row["balance_fen"] for row in self.store.accounts.all()}
        return {key: fen for key, fen in rows.items() if fen}

    def check_purses(self):
        """I2: every purse account is what its card holds."""
        held = self.balances()
        for card in self.cards:
            assert held.get(("purse", str(card)), 0) == self.purses[card][-1][1], card


@pytest.fixture
def town(tmp_path):
    return Town(tmp_path)


def test_forty_unsent_payments_of_thirty_cards(tmp_path):
    town = Town(tmp_path, cards=30)
    one, two, three = town.terminals
    for card in town.cards[:15]:
        town.tap(one, card, 100 + card)
    town.send(one)
    unsent = [town.tap(one, card, 200 + card) for card in town.cards]
    unsent += [town.tap(one, card, 300 + card) for card in town.cards[:10]]
    lasts = dict(zip(town.cards, unsent[:30])) | dict(zip(town.cards[:10], unsent[30:]))
    for card in town.cards[:20]:  # some tap before anybody knows, some after
        town.tap(two, card, 50)
    town.send(two)
    assert town.store.lost.of(one)["rebuilt"] == []  # it may only be offline
    assert town.store.lost.of(one)["missing"] == [{"first": 16, "last": 55}]
    gone = town.burn(one)
    assert len(gone) == 40
    for card in town.cards[20:]:
        town.tap(three, card)
    town.send(three)

    lost = town.store.lost.of(one)
    assert {row["card"]: row["serial"] for row in lost["rebuilt"]} == lasts
    assert [row["amount_fen"] for row in sorted(lost["rebuilt"], key=lambda row: row["card"])] == [
        300 + card if card <= 10 else 200 + card for card in town.cards
    ]
    assert not any(row["came"] for row in lost["rebuilt"])
    assert lost["missing"] == [{"first": 16, "last": 25}]  # the first of two payments
    assert [(row["card"], row["total_fen"], row["told"]) for row in lost["spans"]] == [
        (card, 200 + card, 0) for card in town.cards[:10]
    ]
    town.check_purses()
    held = town.balances()
    assert held["suspense", "unnamed"] == sum(200 + card for card in town.cards[:10])
    last_fen = sum(300 + card if card <= 10 else 200 + card for card in town.cards)
    assert held["merchant", "m0"] == last_fen + sum(100 + card for card in town.cards[:15])
    for row in lost["rebuilt"]:
        assert row["from_utc_s"] is None or row["from_utc_s"] < row["to_utc_s"]

    town.upload(one, gone)  # the journal turns up
    town.check_purses()
    held = town.balances()
    assert ("suspense", "unnamed") not in held
    assert (
        held["merchant", "m0"]
        == START_FEN * 30
        - sum(town.purses[card][-1][1] for card in town.cards)
        - held["merchant", "m1"]
    )
    lost = town.store.lost.of(one)
    assert lost["missing"] == [] and all(row["came"] for row in lost["rebuilt"])
    assert all(row["told_fen"] == row["total_fen"] for row in lost["spans"])
    assert town.store.records.counts()["quarantined"] == 0


def test_the_real_record_moves_no_fen(town):
    one, two, _ = town.terminals
    (card,) = town.cards
    town.tap(one, card, 700)
    gone = town.burn(one)
    town.tap(two, card, 100)
    town.send(two)
    before = town.store.db.one("SELECT count(*) FROM transfer")
    assert town.balances()["merchant", "m0"] == 700
    assert town.upload(one, gone) == [(batch.STORED, 0)]
    assert town.upload(one, gone) == [(batch.EXISTS, 0)]
    assert town.store.db.one("SELECT count(*) FROM transfer") == before
    (row,) = town.store.lost.of(one)["rebuilt"]
    assert row["came"]
    assert [row[0] for row in town.store.records.of(one, 0, 9)] == [1]


def test_another_amount_is_named_and_reversed_not_changed(town):
    one, two, _ = town.terminals
    (card,) = town.cards
    town.tap(one, card, 700)
    (raw,) = town.burn(one)
    town.tap(two, card, 100)
    town.send(two)
    other = record.unpack(raw)._replace(amount_fen=650)
    raw = record.pack(other, record.first_chain(one), record.DONE)
    assert town.upload(one, [raw]) == [(batch.QUARANTINED, reasons.UNBALANCED)]
    assert town.balances()["merchant", "m0"] == 650
    rows = town.store.db.conn.execute(
        "SELECT amount_fen FROM transfer WHERE terminal = ? ORDER BY id", (one,)
    ).fetchall()
    assert rows == [(700,), (700,), (650,)]
    assert town.store.accounts.sold_by_place()[0] == {
        "place": "place 0",
        "amount_fen": 650,
        "count": 1,
    }


@pytest.mark.parametrize("outcome", [record.INTENT, record.VOID])
def test_a_real_record_without_its_outcome(town, outcome):
    """The card proves it: power failed before the confirm, or a terminal that errs."""
    one, two, _ = town.terminals
    (card,) = town.cards
    town.tap(one, card, 700)
    (raw,) = town.burn(one)
    town.tap(two, card, 100)
    town.send(two)
    ((answer, reason),) = town.upload(one, [raw[:60] + bytes([outcome]) + raw[61:]])
    assert reason == (reasons.UNBALANCED if outcome == record.VOID else 0)
    assert town.balances()["merchant", "m0"] == 700
    town.check_purses()
    assert town.store.records.counts()["grey"] == 0


def test_an_event_tells_the_step_as_any_other_tap(town):
    """Gear 1, seed 1357057991: a torn tap's EVENT named it first, and the amount was not taken."""
    one, two, _ = town.terminals
    (card,) = town.cards
    town.tap(one, card, 700)
    town.burn(one)
    town.tap(two, card, looks=record.EVENT)
    town.tap(two, card, 50)
    town.send(two)
    assert [row["amount_fen"] for row in town.store.lost.of(one)["rebuilt"]] == [700]
    town.check_purses()


def test_the_amount_comes_from_balances_where_the_card_does_not_tell(town):
    one, two, _ = town.terminals
    (card,) = town.cards
    town.tap(two, card, 100)
    town.tap(one, card, 700)
    town.tap(two, card, 50, knows=False)
    town.send(two)
    town.burn(one)
    (row,) = town.store.lost.of(one)["rebuilt"]
    assert row["amount_fen"] == 700 and town.store.lost.of(one)["spans"] == []
    town.check_purses()


def test_a_named_step_of_unknown_amount_after_unnamed_ones_is_one_total(town):
    one, two, _ = town.terminals
    (card,) = town.cards
    for fen in (100, 200, 400):
        town.tap(one, card, fen)
    town.burn(one)
    town.tap(two, card, knows=False)
    town.send(two)
    lost = town.store.lost.of(one)
    assert lost["rebuilt"] == []
    assert lost["missing"] == [{"first": 1, "last": 3}]
    (span,) = lost["spans"]
    assert (span["first_counter"], span["last_counter"], span["total_fen"]) == (0, 2, 700)
    assert town.balances()["suspense", "unnamed"] == 700
    town.check_purses()


def test_a_third_terminal_was_only_offline(town):
    """The step that nobody named was not the burnt terminal's: its record takes the money over."""
    one, two, three = town.terminals
    (card,) = town.cards
    town.tap(three, card, 300)
    town.tap(one, card, 700)
    town.tap(two, card, 50)
    town.send(two)
    town.burn(one)
    assert town.balances()["suspense", "unnamed"] == 300
    town.check_purses()
    town.send(three)
    town.check_purses()
    assert town.balances()["merchant", "m2"] == 300
    assert ("suspense", "unnamed") not in town.balances()


def test_a_lost_record_named_inside_a_span_takes_its_money_from_there(town):
    one, two, three = town.terminals
    (card,) = town.cards
    town.tap(one, card, 100)
    town.tap(three, card, 200)
    town.tap(one, card, 400)
    town.tap(two, card, 50)
    town.send(two)
    gone = town.burn(one)
    assert town.balances()["suspense", "unnamed"] == 300
    town.send(three)
    town.check_purses()
    assert ("suspense", "unnamed") not in town.balances()
    assert {row["serial"] for row in town.store.lost.of(one)["rebuilt"]} == {1, 2}
    assert town.balances()["merchant", "m0"] == 500
    town.upload(one, gone)
    assert town.balances()["merchant", "m0"] == 500
    town.check_purses()


def test_a_replaced_terminal_never_uses_a_number_twice(town):
    one, two, _ = town.terminals
    (card,) = town.cards
    for _ in range(5):
        town.tap(one, card, 100)
    town.send(one, 2)
    town.tap(two, card, 50)
    town.send(two)
    assert town.store.records.highest_serial(one) == 2
    town.burn(one)
    highest = town.store.records.highest_serial(one)
    assert highest >= 5 + BEYOND
    town.tap(one, card, 30)
    assert town.send(one) == [(batch.STORED, 0)]
    town.store.close()
    town.store = Store(town.url)
    assert town.store.records.highest_serial(one) == highest + 1
    assert town.store.lost.of(one)["missing"] == [{"first": 3, "last": 4}]
    town.burn(one)  # once more, with nothing lost
    assert town.store.records.highest_serial(one) > highest + BEYOND
    assert town.store.lost.of(one)["missing"] == [{"first": 3, "last": 4}]
    town.check_purses()


def test_a_replacement_begins_its_epochs_anew_under_a_new_key(town):
    one = town.terminals[0]
    assert town.store.terminals.admit_epoch(one, 5000)
    assert not town.store.terminals.admit_epoch(one, 3)
    town.burn(one)
    assert town.store.terminals.get(one)["generation"] == 2
    assert not town.store.terminals.admit_epoch(
        one, 9999, generation=1
    )  # a hello that was on its way
    assert town.store.terminals.admit_epoch(one, 1, generation=2)
    with pytest.raises(LookupError):
        town.store.lost.replace(99, 1)


def test_a_new_flash_has_confirmed_no_list(town):
    """After a restart the old one's word counted for it: a lost card looked refused there."""
    one, two, _ = town.terminals
    for number in (one, two):
        town.store.lists.confirm(number, 0, 7, b"d", 1500)
    town.utc_s = 2000
    town.burn(one)
    held = {row["number"]: row["list_version"] for row in town.store.terminals.all()}
    assert (held[one], held[two]) == (None, 7)
    town.store.lists.confirm(one, 0, 8, b"d", 2500)
    assert town.store.terminals.all()[0]["list_version"] == 8


def test_rebuilt_once_across_restarts_and_failed_commits(town):
    one, two, three = town.terminals
    (card,) = town.cards
    town.tap(one, card, 700)
    town.burn(one)
    town.tap(two, card, 50)
    raw = town.journals[two][0]
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), town.store.group():
            town.store.records.ingest([(two, raw)], 2000)
            _ = 1 // 0
    assert ("merchant", "m0") not in town.balances()
    town.send(two)
    town.store.close()
    town.store = Store(town.url)
    town.upload(two, [raw])
    town.tap(three, card)
    town.send(three)
    town.check_purses()
    assert town.balances()["merchant", "m0"] == 700


@pytest.mark.parametrize("seed", range(25))
def test_any_order_ends_at_what_the_cards_hold(seed, tmp_path):
    """Random taps at three terminals, one or two of which burn at any moment, uploads at any."""
    dice = random.Random(seed)
    town = Town(tmp_path, cards=4)
    burnt, gone = [], []
    for _ in range(150):
        terminal, card = dice.choice(town.terminals), dice.choice(town.cards)
        what = dice.random()
        if what < 0.5:
            outcome = dice.choice((record.DONE, record.DONE, record.VOID, record.INTENT))
            town.tap(terminal, card, dice.randrange(1, 90), outcome, dice.random() < 0.9,
                     dice.random() < 0.5 or outcome == record.DONE)  # fmt: skip
        elif what < 0.6:
            town.tap(terminal, card, 0)
        elif what < 0.97 or len(burnt) == 2:
            town.send(terminal, dice.randrange(1, 9))
        else:
            burnt.append(terminal)
            gone.append((terminal, town.burn(terminal)))
    last = next(number for number in town.terminals if number not in burnt)
    for card in town.cards:
        town.tap(last, card)
    for number in town.terminals:
        town.send(number)
    town.check_purses()
    dice.shuffle(gone)
    for terminal, rows in gone:
        for at in range(0, len(rows), 3):
            town.upload(terminal, rows[at : at + 3])
    town.check_purses()
    assert ("suspense", "unnamed") not in town.balances()
    assert ("suspense", "card") not in town.balances()
    counts = town.store.records.counts()
    assert counts["quarantined"] == 0
    for number in burnt:
        assert town.store.lost.of(number)["missing"] == []
