"""Every cut of every scenario, two deep; and planted bugs that the cuts must find."""

import pytest

from firmware.core import marks, ring
from firmware.core.epoch import BLOCK, Epochs
from firmware.core.journal import Journal
from firmware.core.latest import Latest
from firmware.core.lists import CardList
from terminal_sim.gears import cut_scenarios, power

SEED = 1
EVERY = 12  # of the states after one cut, each 12th is cut again here; the campaign takes all
CUT_POINTS = 10_000  # for each kind of flash
NEVER = 1_000_000


# shows R25
@pytest.mark.parametrize("kind", cut_scenarios.KINDS)
def test_every_cut(kind):
    figures = power.campaign(SEED, every=EVERY, kinds=(kind,))
    print({name: figures[name] for name in ("cut_points", "distinct", "depth1", "depth2")})
    assert figures["violations"] == []
    assert figures["distinct"] >= CUT_POINTS
    assert figures["depth1"] > 3000 and figures["depth2"] > 5000
    assert figures["starts"] == sum(len(scenario.fills) for scenario in cut_scenarios.ALL)


def test_the_same_seed_cuts_the_same():
    first, again = (power.campaign(5, every=50, names=("refusal",)) for _ in range(2))
    assert first == again and first["depth2"] > 0


def test_a_campaign_stops_when_it_has_enough():
    told = []
    figures = power.campaign(1, every=NEVER, most=100, progress=lambda now: told.append(dict(now)))
    assert 100 <= figures["distinct"] < 200
    assert told[-1] == figures


@pytest.mark.parametrize(
    "code",
    [
        "sale:twice:edge:1:1.6:1.2",
        "sale:once:last:1:2.5:1.6",
        "first:once:blank:3:4.5",
        "upload:twice:wrapped:1",
    ],
)
def test_a_code_plays_its_cut_again(code):
    power.replay(code)


def test_a_code_of_no_cut_is_told():
    with pytest.raises(ValueError, match="fewer operations"):
        power.replay("sale:twice:new:1:900.1")


# one protection switched off each: scenarios that must find it


def what_was_not_sent_is_erased(patch):
    patch.setattr(Journal, "_may_erase", lambda self, sector: True)


def a_torn_record_counts(patch):
    patch.setattr(marks, "_is_whole", lambda raw: raw[:4] != b"\xff" * 4 and raw[4] <= 8)


def a_torn_slot_is_written_again(patch):
    mount = Journal.mount

    def carelessly(self, visit=None):
        newest = mount(self, visit)
        slot = self._ring.next
        while slot % ring.SLOTS and not self._order(self._ring.read(slot - 1)):
            slot -= 1
        self._ring.next = slot
        return newest

    patch.setattr(Journal, "mount", carelessly)


def a_grey_is_forgotten_at_a_boot(patch):
    patch.setattr(Journal, "_revisit", lambda self, sectors, visit: None)


def an_acknowledgement_is_said_before_the_answer(patch):
    batch = Journal.batch

    def hastily(self, limit):
        given = batch(self, limit)
        if given:
            self.ack(given[0])
        return given

    patch.setattr(Journal, "batch", hastily)
    patch.setattr(Journal, "unack", lambda self, serial: None)  # or it would all be sent again


def a_list_is_made_where_it_holds(patch):
    patch.setattr(CardList, "_at", lambda self, copy, sector: (self._region.first + sector) * 4096)


def a_list_holds_before_it_is_whole(patch):
    patch.setattr(CardList, "_put", lambda self, start, whole: not whole.update(self._work))


def the_sector_that_holds_is_erased(patch):
    put = Latest.put

    def tidily(self, value):
        if self._next == self._slots:
            self._sector ^= 1
        put(self, value)

    patch.setattr(Latest, "put", tidily)


def an_epoch_is_used_again(patch):
    mount = Epochs.mount

    def thriftily(self):
        mount(self)
        self._next = max(1, self._reserved_to - BLOCK)

    patch.setattr(Epochs, "mount", thriftily)


BUGS = {
    what_was_not_sent_is_erased: ("full",),
    a_torn_record_counts: ("sale",),
    a_torn_slot_is_written_again: ("sale",),
    a_grey_is_forgotten_at_a_boot: ("sale",),
    an_acknowledgement_is_said_before_the_answer: ("upload",),
    a_list_is_made_where_it_holds: ("delta",),
    a_list_holds_before_it_is_whole: ("list",),
    the_sector_that_holds_is_erased: ("epochs",),
    an_epoch_is_used_again: ("epochs",),
}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug, monkeypatch):
    cut_scenarios._filled.cache_clear()
    bug(monkeypatch)
    found = []
    try:
        found = power.campaign(1, every=NEVER, names=BUGS[bug])["violations"]
    except Exception as fault:  # so broken that not even the scenario's beginning is reached
        found.append(str(fault))
    finally:
        cut_scenarios._filled.cache_clear()
    assert found, "no cut shows it"
