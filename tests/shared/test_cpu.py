"""A CPU card at a terminal: paid, refused, torn, copied. Torn at every command: tests/firmware."""

from card_layout import purse_cpu
from protocol import reasons, record
from tests.shared.campus import NUMBER, flash_of, moment, records, screens, tap, terminal_on
from tests.shared.card import UID
from tests.shared.cpu_card import CpuCard, keys_of

COMMANDS = 7  # of a purchase: select, identity, challenge, begin 0, log, begin, debit


def shop(amount_fen=250):
    """-> a terminal that waits for a card to pay."""
    terminal = terminal_on(flash_of())
    terminal.kind.ready(amount_fen)
    return terminal


def unpacked(terminal):
    return [(record.unpack(raw), record.outcome_of(raw)) for raw in records(terminal)]


def test_paid_and_proven():
    terminal, card = shop(), CpuCard()
    outcome, effects = tap(terminal, card)
    assert outcome.accepted and screens(effects) == ["paid"]
    assert card.wallet.balance_fen == 4750
    assert len(card.commands) == COMMANDS
    (paid, done), (proof, _) = unpacked(terminal)
    assert (paid.type, done, paid.card, paid.amount_fen) == (record.PURCHASE, record.DONE, 7, 250)
    assert (paid.counter, paid.balance_fen, paid.credential & 15) == (0, 4750, record.CPU)
    assert (proof.type, proof.reason, proof.counter) == (record.EVENT, reasons.PROOF, 1)
    assert (proof.previous_terminal, proof.previous_serial) == (NUMBER, paid.serial)
    assert proof.previous_amount_fen == 250
    moment_7 = purse_cpu.moment_of(paid.utc_s)
    tac = purse_cpu.tac(keys_of(UID).tac, 250, NUMBER, paid.serial, moment_7)
    assert proof.detail == int.from_bytes(tac, "big")


def test_the_chain_of_records_is_a_mifare_cards():
    terminal, card = shop(), CpuCard()
    tap(terminal, card)
    terminal.kind.ready(100)
    tap(terminal, card)
    second = unpacked(terminal)[2][0]
    assert (second.counter, second.previous_terminal, second.previous_serial) == (1, NUMBER, 1)
    assert second.previous_amount_fen == 250


def test_too_little():
    terminal, card = shop(2000), CpuCard(balance_fen=1999)
    outcome, effects = tap(terminal, card)
    assert not outcome.accepted and outcome.reason == reasons.BALANCE
    assert card.wallet.balance_fen == 1999
    assert card.wallet.executed == 0


def test_torn_and_power_lost_is_told_by_the_log_and_proven():
    """The session's key is gone: the card's log names the record, its TAC goes to the server."""
    flash = flash_of()
    terminal, card = terminal_on(flash), CpuCard()
    terminal.kind.ready(250)
    card.gone_at = COMMANDS - 1
    tap(terminal, card)
    card.gone_at = None
    terminal = terminal_on(flash)
    terminal.kind.ready(250)
    outcome, _ = tap(terminal, card, moment(terminal))
    assert outcome.accepted and terminal.journal.grey == 0
    assert card.wallet.balance_fen == 4750 and card.wallet.executed == 1
    assert unpacked(terminal)[-1][0].reason == reasons.PROOF


def test_torn_before_the_debit_and_power_lost_is_void():
    flash = flash_of()
    terminal, card = terminal_on(flash), CpuCard()
    terminal.kind.ready(250)
    card.gone_at, card.written = COMMANDS - 1, False
    tap(terminal, card)
    card.gone_at = None
    terminal = terminal_on(flash)
    tap(terminal, card)
    assert terminal.journal.grey == 0
    assert unpacked(terminal)[0][1] == record.VOID


def test_a_copied_identity_does_not_pass():
    """All files of a card can be read; its keys cannot."""
    terminal = shop()
    card = CpuCard()
    card.wallet.keys = keys_of(UID[:6] + b"\0")
    outcome, _ = tap(terminal, card)
    assert (outcome.accepted, outcome.reason) == (False, reasons.ALTERED)


def test_after_a_power_cut_the_till_asks_though_a_proof_is_the_newest_record():
    terminal, card = shop(1250), CpuCard()
    assert screens(tap(terminal, card)[1]) == ["paid"]
    terminal = terminal_on(terminal._flash)
    assert terminal.idle(moment(terminal))[0][1] == "last_paid"
    terminal.kind.ready(1250)
    assert screens(tap(terminal, card)[1]) == ["paid_before"]
