"""Gear 1: honest campuses converge whatever the weather; planted bugs are found by the oracle.

A check that cannot fail is worth nothing: each planted bug switches one protection off and must be
found within SEEDS seeds of TAPS taps.
"""

import pytest

from firmware.core.journal import Journal
from firmware.core.lists import CardList
from firmware.core.uploader import Uploader
from firmware.credential.m1 import M1
from protocol import record
from sync_server.core import chain, ingest
from terminal_sim.gears.inprocess import Campus
from terminal_sim.oracle import Violation

SEEDS, TAPS = 16, 400


@pytest.mark.parametrize("seed", range(1, 13))
def test_every_weather_converges(seed):
    figures = Campus(seed).run(TAPS)
    assert (figures["lost"], figures["doubled"], figures["grey_open"]) == (0, 0, 0)
    assert figures["paid"] > 0 and figures["passed"] > 0


def test_the_same_seed_gives_the_same_bytes():
    first, second = Campus(5).run(TAPS), Campus(5).run(TAPS)
    assert first["digest"] == second["digest"]
    assert Campus(6).run(TAPS)["digest"] != first["digest"]


def confirm_is_not_written(patch):
    patch.setattr(Journal, "confirm", lambda self, serial: True)


def list_is_not_looked_at(patch):
    patch.setattr(CardList, "has", lambda self, number: False)


def a_batch_is_stored_twice(patch):
    judge = ingest.judge

    def forgetful(terminal, parsed, known, result):
        known.records.clear()
        return judge(terminal, parsed, known, result)

    patch.setattr(ingest, "judge", forgetful)


def more_is_acknowledged_than_was_sent(patch):
    patch.setattr(
        Uploader,
        "_answers",
        lambda self, tail, now: self._terminal.journal.ack(self._terminal.journal.serial_next - 1),
    )


def a_grey_is_guessed_done(patch):
    patch.setattr(chain, "verdict", lambda *arguments: record.DONE)


def a_grey_is_guessed_void(patch):
    patch.setattr(chain, "verdict", lambda *arguments: record.VOID)


def a_torn_debit_is_taken_again(patch):
    patch.setattr(M1, "resolve", _void)


def _void(self, tap, grey):
    yield from ()
    return record.VOID


@pytest.mark.parametrize(
    "bug",
    [
        confirm_is_not_written,
        list_is_not_looked_at,
        a_batch_is_stored_twice,
        more_is_acknowledged_than_was_sent,
        a_grey_is_guessed_done,
        a_grey_is_guessed_void,
        a_torn_debit_is_taken_again,
    ],
)
def test_a_planted_bug_is_found(bug, monkeypatch):
    bug(monkeypatch)
    for seed in range(1, SEEDS + 1):
        try:
            Campus(seed).run(TAPS)
        except Violation:
            return
    pytest.fail(f"{bug.__name__} was not found in {SEEDS} seeds of {TAPS} taps")
