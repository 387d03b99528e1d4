"""Images on the chip: one that fails, safe mode; with --all what is refused, an update, and cuts.

The update has come to its last sectors already: the emulated chip takes minutes for a whole one.
What the flash was told is recorded, and cut at each command, clean and torn: the rules judge every
state that this leaves, and the real base firmware starts one of each kind that it can tell apart.
Cuts of every shape, twice deep, with planted bugs, are in tests/power.
"""

import random

import pytest

from firmware.core import slots
from hil_tests.emulated import branch, factory, updates
from hil_tests.emulated.board import Board
from hil_tests.emulated.bridge import Bridge
from hil_tests.emulated.canteen import CONFIG
from hil_tests.emulated.flash import half, whole
from hil_tests.emulated.wires import PanelWire, ReaderWire
from image import build
from protocol import manifest, messages
from terminal_sim.field import Field
from terminal_sim.server import ServerProcess

MISSING = 2  # sectors of the image that the update has yet to fetch, and the torn one before
SEED = 20_260_901
SLOT_BYTES = (factory.DATA_AT - factory.STORAGE_AT) // factory.SLOTS
TEARS = (None, 1, 2, 3)  # clean, and ways to tear a command
TEARS_MOST = 16
OLD = (0, 0, 9)
FEN = 1250
GOOD = (slots.WHOLE, slots.TRY, slots.CONFIRM)


def hears(board, text, limit_s, times=1):
    """Until the console has said it so often."""
    for _ in range(round(limit_s / 0.05)):
        if board.heard.count(text) >= times:
            return
        board.run(0.05)
    raise AssertionError(f"not said in {limit_s} s: {text}; console: {board.heard[-800:]}")


def updated(folder, missing):
    """An update from `campus serve`. -> flash before, commands, flash after, progress, console."""
    server = ServerProcess(folder)
    server.start()
    try:
        number, page = server.enrol("pos", "window 1", "canteen")
        server.call("PUT", "/api/images", updates.newer())
        slot = updates.in_slot(updates.newer(), missing)
        before = updates.with_slot(factory.make(page, CONFIG), 1, slot)
        board = Board(before)
        ReaderWire(board, Field())
        panel = PanelWire(board)
        bridge = Bridge(board, server.tcp)
        hears(board, "slot 1, normal", 400)
        board.wait(30, lambda: panel.face.shows("请刷卡"), "the new image meets no server")

        def is_confirmed():
            return updates.look(board.content(), 1).state == slots.CONFIRMED

        for _ in range(20):
            board.run(0.5)
            if is_confirmed():
                break
        bridge.close()
        (row,) = [
            row for row in server.call("GET", "/api/status")["terminals"] if row["number"] == number
        ]
        return before, board.flash.log, board.content(), row["update"], board.heard
    finally:
        server.stop()


@pytest.mark.long
def test_an_update_from_the_server(emulated, tmp_path):
    _, _, after, told, _ = branch.of(updated, tmp_path, MISSING)
    assert updates.look(after, 1).state == slots.CONFIRMED
    assert told["state"] == "running", told


def resumed():
    """The same with the server's rules in memory. -> flash before, commands, flash after, answers,
    console, version that the server was told last."""
    canteen = updates.Window(1, updates.in_slot(updates.newer(), MISSING))
    offer = updates.Offer(canteen, updates.newer())
    board, before = canteen.board, canteen.board.content()
    hears(board, "slot 1, normal", 200)
    for _ in range(200):
        board.run(0.1)
        if updates.look(board.content(), 1).state == slots.CONFIRMED:
            break
    told = canteen.office.reports[-1]
    version = (told.major, told.minor, told.patch)
    return before, board.flash.log, board.content(), offer.said, board.heard, version


@pytest.fixture(scope="module")
def golden(emulated):
    updates.newer()  # once, for both processes: it tells whether the tree has changed
    return branch.of(resumed)


@pytest.mark.long
def test_an_update_is_fetched_tried_and_confirmed(golden):
    _, log, after, said, heard, version = golden
    slot = updates.look(after, 1)
    assert (slot.state, slot.tries, slot.manifest.version) == (slots.CONFIRMED, 1, updates.NEW)
    assert slot.signed == updates.newer()[: manifest.SIZE] and slot.digest_is_right()
    assert heard.index("slot 0, normal") < heard.index("slot 1, normal")
    assert said == [messages.FETCHING] and version == updates.NEW
    print(f"\n{len(log)} flash commands of the update")


def where(command):
    """-> the part of the flash that a command changes."""
    at = int.from_bytes(command[1:4], "big") - factory.STORAGE_AT
    parts = {"slot 0": SLOT_BYTES, "slot 1": SLOT_BYTES, "data": factory.DATA_BYTES}
    for name, length in parts.items():
        if 0 <= at < length:
            return name
        at -= length
    return "elsewhere"


