"""What a cut leaves of values, lists and the key page, and what the next boot makes of it.

The rows of docs/journal.md, "Coming back", that are not the journal's; see test_recovery.
"""

import pytest

from firmware.core import keystore
from firmware.core.epoch import BLOCK, Epochs
from firmware.core.latest import Latest
from firmware.core.layout import Region
from firmware.core.lists import CardList
from protocol import blacklist, keypage, messages
from terminal_sim.flash import (
    ALL,
    ALL_BUT_ONE,
    BITS,
    HALF,
    NOTHING,
    ONE,
    SHAPES,
    SPRAY,
    Flash,
    PowerCut,
)
from tests.shared.campus import PAGE

LIST = Region(0, 4)
TORN = (ONE, HALF, ALL_BUT_ONE, BITS, SPRAY)


def cut(flash, shape, call, *arguments, after=1, noise=3):
    """The power fails in the n-th operation of this call."""
    flash.cut_after(after, shape, noise)
    with pytest.raises(PowerCut):
        call(*arguments)
    flash.cut_after(0)


# values and keys


def latest_on(flash):
    latest = Latest(flash, Region(0, 2), 20)
    latest.mount()
    return latest


def test_a_value_is_torn():
    for shape in TORN:
        flash = Flash(3 * 4096, 64, False)
        latest_on(flash).put(b"before")
        cut(flash, shape, latest_on(flash).put, b"after")
        latest = latest_on(flash)
        assert latest.value == b"before"
        latest.put(b"then")
        assert latest_on(flash).value == b"then"


def test_a_value_is_whole():
    flash = Flash(3 * 4096, 64, False)
    latest_on(flash).put(b"before")
    cut(flash, ALL, latest_on(flash).put, b"after")
    assert latest_on(flash).value == b"after"


def test_the_other_sector_of_values_is_not_whole():
    for after in (1, 2):  # in the erase, and before the first program
        for shape in SHAPES:
            flash = Flash(3 * 4096, 64, False)
            latest = latest_on(flash)
            for number in range(3 * latest._slots):
                latest.put(b"%d" % number)
            cut(flash, shape if after == 1 else NOTHING, latest.put, b"after", after=after)
            again = latest_on(flash)
            assert again.value == b"%d" % number
            again.put(b"then")
            assert latest_on(flash).value == b"then"


def test_an_epoch_was_reserved_and_not_used():
    flash = Flash(3 * 4096, 64, False)
    epochs = Epochs(flash, Region(0, 2))
    epochs.mount()
    assert epochs.next() == 1
    for number in range(2, 4):
        epochs = Epochs(flash, Region(0, 2))
        epochs.mount()
        cut(flash, ALL, epochs.next)
        again = Epochs(flash, Region(0, 2))
        again.mount()
        assert again._next == number * BLOCK + 1


def test_the_key_page_is_torn():
    page = keypage.pack(1, 1, *PAGE)
    for shape in TORN:
        flash = Flash(4096)
        cut(flash, shape, flash.program, 0, page)
        with pytest.raises(keystore.NotProvisioned):
            keystore.Keys(flash, Region(0, 1))


# lists


class Lists:
    """A list of version 2 over one of version 1, and a third one to come."""

    def __init__(self):
        self.flash = Flash(LIST.sectors * 4096)
        for version in (1, 2):
            assert self.apply(version) == messages.APPLIED

    def mounted(self):
        cards = CardList(self.flash, LIST, bytearray(4096))
        cards.mount()
        return cards

    def apply(self, version):
        bits = blacklist.bitmap([version], 32768)
        blob = blacklist.encode([version], 32768)
        return self.mounted().apply_full(version, blacklist.digest(bits), blob, 0)

    def cut(self, after, shape):
        cut(self.flash, shape, self.apply, 3, after=after)

    def holds(self, version):
        cards = self.mounted()
        assert cards.version == version
        assert [number for number in range(10) if cards.has(number)] == [version]
        assert self.apply(4) == messages.APPLIED
        assert self.mounted().version == 4


def test_the_header_of_the_other_list_is_half_erased():
    for shape in SHAPES:
        lists = Lists()
        lists.cut(1, shape)
        lists.holds(2)


def test_the_bits_of_the_other_list_are_half_made():
    for after in range(2, 19):
        for shape in (HALF, SPRAY):
            lists = Lists()
            lists.cut(after, shape)
            lists.holds(2)


def test_the_header_of_the_other_list_is_torn():
    for shape in (NOTHING, *TORN):
        lists = Lists()
        lists.cut(19, shape)
        lists.holds(2)


def test_the_header_of_the_other_list_is_whole():
    lists = Lists()
    lists.cut(19, ALL)
    lists.holds(3)
