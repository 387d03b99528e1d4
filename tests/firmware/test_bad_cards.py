"""What a card answers, altered in every bit, cut short, too long: nothing is paid that was not
debited, nothing debited that is not paid when the card is put back."""

import pytest

from card_layout import identity, keys, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from protocol import reasons, record
from protocol.aes import Aes
from tests.shared.campus import Card, flash_of, moment, records, tap, terminal_on
from tests.shared.card import UID
from tests.shared.cpu_card import CpuCard

FEN = 250
CPU_COMMANDS = 7
_BLANK = flash_of()


def till():
    """-> a terminal on a fresh flash that waits for a card to pay."""
    terminal = terminal_on(_BLANK.copy())
    terminal.kind.ready(FEN)
    return terminal


def paid_fen(terminal):
    """-> what its records say was taken."""
    raws = [raw for raw in records(terminal) if record.outcome_of(raw) == record.DONE]
    entries = [record.unpack(raw) for raw in raws]
    return sum(entry.amount_fen for entry in entries if entry.type == record.PURCHASE)


class Liar:
    """A card whose n-th answer goes through `change`."""

    def __init__(self, card, at, change):
        self.card, self.at, self.change = card, at, change
        self.uid, self.sak = card.uid, card.sak
        self._n = 0

    def select(self):
        self._n = 0
        return self.card.select()

    def answer(self, command):
        status, data = self.card.answer(command)
        if self._n == self.at:
            data = self.change(bytes(data))
        self._n += 1
        return status, data


def flips(length):
    """-> functions that change one bit each, of `length` bytes."""
    for bit in range(8 * length):
        yield lambda data, bit=bit: bytes(
            octet ^ (1 << (bit & 7) if at == bit >> 3 else 0) for at, octet in enumerate(data)
        )


def lengths(length):
    """-> functions that cut the answer to each length, and that add to it."""
    for keep in range(length):
        yield lambda data, keep=keep: data[:keep]
    for more in (1, 2, 16, 300):
        yield lambda data, more=more: data + bytes(more)


def answers_of(card):
    """-> the lengths of what it answers in a purchase."""
    seen, honest = [], card.answer

    def noted(command):
        status, data = honest(command)
        seen.append(len(data))
        return status, data

    card.answer = noted
    assert tap(till(), card)[0].accepted
    return seen


def lied_to(make, at, change, held):
    """One purchase with an altered answer; then the card honestly, until it is paid."""
    terminal, card = till(), make()
    before = held(card)
    outcome, _ = tap(terminal, Liar(card, at, change))
    if outcome.accepted:
        assert held(card) == before - FEN
    for _ in range(2):
        if not outcome.accepted:
            if terminal.kind.awaited is None and terminal.kind.armed_fen is None:
                terminal.kind.ready(FEN)
            outcome, _ = tap(terminal, card)
    assert outcome.accepted and held(card) == before - FEN
    assert paid_fen(terminal) == FEN


def cpu_fen(card):
    return card.wallet.balance_fen


def mifare_fen(card):
    return card.purse().balance_fen


@pytest.mark.parametrize("at", range(CPU_COMMANDS))
def test_every_bit_and_length_of_every_answer_of_a_cpu_card(at):
    length = answers_of(CpuCard())[at]
    for change in (*flips(length), *lengths(length)):
        lied_to(CpuCard, at, change, cpu_fen)


@pytest.mark.parametrize("at", [1, 2, 3, 5])
def test_every_bit_and_length_of_every_answer_of_a_mifare_card(at):
    """Of the read-back too: what was written is then told by the card when it is put back."""
    length = 16
    for change in (*flips(length), *lengths(length)):
        lied_to(Card, at, change, mifare_fen)


@pytest.mark.parametrize("block", [4, 5])
def test_every_bit_of_a_fresh_cards_blocks(block):
    for change in flips(16):
        terminal, card = till(), Card()
        card.blocks[block] = change(card.blocks[block])
        outcome, _ = tap(terminal, card)
        assert (outcome.accepted, outcome.reason) == (False, reasons.ALTERED)


