"""What lives on flash survives what flash does: nothing promised is lost, nothing said is wrong."""

import sys

from firmware.core.journal import Journal, JournalFull
from firmware.core.latest import FlashFailed, Latest
from firmware.core.layout import Region
from firmware.core.lists import CardList
from firmware.core.params import Params
from protocol import blacklist, messages, record
from protocol.params import pack
from terminal_sim.flash import BITS, PowerCut
from terminal_sim.flash_faults import FaultyFlash
from terminal_sim.prng import Prng
from tests.shared.expect import raises
from tests.shared.test_journal import TERMINAL, drain, entry, waiting

STEP = 1 if sys.implementation.name == "cpython" else 7  # of the cases, there each seventh
KINDS = ((1, True), (32, False))
SETTLED = {"confirm": record.DONE, "void": record.VOID}
HOW = ("confirm", "confirm", "void", "leave")


class Life:
    """A journal on a flash that fails: taps, uploads, reboots, and what it has promised."""

    def __init__(self, kind, sectors=3):
        self.flash = FaultyFlash(sectors * 4096, *kind)
        self.region = Region(0, sectors)
        self.server = {}
        self.promised = {}  # serial -> outcome
        self.refused = 0
        self.unsettled = 0
        self.boot()

    def boot(self):
        self.journal = Journal(self.flash, self.region, TERMINAL)
        self.journal.mount()

    def tap(self, how):
        journal = self.journal
        try:
            serial = journal.intent(entry(journal))
        except JournalFull:
            self.refused += 1
            return
        assert serial not in self.promised
        self.promised[serial] = record.INTENT
        if how != "leave":
            if getattr(journal, how)(serial):
                self.promised[serial] = SETTLED[how]
            else:
                self.unsettled += 1
        journal.leave()

    def live(self, taps, upload=5, reboot=11):
        for number in range(taps):
            self.tap(HOW[number % 4])
            if number % upload == upload - 1:
                drain(self.journal, self.server)
            if number % reboot == reboot - 1:
                self.boot()

    def check(self):
        self.boot()
        drain(self.journal, self.server)
        assert self.journal.queue == 0
        chain = record.first_chain(TERMINAL)
        assert sorted(self.server) == list(range(1, len(self.promised) + 1))
        for serial in sorted(self.server):
            raw = self.server[serial]
            assert record.outcome_of(raw) == self.promised[serial], serial
            chain = record.next_chain(chain, raw)
            assert record.chain_of(raw) == chain


def test_each_operation_once_does_nothing():
    for kind in KINDS:
        counted = Life(kind)
        counted.live(70)
        operations = counted.flash.programs + counted.flash.erases
        refused = 0
        for operation in range(1, operations + 1, 2 * STEP):
            life = Life(kind)
            life.flash.ignore(operation)
            life.live(70)
            assert life.flash.ignored == 1
            life.check()
            refused += life.refused + life.unsettled
        assert refused == 0  # one that fails once is tried again, or elsewhere


