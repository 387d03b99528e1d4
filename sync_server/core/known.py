"""What the judge of records knows before a commit, and what it decides.

Plain data for core.ingest and what it calls; nothing here does anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from protocol import record
from sync_server.core.actions import Load
from sync_server.core.chain import Grey, Steps, Writer
from sync_server.core.ledger import Transfer
from sync_server.core.meals import Meal
from sync_server.core.rebuild import Knots, Span


@dataclass
class Place:
    """What is known of a terminal: whose takings, and where its journal stands here.

    lost: (first, last) serials that no journal has any more, though some of them were used.
    """

    merchant: str | None
    highest: int = 0
    chain: bytes = b""  # of record `highest`; empty if that one was damaged
    lost: tuple[tuple[int, int], ...] = ()

    def has_lost(self, serial: int) -> bool:
        """Was this record declared lost?"""
        return any(first <= serial <= last for first, last in self.lost)

    @property
    def used(self) -> int:
        """The highest number that may have been used."""
        return max([self.highest] + [last for _, last in self.lost])


@dataclass
class Known:
    """What is known before a batch; `judge` brings it up to date."""

    places: dict[int, Place] = field(default_factory=dict)
    cards: set[int] = field(default_factory=set)
    records: dict[tuple[int, int], tuple[bytes, int]] = field(default_factory=dict)
    steps: Steps = field(default_factory=dict)
    greys: dict[int, list[Grey]] = field(default_factory=dict)  # by card
    spans: dict[int, list[Span]] = field(default_factory=dict)  # by card
    knots: dict[int, Knots] = field(default_factory=dict)  # by card
    tac_keys: dict[int, bytes] = field(default_factory=dict)  # of cards whose proofs are here
    reversed: set[Writer] = field(default_factory=set)  # purchases, of those named here
    meals: dict[Meal, Writer] = field(default_factory=dict)  # subsidised, of those named here
    loads: dict[Writer, Load] = field(default_factory=dict)  # by the record that each is granted to


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


class Settled(NamedTuple):
    """A grey record whose outcome is known now, and its fault as it is now."""

    grey: Grey
    outcome: int
    fault: int


@dataclass
class Result:
    """What must be written for one commit, `settled` after `kept`.

    steps: (card, counter, terminal, serial, fen before, fen after), each new.
    """

    kept: list[Kept] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    steps: list[tuple[int, int, int, int, int | None, int | None]] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    rebuilt: list[Span] = field(default_factory=list)  # new
    told: list[Span] = field(default_factory=list)  # of those that were there before
    reversed: list[tuple[Writer, int]] = field(default_factory=list)  # purchase, by which serial
    again: list[tuple[Writer, int]] = field(default_factory=list)  # given back before; fen
    meals: dict[Meal, Writer | None] = field(default_factory=dict)  # None: taken back
    loaded: list[int] = field(default_factory=list)  # actions that are done
    freed: list[Writer] = field(default_factory=list)  # grants that came to nothing
