"""Uploaded records judged: what is kept, what is posted, what each is answered.

Answers, first that fits (docs/ingest.md):
 1. QUARANTINED BAD_RECORD    the bytes cannot be a record; they are kept as they came
 2. EXISTS                    this number with this content is here already
 3. EXISTS_DIFFERENT          this number is here with other content; both are kept, this one aside
 4. QUARANTINED with a fault  kept and named: unknown type or card, broken chain, forked card, ...
 5. STORED
Nothing is dropped, nothing blocks what follows, money that was taken from a card is posted whatever
else is wrong. Pure: `Known` is what is known before, and is brought up to date; `Result` is what
must be written, in one transaction, before any answer leaves.
"""

from __future__ import annotations

from protocol import batch, reasons, record
from protocol.errors import RemoteError
from sync_server.core import actions, chain, ledger, meals, proof, rebuild, reversals
from sync_server.core.chain import Grey, Writer
from sync_server.core.known import Aside, Kept, Known, Place, Result, Settled
from sync_server.core.ledger import Transfer
from sync_server.core.rebuild import Named

CONTENT = 60  # bytes that never change; outcome and acknowledgement follow
_CHAIN_END = record.FIELDS_SIZE + record.CHAIN_SIZE
_NO_OUTCOME = b"\xff" * 4
_TOLD = {reasons.PUT_BACK: record.DONE, reasons.CARD_GONE: record.VOID}  # by an event
_TYPES = range(record.PURCHASE, record.EVENT + 1)


def parse(tail: bytes) -> list[tuple[bytes, record.Record | None]]:
    """The records of a batch; None where the bytes cannot be one."""
    return [(raw, whole(raw)) for raw in batch.split(tail)]


def whole(raw: bytes) -> record.Record | None:
    """The record of 64 bytes, None if they cannot be one."""
    try:
        entry = record.unpack(raw)
    except RemoteError:
        return None
    return entry if 0 < entry.serial < 0xFFFFFFFF else None


def judge(
    terminal: int, parsed: list[tuple[bytes, record.Record | None]], known: Known, result: Result
) -> list[tuple[int, int]]:
    """Judge the records of one terminal, in order. -> (answer, reason) of each."""
    answers = []
    place = known.places[terminal]
    for raw, entry in parsed:
        if entry is None:
            _damaged(raw, place)
            result.aside.append(Aside(terminal, raw, batch.QUARANTINED, reasons.BAD_RECORD))
            answers.append((batch.QUARANTINED, reasons.BAD_RECORD))
            continue
        if _plain(terminal, raw, entry, place, known, result):
            answers.append((batch.STORED, reasons.OK))
            continue
        before = known.records.get((terminal, entry.serial))
        if before is None:
            answers.append(_new(terminal, raw, entry, known, result))
        elif before[0] == raw[:CONTENT]:
            _told_later(terminal, raw, entry, before[1], known, result)
            answers.append((batch.EXISTS, reasons.OK))
        else:
            result.aside.append(Aside(terminal, raw, batch.EXISTS_DIFFERENT, reasons.OK))
            answers.append((batch.EXISTS_DIFFERENT, reasons.OK))
    return answers


def _plain(terminal, raw, entry, place: Place, known: Known, result: Result) -> bool:
    """What most records are: the next of its terminal, a purchase that is done, of a card that goes
    on where it stood and has nothing open. -> True if this is one; then it is judged, as `_new`
    would, in half the time (tests/sync_server/test_plain.py compares the two).
    """
    card, counter, serial = entry.card, entry.counter, entry.serial
    step = (card, counter)
    previous = (entry.previous_terminal, entry.previous_serial)
    if (
        serial != place.highest + 1
        or raw[record.OUTCOME_AT] != record.DONE
        or entry.type != record.PURCHASE
        or not entry.flags & record.PURSE_READ
        or known.steps.get((card, counter - 1)) != previous
        or step in known.steps
        or card in known.greys
        or card in known.spans
        or card not in known.cards
        or not entry.amount_fen
        or entry.detail
        or not place.merchant
        or record.next_chain(place.chain, raw) != raw[record.FIELDS_SIZE : _CHAIN_END]
    ):
        return False
    balance_fen, amount_fen = entry.balance_fen, entry.amount_fen
    place.highest = serial
    place.chain = raw[record.FIELDS_SIZE : _CHAIN_END]
    known.records[terminal, serial] = (raw[:CONTENT], record.DONE)
    known.steps[step] = (terminal, serial)
    known.knots.setdefault(card, {})[counter + 1] = balance_fen
    result.steps.append((card, counter, terminal, serial, balance_fen + amount_fen, balance_fen))
    result.kept.append(Kept(terminal, raw, entry, record.DONE, reasons.OK))
    merchant = (ledger.MERCHANT, place.merchant)
    result.transfers.append(Transfer(ledger.purse(card), merchant, amount_fen, terminal, serial))
    return True


