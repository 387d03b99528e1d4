"""The journal: numbers, chain, outcomes, acknowledgement, wrap, and finding it all again.

Each test runs on flash that may be programmed twice and on flash that may not.
"""

from firmware.core import marks
from firmware.core.journal import Journal, JournalFull
from firmware.core.layout import Region
from protocol import record
from terminal_sim.flash import Flash
from tests.shared.expect import raises

SECTORS = 4
REGION = Region(1, SECTORS)
TERMINAL = 12
KINDS = ((1, True), (4, True), (16, False), (64, False))


def flash_of(kind):
    unit, reprogram = kind
    return Flash((SECTORS + 2) * 4096, unit, reprogram)


def mounted(flash):
    journal = Journal(flash, REGION, TERMINAL)
    journal.mount()
    return journal


def entry(journal, kind=record.PURCHASE, card=7, amount_fen=100):
    return record.Record(
        journal.serial_next, kind, 0, 0, 1790000000, card, 1, amount_fen, 5, 900, 0, 0, 0, 0, 0,
        0xFFFFFF, 0,
    )  # fmt: skip


def purchase(journal, settle="confirm"):
    serial = journal.intent(entry(journal))
    if settle:
        getattr(journal, settle)(serial)
    journal.leave()
    return serial


def waiting(journal, limit=50):
    """List of (serial, outcome) of one batch."""
    given = journal.batch(limit)
    if given is None:
        return []
    raws = [given[1][at : at + 64] for at in range(0, len(given[1]), 64)]
    return [(record.unpack(raw).serial, record.outcome_of(raw)) for raw in raws]


def drain(journal, server):
    """Upload everything to `server` (serial -> 64 bytes); what comes again must be the same."""
    given = journal.batch(50)
    while given:
        last, tail = given
        for at in range(0, len(tail), 64):
            raw = tail[at : at + 64]
            serial = record.unpack(raw).serial
            assert server.get(serial, raw)[:60] == raw[:60], serial
            server[serial] = raw
        journal.ack(last)
        given = journal.batch(50)


def test_records_are_numbered_chained_and_found_again():
    for kind in KINDS:
        flash = flash_of(kind)
        journal = mounted(flash)
        assert (journal.serial_next, journal.queue, journal.batch(50)) == (1, 0, None)
        purchase(journal)
        purchase(journal, "void")
        purchase(journal, None)
        journal.append(entry(journal, record.PASS))
        for again in (journal, mounted(flash)):
            assert waiting(again) == [(1, record.DONE), (2, record.VOID), (3, record.INTENT),
                                      (4, record.DONE)]  # fmt: skip
            assert (again.serial_next, again.queue, again.grey) == (5, 4, 1)
        chain = record.first_chain(TERMINAL)
        tail = journal.batch(50)[1]
        for at in range(0, len(tail), 64):
            chain = record.next_chain(chain, tail[at : at + 64])
            assert record.chain_of(tail[at : at + 64]) == chain


def test_a_grey_is_settled_later_even_after_a_reboot():
    for kind in KINDS:
        flash = flash_of(kind)
        journal = mounted(flash)
        serial = purchase(journal, None)
        for _ in range(20):
            purchase(journal)
        journal = mounted(flash)
        (grey,) = journal.greys(7)
        assert (grey.serial, grey.card, grey.counter, grey.amount_fen) == (serial, 7, 5, 100)
        assert journal.greys(8) == []
        assert journal.confirm(serial)
        for again in (journal, mounted(flash)):
            assert waiting(again)[0] == (serial, record.DONE) and again.grey == 0
        raises(ValueError, journal.void, serial)


def test_a_grey_whose_sector_was_erased_is_settled_over_nobody():
    """Its slot is another record's by then, or blank: what is programmed there is not its own."""
    for kind in KINDS:
        flash = flash_of(kind)
        journal = mounted(flash)
        grey = purchase(journal, settle=None)
        journal.ack(journal.batch(50)[0])
        while journal.serial_next < SECTORS * 64 + 20:
            purchase(journal, "void")
            journal.ack(journal.batch(50)[0])
        before = [flash.read(at, 64) for at in range(0, flash.size, 64)]
        assert journal.confirm(grey)
        assert journal.grey == 0
        assert before == [flash.read(at, 64) for at in range(0, flash.size, 64)]


def test_the_newest_record_stays_grey_over_a_reboot_even_when_acknowledged():
    for kind in KINDS:
        flash = flash_of(kind)
        journal = mounted(flash)
        purchase(journal, settle=None)
        for _ in range(marks.ACKED_EVERY):
            purchase(journal)
        newest = purchase(journal, settle=None)
        journal.ack(journal.batch(50)[0])
        visited = []
        again = Journal(flash, REGION, TERMINAL)
        again.mount(lambda raw, outcome, seen=visited: seen.append(raw))
        assert [grey.serial for grey in again.greys(7)] == [newest]
        assert visited == [] and again.queue == 0
        assert again.confirm(newest)
        assert mounted(flash).grey == 0


def test_the_open_record_is_not_sent():
    journal = mounted(flash_of((1, True)))
    purchase(journal)
    journal.intent(entry(journal))
    assert waiting(journal) == [(1, record.DONE)]
    journal.leave()
    assert waiting(journal) == [(1, record.DONE), (2, record.INTENT)]


