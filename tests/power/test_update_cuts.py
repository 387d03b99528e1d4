"""An update, cut at every flash operation in every shape, and again while coming back."""

import pytest

from card_layout import p256
from firmware.core import slots
from firmware.core.slots import Pair, Slot
from firmware.core.update import Update
from terminal_sim.flash import SHAPES
from tests.power import update_world
from tests.power.update_world import FLIPPED, NEW, World, Wrong, bought, cut

AGAIN_EVERY = {"flipped": 1601}  # of the cuts while coming back, one of so many is played
AGAIN = 401
NEVER = 1_000_000
STORIES = {
    "well": {},
    "crash": {"works": "crash"},
    "mute": {"works": "mute"},
    "flipped": {"offers": (FLIPPED, NEW)},
}


@pytest.fixture(autouse=True)
def verify_once(monkeypatch):
    monkeypatch.setattr(p256, "verify", update_world.VERIFY_ONCE)


def world_of(story, kind="twice"):
    return World(bought(kind), **STORIES[story])


def operations(world):
    """-> how many flash operations it takes from here to the end."""
    world.play()
    world.judge()
    return world.flash.programs + world.flash.erases


def campaign(story, kind, again_every):
    """Cut it everywhere. -> figures. Wrong."""
    figures = {"operations": operations(world_of(story, kind)), "once": 0, "twice": 0}
    seen, turn = set(), 0
    for operation in range(1, figures["operations"] + 1):
        for shape in SHAPES:
            world = world_of(story, kind)
            assert cut(world, operation, shape, noise=operation)
            state = (world.flash.digest(), len(world.promised), world.taps_left)
            if state in seen:
                continue
            seen.add(state)
            figures["once"] += 1
            before = world.flash.programs + world.flash.erases
            world.play()
            world.judge()
            left = world.flash.programs + world.flash.erases - before
            for second in range(1, left + 1):
                for how in SHAPES:
                    turn += 1
                    if turn % again_every == 0:
                        twice(story, kind, (operation, shape), (second, how))
                        figures["twice"] += 1
    return figures


def twice(story, kind, first, second):
    world = world_of(story, kind)
    assert cut(world, *first, noise=first[0])
    assert cut(world, *second, noise=second[0])
    world.play()
    world.judge()


@pytest.mark.parametrize("kind", update_world.KINDS)
@pytest.mark.parametrize("story", STORIES)
def test_every_cut(story, kind):
    figures = campaign(story, kind, AGAIN_EVERY.get(story, AGAIN))
    print(story, kind, figures)
    assert figures["once"] > 250 and figures["twice"] > 100


# one protection switched off each, or two where one stands behind the other: who finds it


def the_header_is_trusted_before_the_digest(patch):
    patch.setattr(Update, "_check", lambda self, there: there.mark(slots.WHOLE))


def no_digest_is_ever_looked_at(patch):
    patch.setattr(Slot, "digest_is_right", lambda self: True)


def the_slot_is_switched_before_verify(patch):
    begin = Slot.begin

    def hastily(self, signed):
        begin(self, signed)
        self.mark(slots.WHOLE)
        self.state = slots.WRITING

    patch.setattr(Slot, "begin", hastily)


def the_slot_is_switched_and_never_verified(patch):
    the_slot_is_switched_before_verify(patch)
    no_digest_is_ever_looked_at(patch)


def the_counter_is_not_kept(patch):
    mark = Slot.mark

    def forgetfully(self, event):
        if event == slots.TRY:
            self.state, self.tries = slots.TRIED, self.tries + 1
        else:
            mark(self, event)

    patch.setattr(Slot, "mark", forgetfully)


def it_is_confirmed_as_it_starts(patch):
    choose = slots.choose

    def trustingly(pair, kind, fails):
        start = choose(pair, kind, fails)
        if start and pair[start.slot].state == slots.TRIED:
            pair[start.slot].mark(slots.CONFIRM)
        return start

    patch.setattr(slots, "choose", trustingly)


def the_slot_that_runs_is_erased(patch):
    made = Pair.__init__

    def wrongly(self, pair, start, keys):
        made(self, pair, start, keys)
        self.there = self.here

    patch.setattr(Pair, "__init__", wrongly)


def the_same_bad_image_is_taken_again(patch):
    patch.setattr(Slot, "may_be_tried", True)


def a_torn_sector_is_trusted(patch):
    def carelessly(self):
        sector = self.sectors_of(self.manifest.size)
        while sector and self._is_blank(sector - 1):
            sector -= 1
        return sector * 4096

    patch.setattr(Slot, "filled", carelessly)
    patch.setattr(Update, "_check", lambda self, there: there.mark(slots.WHOLE))


BUGS = {
    the_header_is_trusted_before_the_digest: "flipped",
    no_digest_is_ever_looked_at: "flipped",
    the_slot_is_switched_before_verify: "well",
    the_slot_is_switched_and_never_verified: "well",
    the_counter_is_not_kept: "crash",
    it_is_confirmed_as_it_starts: "mute",
    the_slot_that_runs_is_erased: "well",
    the_same_bad_image_is_taken_again: "crash",
    a_torn_sector_is_trusted: "well",
}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug, monkeypatch):
    bought("twice")  # installed while nothing was broken
    bug(monkeypatch)
    with pytest.raises((Wrong, slots.NotPossible)) as found:
        campaign(BUGS[bug], "twice", NEVER)
    print(bug.__name__, found.value)