def _damaged(raw: bytes, place: Place) -> None:
    """It will not come in a better state: if its number is the next one, that is here now.

    Else a terminal whose newest record it is would be asked for it at every report.
    """
    serial = int.from_bytes(raw[:4], "big")
    if serial == place.highest + 1 < 0xFFFFFFFF:
        place.highest, place.chain = serial, b""


def _new(terminal, raw, entry, known: Known, result: Result) -> tuple[int, int]:
    """A record that was not here before."""
    place = known.places[terminal]
    outcome = record.outcome_of(raw)
    contradicted = _witness(entry, known, result)
    fault = _fault(terminal, raw, entry, place, known) or contradicted
    if entry.serial > place.highest:
        place.highest = entry.serial
        place.chain = record.chain_of(raw)
    known.records[terminal, entry.serial] = (raw[:CONTENT], outcome)
    if outcome == record.DONE:
        fault = _done(terminal, entry, fault, known, result)
    elif outcome == record.VOID:
        fault = fault or _void(terminal, entry, known)
        actions.void(entry, terminal, result)
    else:
        known.greys.setdefault(entry.card, []).append(Grey(terminal, entry, fault))
    result.kept.append(Kept(terminal, raw, entry, outcome, fault))
    if tells_of(entry):
        _put_back(terminal, entry, known, result)
    if entry.card in known.greys:
        _resolve(terminal, entry, known, result)
    return (batch.QUARANTINED, fault) if fault else (batch.STORED, reasons.OK)


def _fault(terminal, raw, entry, place: Place, known: Known) -> int:
    """What is wrong with a record whatever became of it."""
    if entry.type not in _TYPES:
        return reasons.BAD_TYPE
    is_posted = entry.type in ledger.RULES
    if entry.card not in known.cards and (entry.card or is_posted):
        return reasons.UNKNOWN_CARD
    before = place.chain if entry.serial == place.highest + 1 else None
    if entry.serial == 1:
        before = record.first_chain(terminal)
    if before and record.next_chain(before, raw) != record.chain_of(raw):
        return reasons.CHAIN_BROKEN
    if is_posted and place.merchant is None:
        return reasons.NO_MERCHANT
    proven = proof.purchase_of(entry)
    if proven:
        content, _ = known.records.get((terminal, proven), (b"", 0))
        if not content and proven < entry.serial:
            return reasons.OK  # what it speaks of was lost or came damaged: nobody can judge it
        return proof.fault(entry, terminal, content, known.tac_keys.get(entry.card))
    return reasons.OK


def _done(terminal, entry, fault: int, known: Known, result: Result) -> int:
    """A record's money, and its step of the card's chain. -> the fault it has now.

    The same for a record that came DONE and for a grey that is told DONE later: `fault` is what it
    had when it came.
    """
    card_is_good = fault != reasons.UNKNOWN_CARD
    made = chain.claim(entry, terminal) if card_is_good else None
    balances = chain.read_fen(entry), entry.balance_fen
    if made is not None and not _claimed(*made, balances, known, result):
        fault = reasons.FORKED_CARD
        card_is_good = False
    if entry.type == record.LOAD:
        fault = actions.loaded(entry, terminal, card_is_good, known, result) or fault
    fault = meals.judged(entry, terminal, card_is_good, known, result) or fault
    transfer = ledger.posting(entry, terminal, known.places[terminal].merchant, card_is_good)
    if entry.type == record.REVERSAL and transfer is not None:
        transfer, wrong = reversals.judged(entry, terminal, transfer, known, result)
        fault = fault or wrong
    spans = known.spans.get(entry.card)
    if made is not None and card_is_good and spans:
        fen = -entry.amount_fen if entry.type in record.GIVES else entry.amount_fen
        changed, due, differs = rebuild.tell(spans, entry.counter, fen, transfer)
        result.told += changed
        result.transfers += due
        differs = differs and entry.type not in record.GIVES
        return fault or (reasons.UNBALANCED if differs else reasons.OK)
    if transfer is not None:
        result.transfers.append(transfer)
    return fault


def _void(terminal, entry, known: Known) -> int:
    """Nothing moved; but a later purse may have named this record as the one that wrote it."""
    made = chain.claim(entry, terminal)
    if made is not None and known.steps.get(made[0]) == made[1]:
        return reasons.UNBALANCED
    return reasons.OK


