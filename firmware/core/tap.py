"""One tap: the stages of the table in `states`, and the runner that walks it.

Nothing here waits or knows the time: a stage that needs the world yields a request and is sent the
answer (firmware/README.md has the list). A stage returns what it came to; which stage follows is
the table's business. The credential knows the card's bytes, the kind knows what the terminal is
for, the policy who may; this file knows in which order things become true.
"""

from collections import namedtuple

from firmware.core import policy, states
from firmware.core.journal import JournalFull
from protocol import reasons, record

Outcome = namedtuple("Outcome", "accepted reason amount_fen serial torn")


class Tap:
    """What is known of one presentation so far; what has no value yet is None or 0."""

    def __init__(self, terminal, now):
        self.terminal = terminal
        self.now = now
        self.list_age_min = terminal.list_age_min(now)
        self.credential = None
        self.uid = b""
        self.sak = 0
        self.card = 0  # number, known only of a card whose MAC is ours
        self.identity = None
        self.purse = None  # as read
        self.stopped = False  # the card carries the mark of a lost one
        self.is_old = False  # some of the card stands under keys of an older version
        self.previous = None  # the purse of the other block, if it is valid
        self.private = None  # what the credential keeps from stage to stage
        self.proof = None  # what the card says to the server about its payment, if it can
        self.number = 0  # of that payment, if a PSAM gave it one
        self.amount_fen = 0
        self.elsewhere = None  # (fen of the day, of the meal) at other terminals, if it was asked
        self.loaded_fen = 0  # was put on the card before anything was taken
        self.pays = False  # money is to be taken
        self.is_free = False  # the kind wants none
        self.is_open = False  # whatever is found, nobody is kept from going through
        self.is_drill = False  # all as in an emergency, and nothing is taken
        self.emergency = terminal.emergency.order if terminal.emergency.is_on(now) else None
        self.detail = 0  # of the record
        self.type = None  # of the record, if it is not the kind's
        self.told = reasons.OK  # what the record says as its reason
        self.reason = reasons.OK
        self.kind_reason = reasons.OK
        self.policy = 0
        self.serial = 0  # of the record of this tap
        self.balance_fen = 0  # to be shown; None: nobody here knows it
        self.accepted = False
        self.torn = False

    def entry(self, kind_of_record, reason, detail=0, amount_fen=None):
        """-> the Record of this tap, next in the journal, with all that the card witnesses."""
        now = self.now
        terminal = self.terminal
        flags = record.ONLINE if now.online else terminal.leave_flag
        if now.clock_trusted:
            flags |= record.CLOCK_TRUSTED
        flags |= terminal.emergency.flags(now)
        counter = balance_fen = terminal_before = serial_before = 0
        amount_before = record.UNKNOWN_AMOUNT_FEN
        if self.purse is not None:
            flags |= record.PURSE_READ
            counter, balance_fen, terminal_before, serial_before = self.purse
            amount_before = self.credential.previous_amount(self)
        if self.purse is not None and kind_of_record in record.TAKES:
            balance_fen -= self.amount_fen
        elif self.purse is not None and kind_of_record in record.GIVES:
            balance_fen += self.amount_fen
        version = self.identity.key_version & 15 if self.identity is not None else 0
        kind = self.credential.KIND if self.credential is not None else record.NO_CREDENTIAL
        return record.Record(
            terminal.journal.serial_next,
            kind_of_record,
            flags,
            reason,
            now.utc_s & 0xFFFFFFFF,
            self.card,
            record.credential(kind, version),
            self.amount_fen if amount_fen is None else amount_fen,
            counter,
            balance_fen,
            self.policy,
            terminal.blacklist.version & 0xFFFFFF,
            min(self.list_age_min, record.UNKNOWN_AGE_MIN),
            terminal_before,
            serial_before,
            amount_before,
            detail,
        )


def run(tap):
    """Generator of a whole tap; -> Outcome, or None if there was no card.

    Closed early, at any yield, it leaves what a card leaves that goes: nothing, or a grey record.
    """
    state = states.IDENTIFY
    try:
        while state != states.END:
            stage, yields = STAGES[state]
            outcome = (yield from stage(tap)) if yields else stage(tap)
            state = states.step(state, outcome)
    finally:
        if tap.terminal.journal.open:
            tear(tap)
    if outcome == states.NOBODY:
        return None
    return Outcome(tap.accepted, tap.reason, tap.amount_fen, tap.serial, tap.torn)


