"""What the server has for the card that lies here: asked for, carried out, in the middle of a tap.

Rules (docs/actions.md tells why that is exactly once):
1. An answer is good in this tap only, for the counter and the record number that were asked with.
2. The record is in the journal before the card is touched, as for any purse write.
3. Whatever goes wrong before that, the tap goes on as if nothing waited.
"""

from firmware.core import states
from firmware.core.journal import JournalFull
from protocol import messages, reasons, record


def carry_out(tap, tear):
    """Generator of the stage ACT: OK, GONE or FULL. tear: core.tap's, for a card that left."""
    journal = tap.terminal.journal
    serial = journal.serial_next
    grant = None
    if not journal.full:
        body = yield ("server", _question(tap))
        grant = messages.of_card(tap.card, body, messages.GRANT)
    op = grant[0].op if grant else messages.NOTHING
    if op in (messages.FREE, messages.IDENTITY, messages.REKEY):
        return (yield from _renew(tap, op, grant[1]))
    if tap.identity is None:
        return states.REFUSED
    if op != messages.LOAD:
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


def _question(tap):
    """Body of ACTION; of a card that cannot say its number, with its UID."""
    purse = tap.purse
    kind = tap.credential.KIND | (messages.MARKED if tap.stopped else 0)
    kind |= messages.OLD if tap.is_old else 0
    step = (purse.counter, purse.balance_fen, tap.terminal.journal.serial_next)
    wish = (tap.card, kind) + step + (purse.terminal, purse.serial)
    return messages.encode(messages.ACTION, wish, b"" if tap.identity else tap.uid)


def _renew(tap, op, block):
    """The identity as the server has it now; then, where that is granted, no mark any more, or the
    purse and the sector under newer keys."""
    was_known = tap.identity is not None
    outcome = yield from tap.credential.rewrite(tap, block)
    if outcome != states.GONE and tap.identity is None:
        return states.REFUSED
    if outcome != states.GONE and not was_known:
        tap.reason = reasons.OK
        tap.balance_fen = tap.purse.balance_fen
    if outcome == states.OK and op == messages.FREE:
        outcome = yield from _mark(tap, False, reasons.FREED)
    if outcome == states.OK and op == messages.REKEY:
        outcome = yield from _rekey(tap)
    if outcome == states.GONE:  # what the purse is now nobody knows: no record may tell it
        tap.reason = reasons.CARD_GONE
        return outcome
    return states.OK


def _rekey(tap):
    """The identity is under the newer keys; now the rest, the sector last."""
    if tap.credential.is_purse_old(tap):
        outcome = yield from _mark(tap, tap.stopped, reasons.REKEYED)
        if outcome != states.OK:
            return outcome
    return (yield from tap.credential.reopen(tap))


def stop(tap):
    """A reported card before us: it shall be refused where nobody has heard of it, too."""
    serial, amount_fen = tap.serial, tap.amount_fen
    tap.amount_fen = 0
    yield from _mark(tap, True, reasons.STOPPED)
    tap.serial, tap.amount_fen = serial, amount_fen


def _mark(tap, stopped, reason):
    """The record, a load of nothing, then the card. Torn, the card tells as it does of a debit. OK,
    GONE or NOT_WRITTEN."""
    journal = tap.terminal.journal
    if tap.purse.counter >= tap.credential.COUNTER_MAX:
        return states.NOT_WRITTEN
    try:
        tap.serial = journal.intent(tap.entry(record.LOAD, reason))
    except JournalFull:
        return states.NOT_WRITTEN
    outcome = yield from tap.credential.mark(tap, stopped)
    if outcome == states.OK:
        journal.confirm(tap.serial)
        tap.terminal.seen.note(tap.card, tap.purse.counter)
    elif outcome == states.NOT_WRITTEN:
        journal.void(tap.serial)
    journal.leave()
    return outcome


def _load(tap, action, prepared):
    """The record, then the card."""
    try:
        tap.serial = tap.terminal.journal.intent(tap.entry(record.LOAD, reasons.OK, action))
    except JournalFull:
        tap.reason = reasons.JOURNAL_FULL
        return states.FULL
    return (yield from tap.credential.credit(tap, prepared))
