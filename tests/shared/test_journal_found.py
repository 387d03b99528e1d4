"""What the machine of tests/fuzz found in the journal, each by name. I3."""

from firmware.core.journal import Journal
from firmware.core.layout import Region
from protocol import record
from terminal_sim.flash import Flash
from tests.shared.test_journal import TERMINAL, entry

REGION = Region(0, 2)
KINDS = ((1, True), (64, False))


def mounted(flash, seen, region=REGION):
    """A journal on that flash; `seen` gets serial -> outcome of what is not acknowledged."""
    journal = Journal(flash, region, TERMINAL)
    journal.mount(lambda raw, outcome: seen.update({record.unpack(raw).serial: outcome}))
    return journal


def test_a_purchase_that_is_final_at_once_is_done_on_both_kinds():
    """Who pays by code has no card to ask: on flash of the second kind each stayed grey."""
    for unit, reprogram in KINDS:
        flash = Flash(2 * 4096, unit, reprogram)
        journal = mounted(flash, {})
        journal.append(entry(journal, record.PURCHASE))
        seen = {}
        for again in (journal, mounted(flash, seen)):
            assert record.outcome_of(again.batch(1)[1]) == record.DONE
        assert seen == {1: record.DONE} and again.grey == 0


def test_greys_of_a_full_ring_are_remembered():
    """Full to the end of a sector: the next slot is the first of the oldest sector, where the
    walk stopped, and the card of a grey record in it would have paid twice."""
    flash = Flash(2 * 4096)
    journal = mounted(flash, {})
    while not journal.full:
        journal.intent(entry(journal))
        journal.leave()
    assert journal.serial_next == 129
    seen = {}
    again = mounted(flash, seen)
    assert sorted(seen) == list(range(1, 129))
    assert [grey.serial for grey in again.greys(7)] == list(range(65, 129))  # the newest 64


def test_greys_before_a_far_acknowledgement_are_remembered():
    """A mark in the newest sector speaks of records long before: those after them are still due."""
    region = Region(0, 4)
    for unit, reprogram in KINDS:
        flash = Flash(4 * 4096, unit, reprogram)
        journal = mounted(flash, {}, region)
        for serial in range(1, 101):
            journal.intent(entry(journal))
            if serial != 50:
                journal.confirm(serial)
            journal.leave()
        last, _ = journal.batch(40)
        journal.ack(last)
        seen = {}
        again = mounted(flash, seen, region)
        assert again.acked_to == 40
        assert sorted(seen) == list(range(41, 101))
        assert [grey.serial for grey in again.greys(7)] == [50]
        assert again.confirm(50)
