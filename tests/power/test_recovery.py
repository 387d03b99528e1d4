"""Each state that a cut can leave, and what the next boot makes of it: the rows of a table.

The table is docs/journal.md, "Coming back"; the last test compares it with this file and with
test_recovery_pages, which has the values, the lists and the keys.
"""

import re
import sys
from pathlib import Path

import pytest

from firmware.core.journal import Journal, JournalFull
from firmware.core.layout import Region
from firmware.core.marks import ACKED_EVERY
from protocol import record
from terminal_sim.flash import ALL, HALF, NOTHING, ONE, SHAPES, SPRAY, Flash
from terminal_sim.flash_faults import FaultyFlash
from terminal_sim.oracle import PAID
from tests.power import test_recovery_pages
from tests.power.desk import Desk
from tests.power.test_recovery_pages import TORN, cut
from tests.shared.test_journal import TERMINAL, drain, entry, purchase, waiting

JOURNAL = Region(0, 3)
TORN_RECORD = (ONE, HALF, SPRAY)  # its last bytes stay blank
KINDS = pytest.mark.parametrize("kind", [(1, True), (32, False)], ids=["twice", "once"])
ITSELF = "test_each_row_has_its_test_and_each_test_its_row"
TABLE = Path(__file__).parents[2] / "docs" / "journal.md"


def flash_of(kind, made=Flash):
    return made(3 * 4096, *kind)


def mounted(flash):
    journal = Journal(flash, JOURNAL, TERMINAL)
    journal.mount()
    return journal


def used(kind, purchases=3, made=Flash):
    """-> (flash, journal) with records 1.. confirmed and not sent."""
    flash = flash_of(kind, made)
    journal = mounted(flash)
    for _ in range(purchases):
        purchase(journal)
    return flash, journal


def up_to(journal, offset):
    """Go on until the next slot has this place in its sector; few records wait then."""
    while (offset - journal._ring.next) % 64 > 8:
        journal.append(entry(journal, record.PASS))
    drain(journal, {})
    while journal._ring.next % 64 != offset:
        journal.append(entry(journal, record.PASS))


def goes_on(flash, serial):
    """The journal works: this is the next serial, and it arrives."""
    journal = mounted(flash)
    assert journal.serial_next == serial
    assert purchase(journal) == serial
    found = waiting(mounted(flash), 200)
    assert found[-1] == (serial, record.DONE)
    return found


# the journal


@KINDS
def test_nothing_was_ever_written(kind):
    journal = mounted(flash_of(kind))
    assert (journal.serial_next, journal.queue, journal.grey) == (1, 0, 0)
    goes_on(flash_of(kind), 1)


@KINDS
def test_a_record_is_torn(kind):
    for shape in TORN_RECORD:
        flash, journal = used(kind)
        cut(flash, shape, journal.intent, entry(journal))
        again = mounted(flash)
        assert (again.serial_next, again.queue, again.grey) == (4, 3, 0)
        assert len(goes_on(flash, 4)) == 4


@KINDS
def test_the_first_record_of_a_sector_is_torn(kind):
    for shape in TORN_RECORD:
        flash, journal = used(kind)
        up_to(journal, 0)
        serial = journal.serial_next
        cut(
            flash, shape, journal.intent, entry(journal), after=1 if journal._ring._ahead > 0 else 2
        )
        erases = flash.erases
        goes_on(flash, serial)
        assert flash.erases == erases + 1


@KINDS
def test_an_intent_has_no_outcome(kind):
    flash, journal = used(kind)
    cut(flash, ALL, journal.intent, entry(journal))
    again = mounted(flash)
    assert (again.serial_next, again.queue) == (5, 4)
    assert [grey.serial for grey in again.greys(7)] == [4]
    assert waiting(again)[-1] == (4, record.INTENT)


@KINDS
def test_an_outcome_is_torn(kind):
    for how, outcome in (("confirm", record.DONE), ("void", record.VOID)):
        for shape in SHAPES:
            for noise in range(8):
                flash, journal = used(kind)
                serial = journal.intent(entry(journal))
                cut(flash, shape, getattr(journal, how), serial, noise=noise)
                again = mounted(flash)
                found = waiting(again)[-1]
                assert found in ((4, outcome), (4, record.INTENT))
                assert again.grey == (found[1] == record.INTENT)
                if again.grey:
                    assert getattr(again, how)(4)
                assert waiting(mounted(flash))[-1] == (4, outcome)


@KINDS
def test_an_outcome_is_whole(kind):
    for how, outcome in (("confirm", record.DONE), ("void", record.VOID)):
        flash, journal = used(kind)
        cut(flash, ALL, getattr(journal, how), journal.intent(entry(journal)))
        again = mounted(flash)
        assert (again.grey, waiting(again)[-1]) == (0, (4, outcome))


@KINDS
def test_an_acknowledgement_is_torn(kind):
    for shape in (NOTHING, *TORN):
        for noise in range(4):
            flash, journal = used(kind, ACKED_EVERY + 3)
            last, _ = journal.batch(50)
            cut(flash, shape, journal.ack, last, noise=noise)
            again = mounted(flash)
            assert again.acked_to in (0, last) and again.queue == last - again.acked_to
            if not again.acked_to:
                assert [serial for serial, _ in waiting(again)] == list(range(1, last + 1))


@KINDS
def test_an_acknowledgement_is_whole(kind):
    flash, journal = used(kind, ACKED_EVERY + 3)
    last, _ = journal.batch(50)
    cut(flash, ALL, journal.ack, last)
    again = mounted(flash)
    assert (again.acked_to, again.queue, again.batch(50)) == (ACKED_EVERY + 3, 0, None)


