"""A card's chain: who wrote its purse from one counter to the next, and what that proves.

Each purchase that is done takes a card from counter c to c + 1; that is its step. Each record that
read a purse is a witness of the step before: it names the record that wrote it. From both:
 - a grey record at counter c is DONE if the step from c is its own, VOID if it is another's, or if
   a later record of its own terminal still read c; else it stays grey: nothing is guessed.
 - two records that claim one step mean that there are two cards where there should be one.
A purchase by a PSAM is named by its terminal and its second instead (docs/psam.md): who reads the
card's log knows no more.
What it is not: a store; it works on `steps`, a dict (card, counter) -> (terminal, serial).
"""

from __future__ import annotations

from typing import NamedTuple

from card_layout import purse_cpu
from protocol import record

Writer = tuple[int, int]  # (terminal, serial)
Steps = dict[tuple[int, int], Writer]


def same(one: Writer, other: Writer) -> bool:
    """Do two names mean one record? A moment may mean any record of its terminal."""
    is_moment = max(one[1], other[1]) >= purse_cpu.FIRST_MOMENT
    return one == other or (is_moment and one[0] == other[0])


class Grey(NamedTuple):
    """A record whose outcome is not known. fault: what was wrong with it when it came, or 0."""

    terminal: int
    entry: record.Record
    fault: int = 0

    @property
    def writer(self) -> Writer:
        """How a purse would name it."""
        return (self.terminal, self.entry.serial)

    def is_named(self, writer: Writer) -> bool:
        """Does a purse that names this writer mean this record?"""
        moment = (self.terminal, self.entry.utc_s)
        is_moment = writer[1] >= purse_cpu.FIRST_MOMENT  # a clock may be of 1970, and tell a serial
        return writer == self.writer or (is_moment and writer == moment)


def claim(entry: record.Record, terminal: int) -> tuple[tuple[int, int], Writer] | None:
    """The step that a done record makes, None if it makes none."""
    if not record.makes_step(entry):
        return None
    return (entry.card, entry.counter), (terminal, entry.serial)


def witnessed(entry: record.Record) -> tuple[tuple[int, int], Writer] | None:
    """The step before, as the purse named it to this record; None if it says nothing."""
    if not entry.flags & record.PURSE_READ or not entry.card or not entry.counter:
        return None
    if not entry.previous_terminal:
        return None
    return (entry.card, entry.counter - 1), (entry.previous_terminal, entry.previous_serial)


def read_fen(entry: record.Record) -> int | None:
    """The balance that a record read from the purse, None if its type does not tell."""
    if entry.type in record.TAKES:
        return entry.balance_fen + entry.amount_fen
    if entry.type in record.GIVES and entry.flags & record.PURSE_READ:
        return entry.balance_fen - entry.amount_fen
    if entry.type in (record.PASS, record.REFUSAL, record.EVENT):
        return entry.balance_fen
    return None


def before_fen(entry: record.Record) -> int | None:
    """The balance one step before the one that a record read, None if it does not tell."""
    read = read_fen(entry)
    if read is None or entry.previous_amount_fen == record.UNKNOWN_AMOUNT_FEN:
        return None
    return read + entry.previous_amount_fen


def verdict(grey: Grey, steps: Steps, later: record.Record | None = None, at: int = 0) -> int:
    """DONE, VOID, or INTENT while it cannot be known. `later`: a record of terminal `at`.

    Of a record that makes no step a chain can tell nothing.
    """
    if claim(grey.entry, grey.terminal) is None:
        return record.INTENT
    writer = steps.get((grey.entry.card, grey.entry.counter))
    if writer is not None:
        return record.DONE if grey.is_named(writer) else record.VOID
    if (
        later is not None
        and at == grey.terminal
        and later.serial > grey.entry.serial
        and later.card == grey.entry.card
        and later.flags & record.PURSE_READ
        and later.counter == grey.entry.counter
    ):
        return record.VOID
    return record.INTENT
