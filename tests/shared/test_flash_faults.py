"""The flash model's faults: cuts in every shape, bits that stick, operations that do nothing."""

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
    either,
)  # fmt: skip
from terminal_sim.flash_faults import FaultyFlash
from tests.shared.expect import raises

NEW = bytes(range(64))


def new(kind=Flash, unit=16):
    return kind(8192, unit, True, 1024)


def cut_program(shape, noise=0):
    flash = new()
    flash.cut_after(1, shape, noise)
    raises(PowerCut, flash.program, 64, NEW)
    return flash.read(64, 64)


def cut_erase(shape, noise=0):
    flash = new()
    flash.program(0, bytes(1024))
    flash.cut_after(1, shape, noise)
    raises(PowerCut, flash.erase, 0)
    return flash.read(0, 1024)


def test_a_cut_program_is_done_in_part():
    done = {NOTHING: 0, ONE: 1, HALF: 32, ALL_BUT_ONE: 63, ALL: 64}
    for shape in done:
        assert cut_program(shape) == NEW[: done[shape]] + b"\xff" * (64 - done[shape])
    assert len(SHAPES) == len(done) + 2


def test_some_bits_of_a_cut_program_are_done():
    found = set()
    for noise in range(40):
        for shape in (BITS, SPRAY):
            raw = cut_program(shape, noise)
            assert raw == cut_program(shape, noise)
            assert either(raw, NEW) == raw  # no bit fell that was not to fall
            assert raw != NEW
            found.add(raw)
        start = 0
        bits = cut_program(BITS, noise)
        while bits[start : start + 16] == NEW[start : start + 16]:
            start += 16
        assert bits[start + 16 :] == b"\xff" * (48 - start)
    assert len(found) > 60


def test_a_cut_erase_leaves_a_part_or_noise():
    for shape in (NOTHING, ONE, HALF, ALL_BUT_ONE, ALL):
        assert cut_erase(shape) == b"\xff" * (shape * 256) + bytes(1024 - shape * 256)
    for shape in (BITS, SPRAY):
        assert cut_erase(shape, 1) == cut_erase(shape, 1) != cut_erase(shape, 2)


def test_a_copy_is_a_state_of_its_own():
    flash = new()
    flash.program(0, NEW)
    fork = flash.copy()
    assert fork.digest() == flash.digest() and fork.programs == 0
    fork.program(1024, NEW)
    fork.erase(0)
    assert flash.read(0, 64) == NEW and flash.read(1024, 1) == b"\xff"
    flash.program(64, NEW)
    assert fork.read(64, 64) == b"\xff" * 64
    assert fork.digest() != flash.digest()
    flash.erase(0)
    assert flash.digest() == new().digest()
    assert (flash.wear, fork.wear) == ({0: 1}, {0: 1})


def test_each_operation_is_heard_of_before_it_begins():
    flash, heard = new(), []
    flash.on_operation = lambda name, at, data: heard.append((name, at, data, flash.read(0, 1)))
    flash.trace = []
    flash.program(0, NEW)
    flash.erase(0)
    assert heard == [("program", 0, NEW, b"\xff"), ("erase", 0, None, b"\x00")]
    assert flash.trace == [("program", 0, 64), ("erase", 0, 1024)]


def test_bits_stick():
    flash = new(FaultyFlash)
    flash.stick(3, 7, 0)
    flash.stick(5, 0, 1)
    flash.stick(5, 0, 1)
    assert flash.read(2, 4) == b"\xff\x7f\xff\xff"
    flash.program(0, bytes(16))
    assert flash.read(2, 4) == b"\x00\x00\x00\x01"
    flash.erase(0)
    assert flash.read(2, 4) == b"\xff\x7f\xff\xff"
    assert flash.copy().read(2, 4) == b"\xff\x7f\xff\xff"


def test_an_operation_does_nothing():
    flash = new(FaultyFlash)
    flash.ignore(2)
    flash.program(0, NEW)
    flash.program(64, NEW)
    flash.program(128, NEW)
    assert flash.read(0, 192) == NEW + b"\xff" * 64 + NEW
    flash.ignore(1)
    flash.erase(0)
    assert flash.read(0, 64) == NEW
    assert flash.ignored == 2


def test_worn_and_bad_sectors():
    flash = new(FaultyFlash)
    flash.limit = 2
    flash.bad.add(1)
    for number in range(3):
        flash.program(0, NEW)
        flash.erase(0)
        assert (flash.read(0, 64) == NEW) == (number == 2)
    flash.program(1024, NEW)
    flash.erase(1)
    assert flash.read(1024, 64) == b"\xff" * 64
    assert flash.wear == {0: 3, 1: 1}


def test_an_unstable_unit_reads_otherwise_each_time_until_it_is_rewritten():
    flash = new(FaultyFlash)
    flash.shaky = True
    flash.cut_after(1, HALF)
    raises(PowerCut, flash.program, 0, NEW)
    reads = {flash.read(0, 64) for _ in range(9)}
    assert len(reads) > 2
    assert len({raw[:32] + raw[48:] for raw in reads}) == 1
    assert all(either(raw[:48], NEW[:48]) == raw[:48] for raw in reads)
    flash.program(0, NEW)
    assert {flash.read(0, 64) for _ in range(9)} == {NEW}


def test_rot():
    flash = new(FaultyFlash)
    flash.program(0, NEW)
    flash.rot(1, 3)
    assert flash.read(0, 3) == b"\x00\x09\x02"
