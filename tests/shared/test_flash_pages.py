"""Epochs, parameters and keys in flash: what is found again, also after a cut anywhere."""

from firmware.core import keystore
from firmware.core.epoch import BLOCK, Epochs
from firmware.core.latest import Latest
from firmware.core.layout import LAYOUTS, Region
from firmware.core.params import Params
from protocol import keypage, messages
from protocol.errors import LocalError
from protocol.hkdf import derive
from protocol.params import pack
from terminal_sim.flash import SHAPES, Flash, Misuse, PowerCut
from tests.shared.campus import LAYOUT, NUMBER, PAGE, flash_of
from tests.shared.expect import raises

REGION = Region(1, 2)


def new(unit=64, reprogram=False):
    return Flash(4 * 4096, unit, reprogram)


def latest_on(flash, most=20):
    made = Latest(flash, REGION, most)
    made.mount()
    return made


def test_the_last_value_is_found_again_over_many_sectors():
    for most in (20, 1029):
        flash = new()
        latest = latest_on(flash, most)
        assert latest.value is None
        for number in range(200):
            latest.put(b"value %d" % number)
            if number % 7 == 0:
                latest = latest_on(flash, most)
            assert latest.value == b"value %d" % number


def test_a_cut_leaves_the_value_before_or_the_new_one():
    for shape in SHAPES:
        flash = new()
        last = None
        for number in range(150):
            latest = latest_on(flash)
            assert latest.value in (last, b"%d" % (number - 1))
            last = latest.value
            flash.cut_after(1 + number % 3, shape)
            try:
                latest.put(b"%d" % number)
                last = b"%d" % number
            except PowerCut:
                pass
            flash.cut_after(0)
        latest_on(flash).put(b"end")
        assert latest_on(flash).value == b"end"


def test_epochs_grow_over_reboots_and_cost_almost_nothing():
    flash = new()
    highest = 0
    for boot in range(1, 6):
        epochs = Epochs(flash, REGION)
        epochs.mount()
        assert epochs.boots == boot
        programs = flash.programs
        for _ in range(BLOCK):
            epoch = epochs.next()
            assert epoch > highest
            highest = epoch
        assert flash.programs == programs + 1
    epochs.next()
    assert flash.programs == programs + 2


def test_an_epoch_is_reserved_before_it_is_used():
    for shape in SHAPES:
        flash = new()
        used = set()
        for boot in range(20):
            epochs = Epochs(flash, REGION)
            epochs.mount()
            flash.cut_after(boot % 3, shape)
            try:
                epoch = epochs.next()
                assert epoch not in used
                used.add(epoch)
            except PowerCut:
                pass
            flash.cut_after(0)


def test_parameters():
    flash = new()
    params = Params(flash, REGION)
    params.mount()
    assert (params.version, params.met, params["tap_limit_fen"]) == (0, False, 5000)
    assert params.apply(3, pack({"tap_limit_fen": 900, "zone": 2})) == messages.APPLIED
    params.meet()
    params.meet()
    programs = flash.programs
    assert params.apply(3, pack({"tap_limit_fen": 900, "zone": 2})) == messages.SAME
    assert params.apply(4, b"\x01\x04abc") == messages.REFUSED
    assert flash.programs == programs
    again = Params(flash, REGION)
    again.mount()
    assert (again.version, again.met, again["tap_limit_fen"], again["zone"]) == (3, True, 900, 2)
    assert again.apply(5, b"") == messages.APPLIED
    assert again["tap_limit_fen"] == 5000 and again.met


def test_keys_do_what_they_are_for():
    keys = keystore.Keys(flash_of(), LAYOUT.keys)
    assert (keys.number, keys.kind) == (NUMBER, messages.POS)
    assert keys.session(b"salt", b"info", 40) == derive(PAGE[0], b"salt", b"info", 40)
    from protocol.aes import Aes

    for slot, key in enumerate(PAGE[1:]):
        assert keys.encrypt(slot, bytes(16)) == Aes(key).ecb(bytes(16))
        assert keys.encryptor(slot)(bytes(16)) == Aes(key).ecb(bytes(16))


def test_no_page_or_a_damaged_one_is_not_provisioned():
    raises(keystore.NotProvisioned, keystore.Keys, new(), Region(0, 1))
    page = keypage.pack(1, 1, *PAGE)
    assert len(page) == keypage.SIZE
    for at in (0, 8, 11, 12, 75, 100, 127):
        flash = new()
        flash.program(0, page[:at] + bytes((page[at] ^ 1,)) + page[at + 1 :])
        raises(keystore.NotProvisioned, keystore.Keys, flash, Region(0, 1))
    raises(LocalError, keypage.pack, 0, 1, *PAGE)
    for size in range(keypage.SIZE):
        assert keypage.unpack(page[:size]) is None


def test_a_page_for_a_number_that_no_frame_can_carry_is_none():
    """Found by fuzzing: the terminal began, and its first hello ended the line for ever."""
    for number in (0, 65535):
        head = keypage.pack(1, 1, *PAGE)[:124]
        head = head[:8] + number.to_bytes(2, "big") + head[10:]
        page = head + keypage.binascii.crc32(head).to_bytes(4, "big")
        assert keypage.unpack(page) is None
        flash = new()
        flash.program(0, page)
        raises(keystore.NotProvisioned, keystore.Keys, flash, Region(0, 1))


def test_a_short_key_is_no_key():
    raises(LocalError, keypage.pack, 1, 1, b"short", *PAGE[1:])


def test_the_layouts():
    for name in LAYOUTS:
        laid = LAYOUTS[name]
        end = 0
        for region in laid[:-1]:
            assert region.first == end
            end += region.sectors
        assert laid.sectors == end
    assert LAYOUTS["unix"].journal.sectors * 64 == 16384
    assert LAYOUTS["rp2"].journal.sectors * 64 == 8192
    assert LAYOUTS["rp2"].sectors * 4096 <= 2 * 1024 * 1024 - 0x120000


def test_the_flash_model_refuses_what_flash_cannot():
    flash = Flash(8192, 4, True)
    flash.program(0, b"\x0f\xff\xff\xff")
    flash.program(0, b"\x0e\xff\xff\xff")
    assert flash.read(0, 2) == b"\x0e\xff"
    for call in (
        lambda: flash.program(0, b"\x0f\xff\xff\xff"),
        lambda: flash.program(2, b"\x00\x00\x00\x00"),
        lambda: flash.program(0, b"\x00"),
        lambda: flash.program(4092, bytes(8)),
        lambda: flash.read(8190, 3),
        lambda: flash.erase(2),
        lambda: new().program(0, bytes(64)) or Flash.program(_done(), 0, b"\xff" * 64),
    ):
        raises(Misuse, call)
    assert (flash.programs, flash.erases) == (2, 0)


def _done():
    flash = new()
    flash.program(0, bytes(64))
    return flash
