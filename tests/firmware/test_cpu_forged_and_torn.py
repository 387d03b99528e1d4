"""A CPU card that leaves in every command of a purchase, or answers it as it likes."""

from firmware.credential import air
from protocol import messages, reasons, record
from tests.shared.campus import flash_of, screens, tap, terminal_on
from tests.shared.cpu_card import CpuCard
from tests.shared.test_cpu import COMMANDS, shop, unpacked

DONE = b"\x90\x00"
ANSWERS = (b"", b"\x90", DONE, b"\x6a\x82", b"\xff" * 260) + tuple(
    body + DONE for body in (bytes(8), bytes(15), bytes(16), b"\xff" * 23)
)


def test_torn_at_every_command_then_put_back():
    """Once debited, never twice; told paid only when it is."""
    for gone_at in range(COMMANDS):
        for written in (False, True):
            terminal, card = shop(), CpuCard()
            card.gone_at, card.written = gone_at, written
            outcome, effects = tap(terminal, card)
            assert not outcome.accepted
            debited = 250 if gone_at == COMMANDS - 1 and written else 0
            assert card.wallet.balance_fen == 5000 - debited
            assert (screens(effects) == ["put_back"]) is (gone_at == COMMANDS - 1)
            card.gone_at = None
            if gone_at < COMMANDS - 1:
                terminal.kind.ready(250)
            outcome, effects = tap(terminal, card)
            assert outcome.accepted and screens(effects) == ["paid"], (gone_at, written)
            assert card.wallet.balance_fen == 4750
            assert terminal.journal.grey == 0
            paid = [entry for entry, done in unpacked(terminal) if done == record.DONE]
            assert [entry.amount_fen for entry in paid if entry.type == record.PURCHASE] == [250]
            assert len([entry for entry in paid if entry.reason == reasons.PROOF]) == 1


class Forger(CpuCard):
    """Answers command `at` in its own way."""

    def __init__(self, at, answer):
        CpuCard.__init__(self)
        self.at, self.forged = at, answer

    def answer(self, command):
        honest = CpuCard.answer(self, command)
        return (air.OK, self.forged) if len(self.commands) == self.at + 1 else honest


def test_forged_answers_take_nothing_and_pass_nothing():
    """Every command answered by noise, nothing, an error: a refusal, never a fault."""
    for at in range(COMMANDS):
        for answer in ANSWERS:
            terminal, card = shop(), Forger(at, answer)
            outcome, effects = tap(terminal, card)
            paid = card.wallet.balance_fen < 5000
            # a select was carried out whatever it was answered; a log only names the one before
            is_log = at == 4 and len(answer) > 1 and len(answer) != 25  # a whole line is looked at
            may_pay = is_log or at == 0 and answer.endswith(b"\x90\x00")
            assert outcome.accepted is bool(may_pay), (at, answer)
            assert paid is (bool(may_pay) or at == COMMANDS - 1)
            assert (screens(effects) == ["paid"]) is outcome.accepted


class Liar(CpuCard):
    """Its log tells `amount` of the purchase before."""

    amount = b""

    def answer(self, command):
        status, data = CpuCard.answer(self, command)
        if command[:2] == b"\x00\xb2" and self.amount:
            data = data[:5] + self.amount + data[9:]
        return status, data


def test_a_log_with_an_amount_that_no_record_holds():
    """Found by fuzzing: who changes one bit of the log on its way ended the tap with an error."""
    for amount in (b"\x01\0\0\0", b"\xff\xff\xff\xff", b"\0\xff\xff\xff"):
        terminal, card = shop(), Liar()
        assert tap(terminal, card)[0].accepted
        card.amount = amount
        terminal.kind.ready(250)
        outcome, effects = tap(terminal, card)
        assert outcome.accepted and screens(effects) == ["paid"]
        entries = {entry.serial: entry for entry, _ in unpacked(terminal)}
        assert entries[outcome.serial].previous_amount_fen == record.UNKNOWN_AMOUNT_FEN


def test_a_gate_takes_nothing():
    card = CpuCard()
    gate = terminal_on(flash_of(messages.GATE))
    outcome, _ = tap(gate, card)
    assert outcome.accepted
    assert unpacked(gate)[0][0].type == record.PASS
    assert card.wallet.executed == 0
