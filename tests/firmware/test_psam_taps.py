"""A till whose debit keys are in a PSAM: taps that are torn, a PSAM that is silent or locked."""

from card_layout import purse_cpu
from card_layout.des import Des
from protocol import messages, reasons, record
from terminal_sim import psam
from terminal_sim.pboc import Keys
from tests.shared.campus import NUMBER, Card, flash_of, records, screens, tap, terminal_on
from tests.shared.cpu_card import CpuCard
from tests.shared.test_psam import MASTER


def till(flash=None):
    """-> a terminal with a PSAM that waits for a card to pay 2.50."""
    terminal = terminal_on(flash or flash_of())
    terminal.use_psam()
    terminal.kind.ready(250)
    return terminal


def cpu_card():
    """-> a card of the campus that no terminal with keys in flash can debit."""
    made = CpuCard()
    made.wallet.psam_key = purse_cpu.diversified(Des(MASTER).encrypt, made.wallet.serial)
    made.wallet.keys = Keys(bytes(16), bytes(16), made.wallet.keys.tac, made.wallet.keys.internal)
    return made


def told(terminal):
    return [(record.unpack(raw), record.outcome_of(raw)) for raw in records(terminal)]


def test_a_tap_by_a_psam_and_what_proves_it():
    terminal, made, chip = till(), cpu_card(), psam.Psam(MASTER)
    chip.transactions = 76
    assert tap(terminal, made, psam=chip.apdu)[0].accepted
    (paid, done), (proof, _) = told(terminal)
    assert (done, paid.amount_fen, paid.detail, proof.amount_fen) == (record.DONE, 250, 0, 77)
    tac = purse_cpu.tac(made.wallet.keys.tac, 250, NUMBER, 0, purse_cpu.moment_of(paid.utc_s), 77)
    assert proof.detail == int.from_bytes(tac, "big")
    terminal.kind.ready(250)
    assert tap(terminal, made, psam=chip.apdu)[0].accepted
    second = told(terminal)[2][0]
    assert (second.previous_terminal, second.previous_serial) == (NUMBER, paid.serial)
    other = terminal_on(flash_of(messages.GATE))  # that did not make it knows its second
    tap(other, made)
    seen = told(other)[-1][0]
    assert (seen.previous_terminal, seen.previous_serial) == (NUMBER, second.utc_s)


def test_torn_at_every_command_and_every_answer_of_the_psam():
    """The card leaves, or the PSAM is silent or locked; then both are well: paid once."""
    for gone_at in range(8):
        for written in (False, True):
            for is_cut in (False, True):
                flash = flash_of()
                terminal, made, chip = till(flash), cpu_card(), psam.Psam(MASTER)
                made.gone_at, made.written = gone_at, written
                first, _ = tap(terminal, made, psam=chip.apdu)
                made.gone_at = None
                if is_cut and not first.accepted:
                    terminal = till(flash)
                _until_paid(terminal, first, made, chip)
    for silent_at in range(4):
        terminal, made, chip = till(), cpu_card(), psam.Psam(MASTER)
        first, _ = tap(terminal, made, psam=silent(chip, silent_at))
        assert first.accepted is (silent_at == 3)
        if silent_at < 2:
            assert first.reason == reasons.NO_PSAM and made.wallet.balance_fen == 5000
        _until_paid(terminal, first, made, chip)


def silent(chip, at):
    """-> the chip, but its n-th answer (from 0) is not heard."""
    left = [at]

    def ask(apdu):
        left[0] -= 1
        answer = chip.apdu(apdu)
        return None if left[0] == -1 else answer

    return ask


def _until_paid(terminal, outcome, made, chip):
    """The card again, twice at most: it has paid once, and the records say so."""
    for _ in range(2):
        if not outcome.accepted:
            if terminal.kind.awaited is None and terminal.kind.armed_fen is None:
                terminal.kind.ready(250)
            outcome, _ = tap(terminal, made, psam=chip.apdu)
    assert outcome.accepted and made.wallet.balance_fen == 4750
    assert terminal.journal.grey == 0
    paid = [entry for entry, done in told(terminal) if done == record.DONE]
    assert [entry.amount_fen for entry in paid if entry.type == record.PURCHASE] == [250]


def test_missing_and_locked_refuse_cpu_cards_and_no_others():
    locked = psam.Psam(MASTER)
    locked.tries = 0
    for ask in (None, locked.apdu, psam.Psam(MASTER, purse_cpu.who(13, 0)).apdu):
        terminal, made = till(), cpu_card()
        outcome, effects = tap(terminal, made, psam=ask)
        assert (outcome.accepted, outcome.reason) == (False, reasons.NO_PSAM)
        assert screens(effects) == ["unpaid"] and made.wallet.balance_fen == 5000
        assert terminal.journal.grey == 0
        terminal.kind.ready(250)
        assert tap(terminal, Card(), psam=ask)[0].accepted
