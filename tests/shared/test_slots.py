"""Two slots: what their headers say, and which one is started."""

import hashlib

from firmware.core import slots
from firmware.core.layout import Region
from firmware.core.slots import (
    BAD,
    CONFIRM,
    CONFIRMED,
    ERASED,
    GIVE_UP,
    NORMAL,
    SAFE,
    TRIED,
    TRY,
    WHOLE,
    WRITING,
    WRITTEN,
    NotPossible,
    Slot,
    choose,
)
from protocol import manifest, messages
from terminal_sim.flash import SHAPES, Flash, PowerCut
from tests.shared.expect import raises

SECTORS = 3
POS = messages.POS


def flash_of(unit=1, reprogram=True):
    return Flash(2 * SECTORS * 4096, unit, reprogram)


def pair_on(flash):
    return [Slot(flash, Region(number * SECTORS, SECTORS)) for number in (0, 1)]


def content_of(minor):
    return bytes([minor]) * 5000


def signed(minor, kind=POS):
    content = content_of(minor)
    digest = hashlib.sha256(content).digest()
    told = manifest.Manifest(kind, (0, minor, 0), 0, 1, 5000, digest, manifest.NO_COMMIT)
    return manifest.pack(told) + bytes(64)


def written(flash, number, minor, marks=(WHOLE, TRY, CONFIRM), kind=POS):
    """-> the slot, with a whole image and these marks."""
    slot = pair_on(flash)[number]
    slot.begin(signed(minor, kind))
    content = content_of(minor) + b"\xff" * 120
    for at in range(0, 5120, 256):
        slot.put(at, content[at : at + 256])
    for event in marks:
        slot.mark(event)
    return slot


def start(flash, fails=0, kind=POS):
    return choose(pair_on(flash), kind, fails)


def spoil(flash, number):
    flash.program(number * SECTORS * 4096 + 4096, b"\0")


def test_a_slot_goes_its_way():
    for kind in ((1, True), (64, False)):
        flash = flash_of(*kind)
        slot = written(flash, 0, 1, ())
        for event, after in ((None, WRITING), (WHOLE, WRITTEN), (TRY, TRIED), (CONFIRM, CONFIRMED)):
            if event:
                slot.mark(event)
            assert slot.state == after
            slot.look()
            assert slot.state == after
        slot.forget()
        assert slot.state == ERASED and pair_on(flash)[0].state == ERASED


def test_what_the_table_has_not_is_not_possible():
    slot = written(flash_of(), 0, 1, ())
    for event in (TRY, CONFIRM, GIVE_UP):
        raises(NotPossible, slot.mark, event)
    raises(NotPossible, slot.begin, signed(2))
    raises(NotPossible, slot.blank, 0)
    slot.mark(WHOLE)
    raises(NotPossible, slot.put, 0, b"\0")
    raises(NotPossible, slot.filled)
    raises(NotPossible, slot.mark, CONFIRM)


def test_marks_that_cannot_follow_say_nothing():
    flash = flash_of()
    written(flash, 0, 1, ())
    flash.program((SECTORS - 1) * 4096 + 256, b"C" * 16)
    assert pair_on(flash)[0].state == WRITING


def test_nothing_is_started_from_nothing():
    assert start(flash_of()) is None
    flash = flash_of()
    written(flash, 0, 1, ())
    assert start(flash) is None


def test_the_newest_that_is_confirmed_is_started():
    flash = flash_of()
    written(flash, 0, 3)
    written(flash, 1, 2)
    assert start(flash) == (0, NORMAL)


def test_a_new_image_has_three_tries_and_each_is_counted_before_it_starts():
    flash = flash_of()
    written(flash, 0, 1)
    written(flash, 1, 2, (WHOLE,))
    for tries in (1, 2, 3):
        assert start(flash) == (1, NORMAL)
        assert pair_on(flash)[1].tries == tries
    for _ in range(3):
        assert start(flash) == (0, NORMAL)


def test_a_try_that_is_confirmed_stays():
    flash = flash_of()
    written(flash, 0, 1)
    written(flash, 1, 2, (WHOLE,))
    assert start(flash) == (1, NORMAL)
    pair_on(flash)[1].mark(CONFIRM)
    for _ in range(5):
        assert start(flash) == (1, NORMAL)


def test_an_older_image_is_never_tried():
    for minor in (1, 2):
        flash = flash_of()
        written(flash, 0, 2)
        written(flash, 1, minor, (WHOLE,))
        assert start(flash) == (0, NORMAL)
        assert pair_on(flash)[1].state == WRITTEN


def test_an_image_of_another_kind_is_never_started():
    flash = flash_of()
    written(flash, 0, 1)
    written(flash, 1, 2, (WHOLE,), messages.GATE)
    assert start(flash) == (0, NORMAL)
    assert start(flash, 0, messages.GATE) == (1, NORMAL)


def test_a_wrong_digest_is_never_started():
    flash = flash_of()
    written(flash, 0, 1)
    written(flash, 1, 2, (WHOLE,))
    spoil(flash, 1)
    assert start(flash) == (0, NORMAL)
    assert pair_on(flash)[1].state == BAD
    flash = flash_of()
    written(flash, 0, 1)
    written(flash, 1, 2)
    spoil(flash, 1)
    assert start(flash) == (0, NORMAL)
    spoil(flash, 0)
    assert start(flash) is None


