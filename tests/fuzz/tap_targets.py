"""A whole tap with a card that somebody sits between: its answers are changed, cut, or made up."""

from firmware.credential import air
from protocol import messages, record
from tests.fuzz.cut import Cut
from tests.shared.campus import Card, flash_of, records, screens, tap, terminal_on
from tests.shared.cpu_card import CpuCard

TAPS = 3
STATUSES = (air.OK, air.GONE, air.DENIED)


class _Between:
    """The attacker: passes commands on to a true card, and answers as the input says."""

    def __init__(self, card, cut):
        self._card = card
        self._cut = cut

    def select(self):
        """The card as it is, or another of its look."""
        found = self._card.select()
        if self._cut.below(16) == 1:
            return ("one", self._cut.some()[:10], self._cut.below(256))
        return found

    def answer(self, command):
        """-> (status, data)."""
        status, data = self._card.answer(command)
        what, cut = self._cut.below(12), self._cut
        if what == 1:
            return air.OK, cut.some()
        if what == 2:
            return STATUSES[cut.below(3)], data
        if what == 3 and data:
            data = bytearray(data)
            data[cut.below(len(data))] ^= cut.below(256)
            return status, bytes(data)
        if what == 4 and data:
            at = cut.below(len(data))
            part = cut.take(1 + cut.below(8))
            return status, (data[:at] + part + data[at + len(part) :])[: len(data)]
        if what == 5:
            return status, data[: cut.below(len(data) + 1)] if data else data
        return status, data


def _taps(card, balance, cut):
    """Some taps: each ends, each record can be written, nothing is paid that was not taken.

    Who changes what is read back hides a debit from the terminal, which then writes over it: so the
    sums count, of all taps until now, and not one tap's difference.
    """
    kind = (messages.POS, messages.GATE)[cut.below(2)]
    terminal = terminal_on(flash_of(kind))
    told = []
    at_first, asked_fen, paid_fen = balance(), 0, 0
    for _ in range(TAPS):
        if kind == messages.POS:
            terminal.kind.ready(1 + cut.below(250))
        outcome, effects = tap(terminal, _Between(card, cut))
        shown = screens(effects)
        if outcome is not None:
            asked_fen += outcome.amount_fen
            paid_fen += outcome.amount_fen if outcome.accepted else 0
        assert paid_fen <= at_first - balance() <= asked_fen
        if outcome is not None and outcome.accepted and kind == messages.POS:
            assert "paid" in shown
        told.append((tuple(outcome) if outcome else None, shown, balance()))
    assert not terminal.journal.open
    return told, [tuple(record.unpack(raw)) for raw in records(terminal)]


def hostile_mifare(data):
    """A MIFARE card whose answers are changed."""
    card = Card()
    return _taps(card, lambda: card.purse().balance_fen, Cut(data))


def hostile_cpu(data):
    """A CPU card whose answers are changed."""
    card = CpuCard()
    return _taps(card, lambda: card.wallet.balance_fen, Cut(data))
