"""Power is cut at every flash operation of a journal's life, in every shape, and life goes on.

After each cut: nothing that was promised is lost, nothing is there twice, and the journal works.
"""

import pytest

from firmware.core.journal import Journal
from firmware.core.layout import Region
from protocol import record
from terminal_sim.flash import SHAPES, Flash, PowerCut
from tests.shared.test_journal import TERMINAL, drain, entry

REGION = Region(0, 2)
SETTLED = {"confirm": record.DONE, "void": record.VOID, "leave": record.INTENT}


class Life:
    """A journal used in turn, the truth beside it, and a server that remembers what it got."""

    def __init__(self, flash):
        self.flash = flash
        self.server = {}
        self.promised = {}  # serial -> set of outcomes that may be found
        self.boot()

    def boot(self):
        self.journal = Journal(self.flash, REGION, TERMINAL)
        self.journal.mount()

    def tap(self, how):
        journal = self.journal
        if journal.full:
            drain(journal, self.server)
        serial = journal.intent(entry(journal))
        self.promised[serial] = {record.INTENT}
        if how != "leave":
            self.promised[serial].add(SETTLED[how])
            getattr(journal, how)(serial)
            self.promised[serial] = {SETTLED[how]}
        journal.leave()

    def live(self, taps):
        for number in range(taps):
            self.tap(("confirm", "confirm", "void", "leave")[number % 4])
            if number % 3 == 2:
                drain(self.journal, self.server)

    def check(self):
        """Everything promised reaches the server, once, in one chain."""
        drain(self.journal, self.server)
        missing = [serial for serial in self.promised if serial not in self.server]
        assert missing == []
        for serial, outcomes in self.promised.items():
            found = record.outcome_of(self.server[serial])
            assert found in outcomes | {record.INTENT}, serial
            if len(outcomes) == 1 and serial not in self.sent_grey:
                assert found in outcomes, serial
        chain = record.first_chain(TERMINAL)
        for serial in range(1, max(self.server) + 1):
            chain = record.next_chain(chain, self.server[serial])
            assert record.chain_of(self.server[serial]) == chain

    sent_grey = frozenset()


@pytest.mark.parametrize("unit, reprogram", [(1, True), (64, False)])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_cut(unit, reprogram, shape):
    cuts = 0
    first = 1
    while True:  # ends when the life is over before the cut comes
        life = Life(Flash(REGION.sectors * 4096, unit, reprogram))
        life.live(30)  # some history, so that the ring wraps soon
        life.flash.cut_after(first, shape)
        try:
            life.live(90)
        except PowerCut:
            cuts += 1
            life.flash.cut_after(0)
            life.boot()
            life.live(5)
            life.check()
            first += 3
            continue
        break
    assert cuts > 50


@pytest.mark.parametrize("unit, reprogram", [(1, True), (64, False)])
def test_cut_again_while_coming_back(unit, reprogram):
    for first in range(1, 200, 7):
        for second in (1, 2, 3):
            life = Life(Flash(REGION.sectors * 4096, unit, reprogram))
            life.live(30)
            life.flash.cut_after(first, 2)
            try:
                life.live(60)
            except PowerCut:
                life.flash.cut_after(second, 3)
                try:
                    life.boot()
                    life.live(10)
                except PowerCut:
                    life.flash.cut_after(0)
                    life.boot()
            life.flash.cut_after(0)
            life.live(5)
            life.check()