def test_a_confirmed_image_that_fails_makes_place():
    flash = flash_of()
    written(flash, 0, 1)
    written(flash, 1, 2)
    expected = [1, 1, 1, 0, 0, 0]
    assert [start(flash, fails) for fails in range(6)] == [(n, NORMAL) for n in expected]
    assert [start(flash, fails) for fails in (6, 9, 12)] == [(1, SAFE), (0, SAFE), (1, SAFE)]


def test_alone_it_fails_into_safe_mode():
    flash = flash_of()
    written(flash, 0, 1)
    assert [start(flash, fails).mode for fails in (0, 2, 3, 100)] == [NORMAL, NORMAL, SAFE, SAFE]


def test_what_was_given_up_is_better_than_nothing():
    flash = flash_of()
    written(flash, 0, 1)
    written(flash, 1, 2, (WHOLE, TRY, GIVE_UP))
    spoil(flash, 0)
    assert start(flash) == (1, SAFE)


def test_a_try_that_cannot_be_counted_is_not_made():
    flash = flash_of()
    written(flash, 0, 1)
    written(flash, 1, 2, (WHOLE,))
    for at in range(256 + 64, 4096, 64):
        flash.program((2 * SECTORS - 1) * 4096 + at, b"\x0f")
    assert start(flash) == (0, NORMAL)


def test_a_torn_mark_is_none():
    for event, before, after in ((WHOLE, WRITING, WRITTEN), (TRY, WRITTEN, TRIED)):
        for shape in SHAPES:
            for noise in range(6):
                flash = flash_of()
                slot = written(flash, 0, 1, (WHOLE,) if event == TRY else ())
                flash.cut_after(1, shape, noise)
                raises(PowerCut, slot.mark, event)
                again = pair_on(flash)[0]
                assert again.state in (before, after)
                if again.state == before:
                    again.mark(event)
                assert pair_on(flash)[0].state == after


def test_a_torn_manifest_is_none():
    for shape in SHAPES:
        flash = flash_of()
        slot = pair_on(flash)[0]
        flash.cut_after(1, shape, 3)
        raises(PowerCut, slot.begin, signed(1))
        again = pair_on(flash)[0]
        assert again.state in (ERASED, WRITING)
        if again.state == ERASED and again.is_spoilt:
            raises(NotPossible, again.begin, signed(1))
            again.forget()
        if again.state == ERASED:
            again.begin(signed(1))
        assert pair_on(flash)[0].signed == signed(1)


def test_what_was_filled_stays_but_for_the_last_sector():
    flash = flash_of()
    slot = pair_on(flash)[0]
    slot.begin(signed(1))
    assert slot.filled() == 0
    slot.put(0, content_of(1)[:256])
    assert slot.filled() == 0 and flash.read(0, 256) == b"\xff" * 256
    for at in range(0, 4096 + 256, 256):
        slot.put(at, content_of(1)[at : at + 256])
    assert slot.filled() == 4096
    assert flash.read(4096, 256) == b"\xff" * 256 and slot.filled() == 0


def test_a_confirmation_that_finds_no_room_is_no_fault():
    flash = flash_of()
    written(flash, 0, 1)
    written(flash, 1, 2, (WHOLE,))
    both = pair_on(flash)
    images = slots.Pair(both, choose(both, POS, 0), {})
    assert images.is_trial and images.here is both[1] and images.there is both[0]
    for at in range(256 + 128, 4096, 64):
        flash.program((2 * SECTORS - 1) * 4096 + at, b"\x0f")
    both[1].look()
    images.confirm()
    assert images.is_trial


def counted(start, marks=(WHOLE, TRY, CONFIRM)):
    """-> a Pair that runs slot 0, and how often the count of restarts began anew."""
    flash = flash_of()
    written(flash, 0, 1, marks)
    anew = []
    return slots.Pair(pair_on(flash), start, {}, lambda: anew.append(1)), anew


def test_the_count_begins_anew_when_the_server_answers():
    images, anew = counted(slots.Start(0, slots.NORMAL))
    images.confirm()
    assert len(anew) == 1


def test_the_count_begins_anew_once_after_ten_minutes():
    images, anew = counted(slots.Start(0, slots.NORMAL))
    images.lives(slots.LASTED_MS - 1)
    assert not anew
    images.lives(slots.LASTED_MS)
    images.lives(2 * slots.LASTED_MS)
    assert len(anew) == 1


def test_work_alone_is_no_health_of_an_image_on_trial():
    images, anew = counted(slots.Start(0, slots.NORMAL), (WHOLE, TRY))
    images.lives(slots.LASTED_MS)
    assert not anew


def test_in_safe_mode_only_a_person_begins_anew():
    images, anew = counted(slots.Start(0, slots.SAFE))
    images.confirm()
    images.lives(slots.LASTED_MS)
    assert not anew
    images.begin_anew()
    assert len(anew) == 1
