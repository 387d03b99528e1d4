"""Lists in flash: the set is the server's set, and a version holds whole or not at all."""

from firmware.core.layout import Region
from firmware.core.lists import CardList
from protocol import blacklist, messages
from terminal_sim.flash import Flash, PowerCut

SECTORS = 2
REGION = Region(1, 2 * (1 + SECTORS))
UNIVERSE = 32768 * SECTORS
NOON = 1790000000
WORK = bytearray(4096)


def mounted(flash):
    cards = CardList(flash, REGION, WORK)
    cards.mount()
    return cards


def new():
    return Flash((REGION.sectors + 2) * 4096)


def digest(numbers, universe=UNIVERSE):
    whole = blacklist.bitmap([], universe)
    for number in numbers:
        whole[number >> 3] |= 1 << (number & 7)
    return blacklist.digest(whole)


def full(cards, version, numbers, universe=UNIVERSE):
    blob = blacklist.encode(numbers, universe)
    return cards.apply_full(version, digest(numbers, universe), blob, NOON)


def delta(cards, before, after, added, removed, expected, universe=UNIVERSE):
    blob = blacklist.encode_delta(added, removed, universe)
    return cards.apply_delta(before, after, digest(expected, universe), blob, NOON)


def holds(flash, version, numbers, near=3):
    """The mounted list is this version, and has these and not their neighbours."""
    cards = mounted(flash)
    wanted = set(numbers)
    assert (cards.version, cards.digest) == (version, digest(numbers, cards.universe))
    for number in numbers:
        for other in range(max(0, number - near), number + near + 1):
            assert cards.has(other) == (other in wanted), other


def test_nothing_yet():
    cards = mounted(new())
    assert (cards.version, cards.universe, cards.has(0), cards.has(1 << 23)) == (0, 0, False, False)


def test_full_then_deltas_over_both_sectors():
    flash = new()
    cards = mounted(flash)
    first = [0, 7, 8, 32767, 32768, UNIVERSE - 1]
    assert full(cards, 3, first) == messages.APPLIED
    holds(flash, 3, first)
    after = [0, 1, 7, 32766, 32768, 40000, UNIVERSE - 1]
    status = delta(cards, 3, 4, [1, 32766, 40000], [8, 32767], after)
    assert status == messages.APPLIED
    holds(flash, 4, after)
    assert delta(cards, 4, 5, [], after, []) == messages.APPLIED
    holds(flash, 5, [])
    assert not mounted(flash).has(7)


def test_from_nothing_by_delta_and_growing():
    flash = new()
    cards = mounted(flash)
    assert delta(cards, 0, 1, [5], [], [5], 32768) == messages.APPLIED
    assert cards.universe == 32768 and not cards.has(40000)
    assert delta(cards, 1, 2, [40000], [], [5, 40000]) == messages.APPLIED
    holds(flash, 2, [5, 40000])


def test_what_does_not_fit_changes_nothing():
    flash = new()
    cards = mounted(flash)
    assert full(cards, 3, [9]) == messages.APPLIED
    good = blacklist.encode_delta([10], [], UNIVERSE)
    too_big = blacklist.encode_delta([10], [], UNIVERSE + 32768)
    odd = blacklist.encode_delta([10], [], 1000)
    answers = [
        (cards.apply_delta(2, 4, digest([9, 10]), good, NOON), messages.NEED_FULL),
        (cards.apply_delta(3, 4, digest([9]), good, NOON), messages.NEED_FULL),
        (cards.apply_delta(3, 4, digest([9, 10]), b"", NOON), messages.REFUSED),
        (cards.apply_delta(3, 4, digest([9, 10]), good[:-1], NOON), messages.REFUSED),
        (cards.apply_delta(3, 4, digest([9, 10]), good + b"\x01", NOON), messages.REFUSED),
        (cards.apply_delta(3, 4, digest([9, 10]), too_big, NOON), messages.REFUSED),
        (cards.apply_delta(3, 4, digest([9, 10]), odd, NOON), messages.NEED_FULL),
        (cards.apply_delta(3, 3, digest([9]), b"", NOON), messages.SAME),
        (cards.apply_full(4, digest([9]), blacklist.encode([10], UNIVERSE), NOON),
         messages.NEED_FULL),
        (cards.apply_full(4, digest([9]), b"\xff" * 40, NOON), messages.REFUSED),
        (cards.apply_full(3, digest([9]), b"", NOON), messages.SAME),
    ]  # fmt: skip
    for number, (answer, expected) in enumerate(answers):
        assert answer == expected, number
    assert cards.has(9) and not cards.has(10)
    holds(flash, 3, [9])


def test_sectors_that_are_right_are_left_alone():
    flash = new()
    cards = mounted(flash)
    full(cards, 1, [5, 40000])
    delta(cards, 1, 2, [6], [], [5, 6, 40000])
    erases = flash.erases
    delta(cards, 2, 3, [7], [], [5, 6, 7, 40000])
    assert flash.erases == erases + 2  # the header and one sector
    holds(flash, 3, [5, 6, 7, 40000])


def test_one_byte_is_read_for_a_card():
    flash = new()
    cards = mounted(flash)
    full(cards, 1, [5])
    reads = []
    read = flash.read

    def counted(at, length):
        reads.append(length)
        return read(at, length)

    flash.read = counted
    assert cards.has(5) and not cards.has(6)
    assert reads == [1, 1]


def test_a_cut_anywhere_leaves_the_old_version_or_the_new():
    old, changed = [0, 9, 32768], [1, 9, 32768, 40000]
    number = 1
    seen = set()
    while True:  # ends when the change is over before the cut comes
        flash = new()
        cards = mounted(flash)
        full(cards, 1, [3])
        full(cards, 2, old)
        flash.cut_after(number, number % 5)
        try:
            status = delta(cards, 2, 3, [1, 40000], [0], changed)
        except PowerCut:
            flash.cut_after(0)
            version = mounted(flash).version
            seen.add(version)
            holds(flash, version, {2: old, 3: changed}[version])
            assert full(mounted(flash), 4, changed) == messages.APPLIED
            holds(flash, 4, changed)
            number += 1
            continue
        assert status == messages.APPLIED
        break
    assert 2 in seen and number > 30
