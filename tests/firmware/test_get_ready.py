"""What is made ready while nobody is there, so that the next customer need not wait for it."""

from card_layout import p256
from firmware.core.journal import JournalFull
from protocol import params
from tests.firmware.code_phone import ISSUER, ISSUER_NUMBER, Phone, compressed
from tests.shared.campus import NOON, Card, flash_of, moment, tap, terminal_on

KEY = bytes((ISSUER_NUMBER,)) + compressed(ISSUER)
NO_KEY = bytes((ISSUER_NUMBER + 1,)) + b"\x05" * 33
CODE = ("code", "")
STEPS_MOST = 9


def prepared(terminal):
    """-> how many steps it takes until there is nothing more to do."""
    steps = 1
    while terminal.get_ready():
        steps += 1
        assert steps < STEPS_MOST
    return steps


def test_a_step_at_a_time_until_there_is_nothing_to_do():
    terminal = terminal_on(flash_of())
    assert prepared(terminal) == 3  # two credentials
    assert prepared(terminal) == 1


def test_a_tap_then_erases_nothing():
    flash = flash_of()
    terminal = terminal_on(flash)
    for sale in range(140):  # over the ends of two sectors
        prepared(terminal)
        before = flash.erases
        terminal.kind.ready(10)
        outcome, _ = tap(terminal, Card(balance_fen=5000, number=1 + sale), moment(terminal))
        assert outcome.accepted and flash.erases == before
        terminal.journal.ack(terminal.journal.serial_next - 1)


def test_a_full_journal_is_no_reason_to_stop():
    terminal = terminal_on(flash_of())
    number = 0
    try:
        while True:  # until it is full
            number += 1
            terminal.kind.ready(10)
            outcome, _ = tap(terminal, Card(number=number), moment(terminal))
            if not outcome.accepted:
                raise JournalFull
    except JournalFull:
        prepared(terminal)
    assert terminal.journal.full


def test_tables_of_the_issuers_keys_are_made_once(monkeypatch):
    made, text = [], Phone().show(NOON)
    multiples = p256.multiples

    def counted(point, *window):
        if not window:  # of a key that is kept
            made.append(point)
        return multiples(point, *window)

    monkeypatch.setattr(p256, "multiples", counted)
    terminal = terminal_on(flash_of())
    terminal.params.apply(1, params.pack({"code_issuers": KEY + NO_KEY}))
    terminal.credential_of(CODE)
    made.clear()
    prepared(terminal)
    assert len(made) == 1  # the other is no point
    moment(terminal)
    terminal.kind.ready(250)
    outcome, _ = tap(terminal, None, terminal.moment(NOON, 0), ("code", text))
    assert outcome.accepted and len(made) == 1