def test_every_bit_of_the_block_that_holds():
    """The block before holds then: who has seen the newer counter refuses, who has not takes the
    older one, once (docs/mifare.md, what protects)."""
    terminal, card = till(), Card()
    tap(terminal, card)
    assert card.purse().counter == 1
    now = moment(terminal)
    for change in flips(16):
        older = Card()
        older.blocks = dict(card.blocks)
        older.blocks[6] = change(older.blocks[6])
        terminal.kind.ready(FEN)
        outcome, _ = tap(terminal, older, now)
        assert (outcome.accepted, outcome.reason) == (False, reasons.COUNTER_BACK)
        assert older.blocks[5] == card.blocks[5]


def test_a_card_of_another_school_with_our_layout():
    """Same software, other masters: MIFARE does not open; a CPU card cannot prove itself."""
    theirs = [Aes(bytes([n]) * 16).ecb for n in (1, 2, 3)]
    who = Identity(7, identity.STUDENT, 20000, 0, 1, 1)
    card = Card()
    card.put(sectors.personalise(who, Purse(0, 5000, 0, 0), UID, *theirs))
    card.key_a = keys.sector_key(theirs[0], UID, sectors.SECTOR, "A")
    card.key_b = keys.sector_key(theirs[1], UID, sectors.SECTOR, "B")
    assert tap(till(), card)[0].reason == reasons.FOREIGN
    card.key_b = Card().key_b  # with our keys, but their MACs
    assert tap(till(), card)[0].reason == reasons.ALTERED
    other = CpuCard()
    other.wallet.files[0x15] = identity.pack(who, UID, keys.card_mac(theirs[2], UID))
    assert tap(till(), other)[0].reason == reasons.ALTERED


def test_an_older_image_of_a_card_is_refused_where_it_was_seen():
    terminal, card = till(), Card()
    image = dict(card.blocks)
    assert tap(terminal, card)[0].accepted
    card.blocks = image
    terminal.kind.ready(FEN)
    outcome, _ = tap(terminal, card)
    assert (outcome.accepted, outcome.reason) == (False, reasons.COUNTER_BACK)


@pytest.mark.parametrize("length", [0, 1, 3, 5, 6, 8, 10])
def test_a_uid_of_another_length_is_nobodys(length):
    found = ("one", bytes(length), 0x08)
    assert tap(till(), None, found=found)[0].reason == reasons.FOREIGN


@pytest.mark.parametrize("length", [4, 7])
def test_cards_of_both_uid_lengths_pay(length):
    card = Card(uid=UID[:length])
    assert tap(till(), card)[0].accepted and card.purse().balance_fen == 5000 - FEN
    assert tap(till(), CpuCard(uid=UID[:length]))[0].accepted


def test_a_blank_card_is_foreign():
    """As the factory delivers it: our keys do not open it."""
    card = Card()
    card.key_a = card.key_b = b"\xff" * 6
    card.blocks = {block: bytes(16) for block in range(8)}
    assert tap(till(), card)[0].reason == reasons.FOREIGN


PROVE = 5  # the command of a put-back that asks for the last purchase's proof


@pytest.mark.parametrize("at", range(PROVE + 1))
def test_every_bit_and_length_of_every_answer_to_a_card_put_back(at):
    """The debit was made and nobody heard it. Whatever the card is made to say when it is back: it
    is debited once, and paid once."""
    lengths_of = (15, 18, 10, 17, 25, 10)
    for change in (*flips(lengths_of[at]), *lengths(lengths_of[at])):
        terminal, card = till(), CpuCard()
        card.gone_at = CPU_COMMANDS - 1
        tap(terminal, card)
        card.gone_at = None
        outcome, _ = tap(terminal, Liar(card, at, change))
        for _ in range(2):
            if not outcome.accepted:
                outcome, _ = tap(terminal, card)
        assert outcome.accepted and cpu_fen(card) == 5000 - FEN
        assert paid_fen(terminal) == FEN
