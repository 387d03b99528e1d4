"""Uploaded records judged: what is kept, what is posted, what each is answered.

Answers, first that fits (docs/ingest.md):
 1. QUARANTINED BAD_RECORD    the bytes cannot be a record; they are kept as they came
 2. EXISTS                    this number with this content is here already
 3. EXISTS_DIFFERENT          this number is here with other content; both are kept, this one aside
 4. QUARANTINED with a reason kept and named: unknown type or card, broken chain, forked card
 5. STORED
Nothing is dropped, nothing blocks what follows, money that was taken from a card is posted whatever
else is wrong. Pure: `Known` is what is known before, and is brought up to date; `Result` is what
must be written, in one transaction, before any answer leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from protocol import batch, reasons, record
from protocol.errors import RemoteError
from sync_server.core import chain, ledger
from sync_server.core.chain import Grey, Steps
from sync_server.core.ledger import Transfer

_CONTENT = 60
_TYPES = range(record.PURCHASE, record.EVENT + 1)


@dataclass
class Place:
    """What is known of a terminal: whose takings, and where its journal stands here."""

    merchant: str | None
    highest: int = 0
    chain: bytes = b""  # of record `highest`


@dataclass
class Known:
    """What is known before a batch; `judge` brings it up to date."""

    places: dict[int, Place] = field(default_factory=dict)
    cards: set[int] = field(default_factory=set)
    records: dict[tuple[int, int], tuple[bytes, int]] = field(default_factory=dict)
    steps: Steps = field(default_factory=dict)
    greys: dict[int, list[Grey]] = field(default_factory=dict)  # by card


class Kept(NamedTuple):
    """A record to be stored. fault: a code of `reasons`, 0 for none."""

    terminal: int
    raw: bytes
    entry: record.Record
    outcome: int
    fault: int


class Aside(NamedTuple):
    """Bytes kept in quarantine, and why."""

    terminal: int
    raw: bytes
    answer: int
    reason: int


@dataclass
class Result:
    """What must be written for one commit. outcomes: (outcome, fault or 0, terminal, serial) of
    records that were grey; steps: (card, counter, terminal, serial)."""

    kept: list[Kept] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    outcomes: list[tuple[int, int, int, int]] = field(default_factory=list)
    steps: list[tuple[int, int, int, int]] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)


def parse(tail: bytes) -> list[tuple[bytes, record.Record | None]]:
    """The records of a batch; None where the bytes cannot be one."""
    parsed: list[tuple[bytes, record.Record | None]] = []
    for raw in batch.split(tail):
        try:
            entry = record.unpack(raw)
            parsed.append((raw, entry if 0 < entry.serial < 0xFFFFFFFF else None))
        except RemoteError:
            parsed.append((raw, None))
    return parsed


def judge(
    terminal: int, parsed: list[tuple[bytes, record.Record | None]], known: Known, result: Result
) -> list[tuple[int, int]]:
    """Judge the records of one terminal, in order. -> (answer, reason) of each."""
    answers = []
    for raw, entry in parsed:
        if entry is None:
            result.aside.append(Aside(terminal, raw, batch.QUARANTINED, reasons.BAD_RECORD))
            answers.append((batch.QUARANTINED, reasons.BAD_RECORD))
            continue
        before = known.records.get((terminal, entry.serial))
        if before is None:
            answers.append(_new(terminal, raw, entry, known, result))
        elif before[0] == raw[:_CONTENT]:
            _told_later(terminal, raw, entry, before[1], known, result)
            answers.append((batch.EXISTS, reasons.OK))
        else:
            result.aside.append(Aside(terminal, raw, batch.EXISTS_DIFFERENT, reasons.OK))
            answers.append((batch.EXISTS_DIFFERENT, reasons.OK))
    return answers


def _new(terminal, raw, entry, known: Known, result: Result) -> tuple[int, int]:
    """A record that was not here before."""
    place = known.places[terminal]
    outcome = record.outcome_of(raw)
    fault = _fault(terminal, raw, entry, place, known)
    if entry.serial > place.highest:
        place.highest = entry.serial
        place.chain = record.chain_of(raw)
    known.records[terminal, entry.serial] = (raw[:_CONTENT], outcome)
    at = len(result.kept)
    result.kept.append(Kept(terminal, raw, entry, outcome, fault))
    if outcome == record.DONE:
        fault = _done(terminal, entry, known, result, fault)
    fault = fault or _witness(terminal, entry, known, result)
    if fault:
        result.kept[at] = result.kept[at]._replace(fault=fault)
    if outcome == record.INTENT and entry.card in known.cards:
        known.greys.setdefault(entry.card, []).append(Grey(terminal, entry))
    return (batch.QUARANTINED, fault) if fault else (batch.STORED, reasons.OK)


def _fault(terminal, raw, entry, place: Place, known: Known) -> int:
    if entry.type not in _TYPES:
        return reasons.BAD_TYPE
    if entry.card and entry.card not in known.cards:
        return reasons.UNKNOWN_CARD
    before = place.chain if entry.serial == place.highest + 1 else None
    if entry.serial == 1:
        before = record.first_chain(terminal)
    if before and record.next_chain(before, raw) != record.chain_of(raw):
        return reasons.CHAIN_BROKEN
    if ledger.RULES.get(entry.type) and place.merchant is None:
        return reasons.NO_MERCHANT
    return reasons.OK


def _done(terminal, entry, known: Known, result: Result, fault: int) -> int:
    """The record's money, and its step of the card's chain. -> the fault it has now."""
    made = chain.claim(entry, terminal)
    if made is not None and fault != reasons.UNKNOWN_CARD:
        step, writer = made
        if known.steps.setdefault(step, writer) == writer:
            result.steps.append(step + writer)
        else:
            fault = reasons.FORKED_CARD
    card_is_good = fault not in (reasons.UNKNOWN_CARD, reasons.FORKED_CARD)
    transfer = ledger.posting(entry, terminal, known.places[terminal].merchant, card_is_good)
    if transfer is not None and fault != reasons.BAD_TYPE:
        result.transfers.append(transfer)
    return fault


def _told_later(terminal, raw, entry, outcome: int, known: Known, result: Result) -> None:
    """The same record again: its terminal may know by now what became of it."""
    told = record.outcome_of(raw)
    if told == record.INTENT or told == outcome:
        return
    if outcome == record.INTENT:
        _settle(Grey(terminal, entry), told, known, result)
    else:  # the chain proved one thing, the terminal says another: named, and not posted again
        result.aside.append(Aside(terminal, raw, batch.EXISTS, reasons.UNBALANCED))


def _witness(terminal, entry, known: Known, result: Result) -> int:
    """What this record's purse tells of the step before, and of greys of this card.

    -> FORKED_CARD if another record is known to have made that step, else 0.
    """
    if entry.card not in known.cards:
        return reasons.OK
    fault = reasons.OK
    seen = chain.witnessed(entry)
    if seen is not None:
        step, writer = seen
        before = known.steps.get(step)
        if before is None:
            known.steps[step] = writer
            result.steps.append(step + writer)
        elif before != writer:
            fault = reasons.FORKED_CARD
    for grey in list(known.greys.get(entry.card, ())):
        told = chain.verdict(grey, known.steps, entry, terminal)
        if told != record.INTENT:
            _settle(grey, told, known, result)
    return fault


def _settle(grey: Grey, outcome: int, known: Known, result: Result) -> None:
    """A grey record's outcome is known now."""
    greys = known.greys.get(grey.entry.card, [])
    if grey in greys:
        greys.remove(grey)
    key = (grey.terminal, grey.entry.serial)
    if key in known.records:
        known.records[key] = (known.records[key][0], outcome)
    is_known = grey.entry.card in known.cards
    fault = reasons.OK if is_known else reasons.UNKNOWN_CARD
    if outcome == record.DONE:
        fault = _done(grey.terminal, grey.entry, known, result, fault)
    result.outcomes.append((outcome, fault, *key))