def _claimed(
    step: tuple[int, int],
    writer: Writer,
    balances: tuple[int | None, int | None],
    known: Known,
    result: Result,
) -> bool:
    """The step is this writer's; False if it was another's already. balances: before and after."""
    before = known.steps.get(step)
    if before is None:
        known.steps[step] = writer
        known.knots.setdefault(step[0], {})[step[1] + 1] = balances[1]
        result.steps.append(step + writer + balances)
        actions.stepped(step[0], writer, balances[1], known, result)
        return True
    return chain.same(before, writer)


def _told_later(terminal, raw, entry, outcome: int, known: Known, result: Result) -> None:
    """The same record again: its terminal may know by now what became of it."""
    told = record.outcome_of(raw)
    if told in (record.INTENT, outcome):
        return
    if (outcome, told) == (record.VOID, record.DONE):
        # Its step was another's, and yet it was taken: from a second card with that number.
        _settle(Grey(terminal, entry), told, known, result)
        return
    if outcome != record.INTENT:
        # The chain proved one thing, the terminal says another: named, and nothing is posted.
        result.aside.append(Aside(terminal, raw, batch.EXISTS, reasons.UNBALANCED))
        return
    for grey in list(known.greys.get(entry.card, ())):
        if grey.writer == (terminal, entry.serial):
            _settle(grey, told, known, result)
    _resolve(terminal, entry, known, result)


def tells_of(entry) -> int:
    """Serial of the grey record whose outcome this event tells, 0 if it is none such."""
    is_one = entry.type == record.EVENT and entry.reason in _TOLD
    return entry.detail if is_one else 0


def _put_back(terminal, entry, known: Known, result: Result) -> None:
    """A card came back to a torn tap and paid. If the chain had given its step to another record,
    there are two cards with that number, and this debit was made all the same.
    """
    raw, outcome = known.records.get((terminal, tells_of(entry)), (b"", record.INTENT))
    if not raw:
        return
    told, says = record.unpack(raw + _NO_OUTCOME), _TOLD[entry.reason]
    if told.card != entry.card:
        return
    if (outcome, says) == (record.VOID, record.DONE):
        _settle(Grey(terminal, told), says, known, result)
    elif outcome == record.INTENT and told.type == record.LOAD:
        for grey in list(known.greys.get(entry.card, ())):
            if grey.writer == (terminal, told.serial) and not chain.claim(told, terminal):
                _settle(grey, says, known, result)


def _witness(entry, known: Known, result: Result) -> int:
    """Keep what this record's purse tells of the step before.

    -> FORKED_CARD if another record made that step, UNBALANCED if the one it names says that it
    wrote nothing, else 0.
    """
    seen = chain.witnessed(entry)
    if seen is None or entry.card not in known.cards:
        return reasons.OK
    step, writer = seen
    before = known.steps.get(step)
    if before is not None:
        return reasons.OK if chain.same(before, writer) else reasons.FORKED_CARD
    balances = chain.before_fen(entry), chain.read_fen(entry)
    _claimed(step, writer, balances, known, result)
    named = known.records.get(writer)
    if named is None:
        find(Named(*step, *writer, *balances), known, result)
    return reasons.UNBALANCED if named and named[1] == record.VOID else reasons.OK


def find(named: Named, known: Known, result: Result) -> None:
    """Rebuild a record that is not here, if it was declared lost."""
    place = known.places.get(named.terminal)
    if place is None or not place.has_lost(named.serial):
        return
    spans = known.spans.setdefault(named.card, [])
    knots = known.knots.get(named.card, {})
    made, booked = rebuild.find(named, knots, spans, place.merchant)
    result.told += [span for span in spans if not span.exact]
    spans += made
    result.rebuilt += made
    result.transfers += booked


def _resolve(terminal, entry, known: Known, result: Result) -> None:
    """Settle the greys of this record's card that can be known now.

    A card that was never issued has no chain: of its greys only their terminals can tell.
    """
    for grey in list(known.greys.get(entry.card, ())):
        if grey.fault == reasons.UNKNOWN_CARD:
            continue
        told = chain.verdict(grey, known.steps, entry, terminal)
        if told != record.INTENT:
            _settle(grey, told, known, result)


def _settle(grey: Grey, outcome: int, known: Known, result: Result) -> None:
    """A grey record's outcome is known now."""
    greys = known.greys.get(grey.entry.card, [])
    if grey in greys:
        greys.remove(grey)
        if not greys:
            del known.greys[grey.entry.card]
    before = known.records.get(grey.writer)
    if before is not None:
        known.records[grey.writer] = (before[0], outcome)
    fault = grey.fault
    if outcome == record.DONE:
        fault = _done(grey.terminal, grey.entry, fault, known, result)
    else:
        actions.void(grey.entry, grey.terminal, result)
    result.settled.append(Settled(grey, outcome, fault))
