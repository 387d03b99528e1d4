"""The records by which a reserve is settled: its close, and what gives back what it did not use.

A close needs nobody: it is final when it is written. Giving back to a card is a purse write like
any other, the record first, in the middle of that card's next tap. A credential that no terminal
can put money on (a code, a CPU card) is given back by the server: its record is final at once.
Which is which, and what is posted: docs/water.md.
"""

from collections import namedtuple

from firmware.core import policy, states
from firmware.core.journal import JournalFull
from firmware.core.tap import Tap
from protocol import reasons, record

Back = namedtuple("Back", "amount_fen")  # as `prepare` of a credential wants it

_CHECKS = [row for row in policy.CHECKS if row[0] in (reasons.LISTED, reasons.COUNTER_BACK)]


def close(terminal, now, reserve, units, used_fen):
    """The close of a reserve, whose Record is given. False if the journal does not take it."""
    return _append(
        terminal, now, units, card=reserve.card, credential=reserve.credential,
        amount_fen=used_fen, balance_fen=reserve.amount_fen - used_fen, counter=reserve.counter,
        previous_terminal=terminal.address, previous_serial=reserve.serial,
    )  # fmt: skip


def give_to_account(terminal, now, reserve, fen):
    """What the server is to give back. False if the journal does not take it."""
    return _append(
        terminal, now, reserve.serial, card=reserve.card, credential=reserve.credential,
        amount_fen=fen, flags=record.PURSE_READ,
    )  # fmt: skip


def give_back(tap, tear):
    """Generator: put on the card what it is owed, reserve after reserve.

    OK, GONE or FULL; OK also if it cannot be now: the tap goes on without.
    """
    owed = tap.terminal.kind.owes(tap)
    if policy.judge(tap, _CHECKS)[0] != reasons.OK:
        return states.OK
    while owed:  # ends with what is owed, or with the first that is not given
        outcome = yield from _give(tap, owed, tear)
        if outcome != states.OK:
            return states.OK if outcome == states.NOT_WRITTEN else outcome
        tap.balance_fen = tap.purse.balance_fen
        tap.terminal.seen.note(tap.card, tap.purse.counter)
        owed = tap.terminal.kind.owes(tap)
    return states.OK


def _give(tap, owed, tear):
    """OK, NOT_WRITTEN, GONE or FULL. What no terminal can put on this card, the server loads."""
    reserve, fen = owed
    journal = tap.terminal.journal
    if not tap.credential.GIVES_ALONE:
        return _give_later(tap, reserve, fen)
    type_ = tap.terminal.kind.GIVES_AS
    prepared = yield from tap.credential.prepare(tap, Back(fen), b"")
    if prepared is None:
        return states.NOT_WRITTEN
    tap.amount_fen = fen
    try:
        tap.serial = journal.intent(tap.entry(type_, reasons.OK, reserve))
    except JournalFull:
        tap.amount_fen = 0
        return states.NOT_WRITTEN
    outcome = yield from tap.credential.credit(tap, prepared)
    if outcome == states.NOT_WRITTEN:
        journal.void(tap.serial)
    elif outcome == states.GONE:
        tear(tap)
        return outcome
    elif not journal.confirm(tap.serial):
        tear(tap)  # it is on the card and not in the journal: the card's next tap tells
        return states.FULL
    tap.loaded_fen = fen
    tap.amount_fen = tap.serial = 0
    return outcome


def _give_later(tap, serial, fen):
    """The record is final, and the money waits at the server for this card's next tap."""
    tap.amount_fen = fen
    try:
        tap.terminal.journal.append(tap.entry(tap.terminal.kind.GIVES_AS, reasons.OK, serial))
        tap.loaded_fen = fen
    except JournalFull:
        pass
    tap.amount_fen = 0
    return states.NOT_WRITTEN


def _append(terminal, now, detail, flags=0, **fields):
    entry = Tap(terminal, now).entry(record.SETTLE, reasons.OK, detail)
    values = []
    for name, value in zip([row[0] for row in record.FIELDS], entry):
        values.append(fields.get(name, value | flags if name == "flags" else value))
    try:
        terminal.journal.append(record.Record(*values))
    except JournalFull:
        return False
    return True