def _identify(tap):
    """Who is in the field, and which credential speaks its language."""
    found = yield ("select",)
    if found is None:
        return states.NOBODY
    if found[0] == "many":
        tap.reason = reasons.MANY_CARDS
        return states.MANY
    if found[0] == "code":
        tap.private = found[1]
    else:
        _, tap.uid, tap.sak = found
    tap.credential = tap.terminal.credential_of(found)
    if tap.credential is None:
        tap.reason = reasons.FOREIGN
        return states.REFUSED
    return (yield from tap.credential.identify(tap))


def _authenticate(tap):
    """Is it ours, who is it, and has it unfinished business here?"""
    outcome = yield from tap.credential.authenticate(tap)
    if outcome == states.GONE:
        tap.reason = reasons.CARD_GONE
    elif outcome == states.OK:
        if tap.credential.SEALED:
            tap.terminal.seen.note(tap.card, tap.purse.counter)
        tap.balance_fen = tap.purse.balance_fen if tap.credential.HOLDS_MONEY else None
        if tap.terminal.journal.greys(tap.card):
            return states.GREY
        return _onward(tap)
    return outcome


def _onward(tap):
    """Is this card owed something, may the server have something for it, or know of it?"""
    terminal = tap.terminal
    if terminal.kind.owes(tap) or terminal.kind.asks(tap):
        return states.WAITING
    return states.WAITING if _server_has(tap) else states.OK


def _server_has(tap):
    """May the server have something for this card? Not for an older image of one seen here."""
    terminal = tap.terminal
    may_be = (terminal.waiting or tap.stopped or tap.is_old) and tap.now.online
    if not may_be or not terminal.kind.PAYS or not tap.credential.HOLDS_MONEY:
        return False
    if terminal.seen.is_older(tap.card, tap.purse.counter):
        return False
    if tap.stopped or tap.is_old or tap.identity is None:
        return True
    return terminal.is_waiting(tap.card)


def _torn(tap):
    """Ask the card what became of the grey records it has here."""
    terminal = tap.terminal
    journal = terminal.journal
    settled = None
    for grey in journal.greys(tap.card):
        outcome = yield from tap.credential.resolve(tap, grey)
        if outcome == states.GONE:
            tap.reason = reasons.CARD_GONE
            return states.GONE
        if outcome is None:
            continue  # it cannot tell any more: the server asks the card's chain
        if outcome == record.VOID:
            sent = grey.serial <= journal.handed_to
            if journal.void(grey.serial):
                terminal.kind.settle(grey.serial)
                if sent and grey.type in record.GIVES:  # of a CPU card no chain tells it
                    _append(tap, tap.entry(record.EVENT, reasons.CARD_GONE, grey.serial))
        elif settled is None and terminal.awaits(grey, tap.now):
            settled = grey
        else:
            _witness(tap, grey)
    if settled is None:
        return _onward(tap)
    tap.serial = settled.serial
    tap.amount_fen = settled.amount_fen
    tap.detail = settled.detail
    tap.balance_fen = settled.balance_fen
    return states.WRITTEN


def _witness(tap, grey):
    """Confirm a grey record. If the server has it as grey, a record tells it what the card says."""
    journal = tap.terminal.journal
    sent = grey.serial <= journal.handed_to
    if not journal.confirm(grey.serial):
        return False
    if not tap.now.online and grey.type in record.TAKES:
        tap.terminal.seen.note(tap.card, tap.purse.counter, grey.amount_fen)
    if sent:
        # if there is no room, the card's next record tells it, here or elsewhere
        _append(tap, tap.entry(record.EVENT, reasons.PUT_BACK, grey.serial))
    return True


def _act(tap):
    """What this card is owed here, what the server has for it, what it knows of it."""
    if tap.terminal.kind.asks(tap):
        from firmware.core import pin  # no other kind of terminal has it in RAM

        yield from pin.look_up(tap)
        if not tap.terminal.kind.owes(tap) and not _server_has(tap):
            return states.OK
    if tap.terminal.kind.owes(tap):
        from firmware.core import settling  # no other kind of terminal has it in RAM

        outcome = yield from settling.give_back(tap, tear)
        if outcome != states.OK or not _server_has(tap):
            return outcome
    from firmware.core import actions  # no memory for it at a terminal that meets no such card

    return (yield from actions.carry_out(tap, tear))


def _append(tap, entry):
    """-> serial of a final record, 0 if the journal is full."""
    try:
        return tap.terminal.journal.append(entry)
    except JournalFull:
        return 0


