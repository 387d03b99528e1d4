"""Gear 1: honest campuses converge whatever the weather; planted bugs are found by the oracle.

A check that cannot fail is worth nothing: each planted bug switches one protection off and must be
found, by the invariant that it breaks, within SEEDS seeds of TAPS taps.
"""

import pytest

from firmware.core import policy, states, tap
from firmware.core.journal import Journal
from firmware.core.lists import CardList
from firmware.core.terminal import Terminal
from firmware.core.uploader import Uploader
from firmware.credential.m1 import M1
from protocol import reasons, record
from sync_server.core import chain, ingest, ledger
from terminal_sim.gears.inprocess import Campus
from terminal_sim.oracle import Violation

SEEDS, TAPS = 16, 600


@pytest.mark.parametrize("seed", range(1, 9))
def test_every_weather_converges(seed):
    figures = Campus(seed).run(TAPS)
    assert (figures["lost"], figures["doubled"], figures["grey_open"]) == (0, 0, 0)
    assert figures["paid"] > 0 and figures["passed"] > 0


def test_the_weather_of_these_seeds_is_hard():
    campuses = [Campus(seed) for seed in range(1, 13)]
    figures = [campus.run(TAPS) for campus in campuses]
    for name, least in (("tears", 100), ("power_cuts", 30), ("greys_resolved", 50), ("spells", 5)):
        assert sum(one.get(name, 0) for one in figures) >= least, name
    assert sum(node.flash.erases for campus in campuses for node in campus.nodes) > 20
    assert {campus.weather.reprogram for campus in campuses} == {True, False}


def test_the_same_seed_gives_the_same_bytes():
    first, second = Campus(5).run(TAPS), Campus(5).run(TAPS)
    assert first["digest"] == second["digest"]
    assert Campus(6).run(TAPS)["digest"] != first["digest"]


def test_a_tear_that_did_not_happen_tears_no_later_tap():
    """A tap that ends before its tear must not spoil the calm of phase 2."""
    campus = Campus(2)
    campus.weather.tears = 1
    assert campus.run(60)["card_tears"] >= 60


def no_intent_is_written_before_the_card(patch):
    intent, confirm = Journal.intent, Journal.confirm

    def later(self, entry):
        self.late = entry
        return entry.serial

    def now(self, serial):
        if self.serial_next == serial:
            intent(self, self.late)
        return confirm(self, serial)

    patch.setattr(Journal, "intent", later)
    patch.setattr(Journal, "confirm", now)


def paid_is_shown_before_the_confirm(patch):
    confirm, show = tap._confirm, tap._show

    def nothing(now):
        now.accepted = True
        return states.OK

    def both(now):
        yield from show(now)
        return confirm(now) if now.accepted else states.OK

    patch.setitem(tap.STAGES, states.CONFIRM, (nothing, False))
    patch.setitem(tap.STAGES, states.SHOW, (both, True))


def a_sector_is_erased_unsent(patch):
    patch.setattr(Journal, "_may_erase", lambda self, sector: True)


def what_exists_is_posted_again(patch):
    told_later = ingest._told_later

    def again(terminal, raw, entry, outcome, known, result):
        transfer = ledger.posting(entry, terminal, "merchant", True)
        if transfer and outcome == record.DONE:
            result.transfers.append(transfer)
        told_later(terminal, raw, entry, outcome, known, result)

    patch.setattr(ingest, "_told_later", again)


def the_list_is_no_check(patch):
    checks = tuple(check for check in policy.CHECKS if check[0] != reasons.LISTED)
    patch.setattr(policy.judge, "__defaults__", (checks,))


def a_list_is_not_read_back(patch):
    """The digest is of what was meant; the flash took nothing of it."""
    patch.setattr(CardList, "_put", lambda self, start, whole: not whole.update(self._work))


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


def nobody_is_awaited(patch):
    """A torn debit is confirmed when its card comes back, and the sale is taken once more."""
    patch.setattr(Terminal, "awaits", lambda self, grey, now: False)
    without = tuple(check for check in policy.CHECKS if check[0] != reasons.PUT_BACK)
    patch.setattr(policy.judge, "__defaults__", (without,))


def _void(self, tap, grey):
    yield from ()
    return record.VOID


BUGS = {
    no_intent_is_written_before_the_card: "I4",
    paid_is_shown_before_the_confirm: "I4",
    confirm_is_not_written: "I4",
    a_torn_debit_is_taken_again: "I4",
    nobody_is_awaited: "I4",
    more_is_acknowledged_than_was_sent: "I3 I5",
    a_sector_is_erased_unsent: "I5",
    what_exists_is_posted_again: "I3",
    a_batch_is_stored_twice: "I3",
    a_grey_is_guessed_done: "I3",
    a_grey_is_guessed_void: "I3",
    the_list_is_no_check: "I6",
    list_is_not_looked_at: "I6",
    a_list_is_not_read_back: "I6",
}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug, monkeypatch):
    bug(monkeypatch)
    for seed in range(1, SEEDS + 1):
        try:
            Campus(seed).run(TAPS)
        except Violation as found:
            assert found.invariant in BUGS[bug], str(found)
            return
    pytest.fail(f"{bug.__name__} was not found in {SEEDS} seeds of {TAPS} taps")