def test_acknowledged_means_not_sent_again_and_survives():
    for kind in KINDS:
        flash = flash_of(kind)
        journal = mounted(flash)
        for _ in range(37):
            purchase(journal)
        last, tail = journal.batch(35)
        assert (last, len(tail)) == (35, 35 * 64)
        journal.ack(35)
        for again in (journal, mounted(flash)):
            assert (again.acked_to, again.queue) == (35, 2)
            assert [serial for serial, _ in waiting(again)] == [36, 37]
        journal.ack(33)
        journal.ack(99)
        assert journal.acked_to == 35


def test_flash_that_is_programmed_once_is_not_told_each_acknowledgement():
    flash = flash_of((32, False))
    journal = mounted(flash)
    server = {}
    for number in range(1, 100):
        purchase(journal)
        drain(journal, server)
        assert journal.queue == 0
        again = mounted(flash)
        assert again.queue == number % marks.ACKED_EVERY
        drain(again, server)  # what comes again must be the same bytes
        assert again.queue == 0 and sorted(server) == list(range(1, number + 1))
    assert flash.programmed_bytes == 64 * (2 * 99 + 99 // marks.ACKED_EVERY)


def test_a_full_ring_refuses_until_a_sector_is_acknowledged():
    for kind in KINDS:
        flash = flash_of(kind)
        journal = mounted(flash)
        count = 0
        while not journal.full:
            purchase(journal)
            count += 1
        assert count >= SECTORS * 64 // (1 if kind[1] else 2) - 1
        raises(JournalFull, journal.intent, entry(journal))
        assert mounted(flash).full and mounted(flash).queue == count
        erases = flash.erases
        server = {}
        drain(journal, server)
        assert sorted(server) == list(range(1, count + 1))
        assert not journal.full
        purchase(journal)
        assert flash.erases == erases + 1
        assert mounted(flash).serial_next == count + 2


def test_round_and_round():
    for kind in KINDS:
        flash = flash_of(kind)
        journal = mounted(flash)
        server = {}
        for number in range(700):
            purchase(journal, ("confirm", "void", None, "confirm")[number % 4])
            if number % 61 == 0:
                drain(journal, server)
            if number % 97 == 0:
                journal = mounted(flash)
        drain(journal, server)
        assert sorted(server) == list(range(1, 701))
        chain = record.first_chain(TERMINAL)
        for serial in range(1, 701):
            chain = record.next_chain(chain, server[serial])
            assert record.chain_of(server[serial]) == chain
            assert record.outcome_of(server[serial]) == (
                record.DONE, record.VOID, record.INTENT, record.DONE,
            )[(serial - 1) % 4]  # fmt: skip


def test_full_and_emptied_again_and_again():
    """The place to send from must not be believed beyond the erase of its sector.

    Marks may be all that follows the last acknowledged record; then its sector is erased while the
    place lies in it, and the ring goes past. Once, 252 records were acknowledged and never sent.
    """
    for kind in KINDS:
        journal = mounted(flash_of(kind))
        for _ in range(5):
            first = journal.serial_next
            while not journal.full:
                purchase(journal)
            assert journal.queue == journal.serial_next - first
            server = {}
            drain(journal, server)
            assert sorted(server) == list(range(first, journal.serial_next))
            assert journal.queue == 0 and not journal.full


def test_how_much_is_programmed():
    flash = flash_of((1, True))
    journal = mounted(flash)
    server = {}
    for _ in range(640):
        purchase(journal)
        drain(journal, server)
    assert flash.programmed_bytes <= 83 * 640
    assert flash.erases <= 640 // 64 + 1  # the sector that is next is ready


def test_a_server_restored_from_a_backup_gets_what_is_still_here():
    for kind in KINDS:
        journal = mounted(flash_of(kind))
        server = {}
        for _ in range(30):
            purchase(journal)
        drain(journal, server)
        journal.unack(12)
        assert (journal.queue, journal.acked_to) == (18, 12)
        assert [serial for serial, _ in waiting(journal)] == list(range(13, 31))
        drain(journal, server)
        assert journal.queue == 0


def test_new_flash_never_uses_an_old_number():
    flash = flash_of((1, True))
    journal = mounted(flash)
    journal.raise_serial(500)
    assert (journal.serial_next, journal.queue) == (501, 0)
    purchase(journal)
    assert waiting(journal) == [(501, record.DONE)]
    again = mounted(flash)
    assert (again.serial_next, again.acked_to) == (502, 500)
    again.raise_serial(400)
    assert again.serial_next == 502


def test_rot_is_left_out_and_stops_nothing():
    flash = flash_of((1, True))
    journal = mounted(flash)
    for _ in range(5):
        purchase(journal)
    flash.program(4096 + 2 * 64 + 8, b"\x00")
    for again in (journal, mounted(flash)):
        assert [serial for serial, _ in waiting(again)] == [1, 2, 4, 5]


def test_wrong_serial_is_our_own_fault():
    journal = mounted(flash_of((1, True)))
    wrong = record.Record(5, *entry(journal)[1:])
    raises(ValueError, journal.intent, wrong)