def first_start(flash):
    """-> what the base firmware starts, and how each slot is left."""
    board = Board(flash)
    hears(board, "slot ", 10)
    board.run(0.02)
    said = board.heard[board.heard.index("slot ") :].split("\n")[0].strip()
    return said, [updates.look(board.content(), n).state for n in (0, 1)]


def by_the_rules(flash):
    """The same from the rules alone, on the PC, and all that they look at: headers and digests."""
    pair = [updates.look(flash, n) for n in (0, 1)]
    ends = [factory.STORAGE_AT + SLOT_BYTES, factory.DATA_AT]
    seen = [(flash[end - 4096 : end], slot.digest_is_right()) for end, slot in zip(ends, pair)]
    start = slots.choose(pair, messages.POS, 0)
    return (f"slot {start.slot}, {start.mode}", [slot.state for slot in pair]), seen


def states(before, log, after):
    """Yield (number of the command, way to tear it or None, flash) of every cut."""
    flash = bytearray(before)
    for at, command in enumerate(log):
        for tear in TEARS:
            cut = bytearray(flash)
            if tear is not None:
                half(cut, command, random.Random(SEED + TEARS_MOST * at + tear))
            yield at, tear, bytes(cut)
        whole(flash, command)
    assert bytes(flash) == after  # or the record is not of what happened


@pytest.mark.long
def test_every_cut_of_it_starts_an_image(golden):
    """The rules judge each state; the chip starts one of all that look the same to it."""
    before, log, after = golden[:3]
    assert all(where(command) in ("slot 1", "data") for command in log)
    cuts, kinds = 0, {}
    for at, tear, flash in states(before, log, after):
        (said, left), seen = by_the_rules(flash)
        is_new = left[1] in (slots.TRIED, slots.CONFIRMED)
        assert said == f"slot {int(is_new)}, normal", (at, tear, said, left)
        assert left[0] == slots.CONFIRMED, (at, tear, left)
        kinds.setdefault(repr(seen), ((said, left), flash))
        cuts += 1
    found = branch.every([(first_start, flash) for _, flash in kinds.values()])
    assert found == [expected for expected, _ in kinds.values()]
    print(f"\n{cuts} cuts of {len(log)} commands, {len(kinds)} of them differ at a start")


def fallen_back():
    """A new image that fails at once. -> console, states and tries of both slots."""
    slot = updates.in_slot(updates.broken(updates.NEW), marks=(slots.WHOLE,))
    canteen = updates.Window(1, slot)
    hears(canteen.board, "slot 0, normal", 60)
    held = [updates.look(canteen.board.content(), n) for n in (0, 1)]
    return canteen.board.heard, [(slot.state, slot.tries) for slot in held]


def test_an_image_that_fails_is_tried_three_times(emulated):
    heard, left = branch.of(fallen_back)
    assert heard.count("slot 1, normal") == heard.count("this image is broken") == slots.TRIES
    assert left == [(slots.CONFIRMED, 1), (slots.TRIED, 3)]  # which is as good as bad


def safe():
    """The only image fails, and there is a record to send. -> console, screen, what is booked."""
    slot = updates.in_slot(updates.serves_nobody(build.version()), marks=GOOD)
    canteen = updates.Window(0, slot)
    canteen.power_off()
    canteen.sell_on_pc(1, FEN, sent=False)
    canteen.power_on()
    before = canteen.booked_fen(1)
    hears(canteen.board, "slot 0, safe", 60)
    canteen.ready()
    canteen.settle()
    canteen.board.run(2.5)
    return canteen.board.heard, list(canteen.panel.face.rows), before, canteen.booked_fen(1)


def test_three_failures_are_safe_mode_and_the_journal_is_sent(emulated):
    heard, rows, before, after = branch.of(safe)
    assert heard.count("slot 0, normal") == heard.count("this image is broken") == slots.FAILS
    assert (before, after) == (0, FEN)
    assert rows[:3] == ["7: safe mode", "out of service", "to send: 0"], rows


def offered(window):
    """-> the terminal's answer to each image, one after the other."""
    romfs = updates.newer()[manifest.SIZE :]
    flipped = bytearray(updates.newer())
    flipped[20] ^= 1
    offers = (
        updates.sign(romfs, updates.NEW, "gate"), updates.sign(romfs, OLD), bytes(flipped),
        updates.newer(),
    )  # fmt: skip
    said = []
    window.memory.push = lambda number: None
    window.memory.pushed = lambda number, body: said.append(messages.decode(body)[1].status)
    for offer in offers:
        body = messages.encode(messages.IMAGE, (), offer[: manifest.SIZE])
        window.office.say(window.office._session.request(body))
        for _ in range(100):
            window.board.run(0.1)
            if len(said) > len(offers) - 1 or len(said) == offers.index(offer) + 1:
                break
    return said


@pytest.mark.long
def test_what_is_not_for_it_is_refused(on):
    """The same questions as in tests/shared/test_update.py, with the chip's own arithmetic."""
    refused = [messages.REFUSED] * 3
    assert on((offered,))[0] == [*refused, messages.FETCHING]