def _decide(tap):
    """What it costs, and whether it may be."""
    amount_fen, tap.kind_reason = tap.terminal.kind.decide(tap)
    look = amount_fen is None
    tap.pays = tap.terminal.kind.PAYS and not look and not tap.is_free
    tap.amount_fen = amount_fen or 0
    tap.reason, tap.policy = policy.judge(tap)
    if look and tap.reason != reasons.LISTED:
        return states.LOOK
    if tap.is_open:
        tap.reason = reasons.OK  # what was found stands in the policy word
    if tap.reason == reasons.OK and tap.pays and tap.terminal.emergency.is_drill(tap.now):
        tap.is_drill, tap.pays = True, False
        tap.detail, tap.amount_fen = tap.amount_fen, 0
    return states.OK if tap.reason == reasons.OK else states.REFUSED


def _intent(tap):
    """The record, before anything happens to the card (I4)."""
    journal = tap.terminal.journal
    kind_of_record = tap.type or tap.terminal.kind.RECORD
    entry = tap.entry(record.PASS if tap.is_drill else kind_of_record, tap.told, tap.detail)
    try:
        if tap.pays and tap.credential.HOLDS_MONEY:
            tap.serial = journal.intent(entry)
            return states.OK
        tap.serial = journal.append(entry)
        return states.NOTHING_TO_WRITE
    except JournalFull:  # or its flash takes nothing: no card is touched then
        tap.reason = reasons.JOURNAL_FULL
        return states.FULL


def _commit(tap):
    """Take the money. Whatever is not certain afterwards stays grey."""
    outcome = yield from tap.credential.debit(tap)
    if outcome == states.GONE:
        tear(tap)
    elif outcome == states.NOT_WRITTEN:
        tap.terminal.journal.void(tap.serial)
        if tap.reason == reasons.OK:  # the credential knows nothing better
            tap.reason = reasons.CARD_GONE
    return outcome


def tear(tap):
    """The tap ends and nobody here knows whether the card was written."""
    journal = tap.terminal.journal
    tap.torn = True
    tap.reason = reasons.PUT_BACK
    tap.terminal.tears += 1
    if tap.pays:
        tap.terminal.kind.awaited = (tap.card, journal.open)
    journal.leave()


def _confirm(tap):
    """What the card holds is now in the journal too."""
    terminal = tap.terminal
    journal = terminal.journal
    if tap.pays:
        if tap.credential.HOLDS_MONEY:
            if not journal.confirm(tap.serial):
                tear(tap)  # it is on the card and not in the journal: nobody may say "paid" (I4)
                return states.FULL
            tap.balance_fen = tap.purse.balance_fen - tap.amount_fen
        terminal.seen.note(tap.card, tap.purse.counter + 1, 0 if tap.now.online else tap.amount_fen)
        if tap.proof is not None:
            tap.credential.paid(tap)
    else:
        if not tap.credential.HOLDS_MONEY:
            terminal.seen.note(tap.card, tap.purse.counter + 1)  # this code is used up
        for grey in journal.greys(tap.card):
            if grey.serial == tap.serial and not _witness(tap, grey):
                tap.reason = reasons.JOURNAL_FULL
                return states.FULL
    if tap.proof is not None:
        _append(tap, tap.entry(record.EVENT, reasons.PROOF, tap.proof, tap.number))
    terminal.kind.settle(tap.serial)
    tap.accepted = True
    return states.OK


def _is_to_be_stopped(tap):
    """A reported card that can carry a mark of it, and has none; not an older image of one."""
    if tap.policy >> reasons.COUNTER_BACK & 1:
        return False
    if tap.reason != reasons.LISTED or tap.stopped or not tap.terminal.kind.PAYS:
        return False
    return tap.credential.KIND == record.MIFARE


def _refuse(tap):
    """A refusal is a record too; if the journal is full it is shown only."""
    tap.serial = _append(tap, tap.entry(record.REFUSAL, tap.reason))
    if _is_to_be_stopped(tap):
        from firmware.core import actions

        yield from actions.stop(tap)
    return states.OK


def _show(tap):
    """Tell the people."""
    kind = tap.terminal.kind
    if tap.accepted:
        effects = kind.accepted(tap)
        if tap.is_drill:
            effects = (("show", "drill", (tap.detail,)),)
    elif tap.torn:
        effects = kind.torn(tap)
    elif tap.reason != reasons.OK:
        effects = kind.refused(tap)
    else:
        effects = kind.look(tap)
    for effect in effects:
        yield effect
    return states.OK


# stage -> (function, whether it yields)
STAGES = {
    states.IDENTIFY: (_identify, True),
    states.AUTHENTICATE: (_authenticate, True),
    states.TORN: (_torn, True),
    states.ACT: (_act, True),
    states.DECIDE: (_decide, False),
    states.INTENT: (_intent, False),
    states.COMMIT: (_commit, True),
    states.CONFIRM: (_confirm, False),
    states.REFUSE: (_refuse, True),
    states.SHOW: (_show, True),
}