def test_bits_that_stick():
    draw = Prng(5)
    for kind in KINDS:
        for number in range(0, 60, STEP):
            life = Life(kind)
            life.live(draw.below(80))
            for _ in range(1 + number % 4):
                at, bit = draw.below(3 * 4096), draw.below(8)
                if life.flash.read(at // 64 * 64, 64) == b"\xff" * 64:
                    life.flash.stick(at, bit, 0)
                else:  # as it is: what stands must not rot here (test_journal)
                    life.flash.stick(at, bit, life.flash.read(at, 1)[0] >> bit & 1)
            life.live(140)
            life.check()


def test_the_outcome_byte_sticks():
    for value in (0, 1):
        for bit in range(0, 8, STEP):
            life = Life(KINDS[0])
            life.live(2)
            for slot in range(2, 30):
                life.flash.stick(slot * 64 + record.OUTCOME_AT, bit, value)
                life.flash.stick(slot * 64 + record.ACKED_AT, bit, value)
            life.live(60)
            life.check()


def test_an_outcome_that_takes_nowhere_stays_grey():
    life = Life(KINDS[0])
    for bit in range(8):
        life.flash.stick(record.OUTCOME_AT, bit, 1)
    serial = life.journal.intent(entry(life.journal))
    assert life.journal.confirm(serial) is False
    life.boot()
    assert (life.journal.grey, life.journal.queue) == (1, 1)


def test_bad_sectors_are_passed_over():
    for kind in KINDS:
        for bad in ((0,), (1,), (2,), (0, 1), (1, 2)):
            for before in range(0, 140, 35 * STEP):
                life = Life(kind)
                life.live(before)
                life.flash.bad.update(bad)
                if before:  # what is being written fails too: the records there are told already
                    drain(life.journal, life.server)
                life.live(200)
                life.check()
        assert len(life.promised) > 15


def test_a_dead_chip_refuses_and_says_so():
    for kind in KINDS:
        life = Life(kind)
        life.live(20)
        life.flash.bad.update(range(3))
        life.live(20)
        assert life.refused == 20
        life.check()


def test_a_worn_chip_ends_in_refusals():
    for kind in KINDS:
        life = Life(kind)
        life.flash.limit = 2
        taps = 0
        while life.refused < 30:  # ends when each sector was erased twice
            life.live(10, 4, 7)
            taps += 10
            assert taps < 3000
        assert len(life.promised) > 2 * 3 * 64 // 3
        life.check()


def test_a_torn_slot_that_reads_otherwise_each_time_makes_no_second_record():
    torn = 0
    for noise in range(1500):
        if Prng(noise).below(64) != 59:
            continue  # the power fails in the last byte of the CRC: then it may read as whole
        life = Life(KINDS[0])
        life.tap("confirm")
        life.flash.shaky = True
        life.flash.cut_after(1, BITS, noise)
        raises(PowerCut, life.tap, "confirm")
        life.boot()
        if life.journal.serial_next != 2:
            continue  # as whole: it is grey
        torn += 1
        life.tap("confirm")
        for _ in range(20):
            assert waiting(life.journal) == [(1, record.DONE), (2, record.DONE)]
    assert torn > 5


def latest_on(flash):
    made = Latest(flash, Region(0, 2), 20)
    made.mount()
    return made


def test_a_value_is_kept_or_refused():
    for fault in range(0, 40, STEP):
        flash = FaultyFlash(2 * 4096, 64, False)
        last = b""
        latest = latest_on(flash)
        for number in range(150):
            flash.ignore(1 if number % 40 == fault else 0)
            if number == 70 + fault:
                flash.bad.add(1)
            try:
                latest.put(b"value %d" % number)
                last = b"value %d" % number
            except FlashFailed:
                assert number >= 70
            assert latest.value == last
            if number % 3 == 0:
                latest = latest_on(flash)
                assert latest.value == last
        assert last[:6] == b"value " and int(last[6:]) >= 63


def test_parameters_that_are_not_kept_are_refused():
    flash = FaultyFlash(2 * 4096)
    params = Params(flash, Region(0, 2))
    params.mount()
    assert params.apply(1, pack({"zone": 2})) == messages.APPLIED
    flash.bad.update((0, 1))
    assert params.apply(2, pack({"zone": 3})) == messages.REFUSED
    params.meet()
    assert (params.version, params["zone"], params.met) == (1, 2, False)
    again = Params(flash, Region(0, 2))
    again.mount()
    assert (again.version, again["zone"]) == (1, 2)


def _list(numbers, universe=32768):
    whole = blacklist.bitmap([], universe)
    for number in numbers:
        whole[number >> 3] |= 1 << (number & 7)
    return blacklist.digest(whole), blacklist.encode(numbers, universe)


def test_a_list_that_flash_does_not_take_is_refused_and_the_old_one_holds():
    work = bytearray(4096)
    counts = {messages.APPLIED: 0, messages.REFUSED: 0}
    for bad in (0, 1, 2, 3, None):
        for operation in range(1, 24, STEP):
            flash = FaultyFlash(4 * 4096)
            cards = CardList(flash, Region(0, 4), work)
            assert cards.apply_full(1, *_list([5, 900]), 0) == messages.APPLIED
            if bad is None:
                flash.ignore(operation)
            elif operation == 1:
                flash.bad.add(bad)
            holding = 1
            for version in (2, 3):
                status = cards.apply_full(version, *_list([6, 900 + version]), 0)
                counts[status] += 1
                if status == messages.APPLIED:
                    holding = version
                again = CardList(flash, Region(0, 4), work)
                again.mount()
                assert (again.version, cards.version) == (holding, holding)
                assert again.has(6) == (holding > 1) and again.has(5) == (holding == 1)
                assert again.has(900 + holding) == (holding > 1)
            if bad is not None and operation == 1:
                break
    assert counts[messages.REFUSED] > 2 and counts[messages.APPLIED] > 2