def test_an_acknowledgement_was_not_told_to_flash():
    flash, journal = used((32, False), ACKED_EVERY)
    journal.ack(journal.batch(50)[0])
    server = {}
    purchase(journal)
    drain(journal, server)
    again = mounted(flash)
    assert (again.acked_to, again.queue) == (ACKED_EVERY, 1)
    drain(again, server)  # asserts that what comes again is the same
    assert list(server) == [ACKED_EVERY + 1]


def wrapped(kind, made=Flash):
    """-> (flash, journal) where the next write erases a sector of answered records."""
    flash, journal = used(kind, made=made)
    for _ in range(JOURNAL.sectors):
        up_to(journal, 0)
        drain(journal, {})
        journal.append(entry(journal, record.PASS))
    while journal._ring.left >= journal._marks.slots:
        journal.append(entry(journal, record.PASS))
    return flash, journal


@KINDS
def test_an_erase_is_cut(kind):
    for shape in SHAPES:
        for noise in range(3):
            flash, journal = wrapped(kind)
            waits = waiting(journal, 300)
            cut(flash, shape, journal.append, entry(journal, record.PASS), noise=noise)
            again = mounted(flash)
            assert again.serial_next == journal.serial_next
            found = waiting(again, 300)
            assert found[-len(waits) :] == waits
            assert len(found) == len(waits) or found[0][0] <= journal.acked_to
            assert goes_on(flash, journal.serial_next)[-1 - len(waits) : -1] == waits


@KINDS
def test_a_sector_is_erased_and_not_yet_used(kind):
    flash, journal = wrapped(kind)
    waits = waiting(journal, 300)
    cut(flash, NOTHING, journal.append, entry(journal, record.PASS), after=2)
    erases = flash.erases
    assert waiting(mounted(flash), 300)[-len(waits) :] == waits
    goes_on(flash, journal.serial_next)
    assert flash.erases == erases + 1  # who knows whether that erase had come to its end


def test_marks_alone_fill_a_sector():
    flash, journal = used((32, False), 0)
    serials = [journal.intent(entry(journal)) for _ in range(62)]
    for serial in serials[:20]:
        journal.confirm(serial)
    cut(flash, HALF, journal.confirm, serials[20])
    again = mounted(flash)
    assert (again.serial_next, again.queue, again.grey) == (63, 62, 42)
    assert [outcome for _, outcome in waiting(again, 62)] == [record.DONE] * 20 + [
        record.INTENT
    ] * 42


@KINDS
def test_a_slot_was_given_up(kind):
    for after in (1, 2):  # before, and after, the slot is made void
        flash, journal = used(kind, made=FaultyFlash)
        flash.ignore(1)
        # flash that is programmed once cannot make it void: the next slot is tried at once
        cut(flash, NOTHING, journal.intent, entry(journal), after=1 + after if kind[1] else 2)
        assert len(goes_on(flash, 4)) == 4


@KINDS
def test_a_sector_took_no_erase(kind):
    flash, journal = wrapped(kind, FaultyFlash)
    waits = waiting(journal, 300)
    bad = (journal._ring.next + journal._ring.left) // 64 % 3
    stale = flash.read(bad * 4096, 4096)
    flash.bad.add(bad)
    cut(flash, NOTHING, journal.append, entry(journal, record.PASS), after=3)  # two tries, the next
    assert flash.read(bad * 4096, 4096) == stale != b"\xff" * 4096
    assert waiting(mounted(flash), 300)[-len(waits) :] == waits
    again = mounted(flash)
    drain(again, {})
    for serial in range(again.serial_next, again.serial_next + 40):
        assert purchase(again) == serial
        drain(again, {})
        again = mounted(flash)
    assert flash.read(bad * 4096, 4096) == stale and again.serial_next == serial + 1


@KINDS
def test_a_full_journal_loses_its_power(kind):
    flash = flash_of(kind)
    journal = mounted(flash)
    while not journal.full:
        purchase(journal)
    count = journal.queue
    operations = flash.programs + flash.erases
    for _ in range(3):
        journal = mounted(flash)
        with pytest.raises(JournalFull):
            journal.intent(entry(journal))
        assert journal.full and journal.queue == count
    assert flash.programs + flash.erases == operations
    server = {}
    drain(journal, server)
    assert len(server) == count and not mounted(flash).full


# the card and the journal together


@KINDS
def test_the_card_was_not_written(kind):
    desk = Desk(kind[1])
    desk.cut_at_write(written=False)
    assert desk.pay() == PAID
    assert desk.debits() == 1 and desk.outcomes() == [record.VOID, record.DONE]


@KINDS
def test_the_card_was_written(kind):
    desk = Desk(kind[1])
    desk.cut_at_write(written=True)
    assert desk.pay() == PAID
    assert desk.debits() == 1 and desk.outcomes() == [record.DONE]


@KINDS
def test_the_screen_stays_dark(kind):
    desk = Desk(kind[1])
    desk.cut_at_confirm()
    assert desk.debits() == 1 and desk.outcomes() == [record.DONE]
    assert desk.station.node.terminal.journal.grey == 0


# the table


def test_each_row_has_its_test_and_each_test_its_row():
    text = TABLE.read_text(encoding="utf-8")
    section = text.split("## Coming back")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([A-Z]\d+) \|.*\| `(\w+)` \|$", section, re.MULTILINE)
    names = [name for _, name in rows]
    defined = {*vars(sys.modules[__name__]), *vars(test_recovery_pages)}
    tests = {name for name in defined if name.startswith("test_")}
    assert sorted(names) == sorted(tests - {ITSELF, "test_recovery_pages"})
    ids = [row for row, _ in rows]
    assert len(set(ids)) == len(ids) == section.count("\n| ") - 2  # head and line; nothing else
