"""What the server has for the card that lies here: asked for, carried out, in the middle of a tap.

Rules (docs/actions.md tells why that is exactly once):
1. An answer is good in this tap only, for the counter and the record number that were asked with.
2. The record is in the journal before the card is touched, as for any purse write.
3. Whatever goes wrong before that, the tap goes on as if nothing waited.
"""

from firmware.core import states
from firmware.core.journal import JournalFull
from protocol import messages, reasons, record
from protocol.errors import RemoteError
from protocol.states import SERVER


def carry_out(tap, tear):
    """Generator of the stage ACT: OK, GONE or FULL. tear: core.tap's, for a card that left."""
    journal = tap.terminal.journal
    serial = journal.serial_next
    purse = tap.purse
    wish = (
        tap.card, tap.credential.KIND, purse.counter, purse.balance_fen, serial,
        purse.terminal, purse.serial,
    )  # fmt: skip
    answer = None
    if not journal.full:
        answer = yield ("server", messages.encode(messages.ACTION, wish))
    grant = _understood(answer, messages.GRANT)
    if grant is None or (grant[0].card, grant[0].op) != (tap.card, messages.LOAD):
        return states.OK
    prepared = yield from tap.credential.prepare(tap, *grant)
    if prepared is None or journal.serial_next != serial:
        return states.OK
    tap.amount_fen = grant[0].amount_fen
    outcome = yield from _load(tap, grant[0].action, prepared)
    if outcome == states.GONE:
        tear(tap)
    elif outcome == states.OK and not journal.confirm(tap.serial):
        tear(tap)  # it is on the card and not in the journal: the card's next tap tells
        return states.FULL
    elif outcome == states.OK:
        tap.loaded_fen = tap.amount_fen
        tap.balance_fen = tap.purse.balance_fen
        tap.terminal.seen.note(tap.card, tap.purse.counter)
    elif outcome == states.NOT_WRITTEN:
        journal.void(tap.serial)
        outcome = states.OK
    if outcome == states.OK:
        tap.amount_fen = tap.serial = 0
    return outcome


def _load(tap, action, prepared):
    """The record, then the card."""
    try:
        tap.serial = tap.terminal.journal.intent(tap.entry(record.LOAD, reasons.OK, action))
    except JournalFull:
        tap.reason = reasons.JOURNAL_FULL
        return states.FULL
    return (yield from tap.credential.credit(tap, prepared))


def _understood(answer, wanted):
    """(values, tail) of an answer, None if there is none."""
    if not answer:
        return None
    try:
        number, values, tail = messages.decode(answer, SERVER)
    except RemoteError:
        return None
    return (values, tail) if number == wanted else None
