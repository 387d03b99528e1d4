"""An update, step by step: what is taken, when it goes on, when it restarts.

The signatures are of a key that nobody has any more.
"""

import hashlib
from collections import namedtuple

from firmware.core import slots, update
from protocol import manifest, messages
from protocol.errors import RemoteError
from terminal_sim.flash import Flash
from tests.shared.expect import raises
from tests.shared.test_slots import pair_on, signed, written

KEY = "0306bed07ad6524da3d97f0c7bcd88dec9fc43975529d91d3191af63f8e6fd7ea4"
SIGNED = {
    "GOOD": "1d1a06e5a5af60267617285a3fee4e11ceeea44e34172a30e9c16ed528efd039"
    "b8b4d37393cfff8b25ff288d0e55d2a66c6171b919ddb63a280047bcdcdfccca",
    "OLDER": "3ef9241e94e237ca4148337164c85e96f090aeb12faaf14eec3ee183e66e3241"
    "6fa619029b6ff90db33205f65be364eb52f21adc062f802670ff77cf2c45374b",
    "GATES": "688941bacaeec61f9c8017f257e1db5e71624564bd79bad4e0379cb27292e9bb"
    "da2480dfa6fef3b54274f7a91b18668da6959a44730af854d6bd65a10508222e",
    "LONG": "558d52bf6c3f240ce5ce543962155c77848a71a604617cfccf0ccd77b8b6c40c"
    "225433cc19ecc90bf558417328d17edaa4c864e9f66ebaf927127a671f97fba6",
}
SIZE = 5000


def offer(name, minor=2, kind=messages.POS, size=SIZE):
    digest = hashlib.sha256(bytes([minor]) * size).digest()
    told = manifest.Manifest(kind, (0, minor, 0), 0, 7, size, digest, manifest.NO_COMMIT)
    return manifest.pack(told) + bytes.fromhex(SIGNED[name])


GOOD = offer("GOOD")


class Terminal:
    """What of a terminal an update knows."""

    def __init__(self):
        self.fit = True
        self.taps = 0
        self.kind = namedtuple("Kind", "NUMBER")(messages.POS)
        self.caused = []

    def cause(self, effect):
        self.caused.append(effect)


Now = namedtuple("Now", "ticks_ms")


def terminal_with(keys=None, marks=(slots.WHOLE, slots.TRY, slots.CONFIRM), boots=True):
    """A terminal whose slot 0 runs version 0.1.0."""
    terminal = Terminal()
    flash = Flash(6 * 4096)
    written(flash, 0, 1, marks)
    again(terminal, flash, keys)
    return terminal, flash


def again(terminal, flash, keys=None):
    both = pair_on(flash)
    start = slots.Start(0, slots.NORMAL)
    terminal.images = slots.Pair(both, start, {7: bytes.fromhex(KEY)} if keys is None else keys)
    terminal.update = update.Update(terminal)


def fetch(terminal, most=99, size=SIZE, wrong=False):
    """Go on as long as it asks. -> the offsets that it asked for."""
    asked = []
    for _ in range(99):
        body = terminal.update.next(Now(0))
        if body is None:
            if not terminal.fit or terminal.update.state not in (update.ERASING, update.FETCHING):
                break
            continue
        if len(asked) == most:
            break
        _, values, _ = messages.decode(body)
        assert values.digest == GOOD[16:32]
        asked.append(values.offset)
        data = b"\x02" * min(1024, size - values.offset)
        if wrong:
            data = b"\x03" + data[1:]
        terminal.update.take(values.offset, data)
    return asked


def later(terminal, ms):
    return terminal.update.next(Now(ms))


def restarts(terminal):
    return "restart" in terminal.caused


def test_an_image_is_fetched_checked_and_tried_after_a_quiet_moment():
    terminal, flash = terminal_with()
    assert terminal.update.offered(GOOD) == (0, messages.FETCHING)
    assert fetch(terminal) == [0, 1024, 2048, 3072, 4096]
    there = terminal.images.there
    assert (terminal.update.state, there.state) == (update.CHECKING, slots.WRITING)
    later(terminal, update.QUIET_MS - 1)
    assert not restarts(terminal)
    terminal.taps += 1
    later(terminal, update.QUIET_MS)
    assert not restarts(terminal) and there.state == slots.WRITING
    later(terminal, 2 * update.QUIET_MS)
    assert restarts(terminal) and there.state == slots.WRITTEN
    assert slots.choose(pair_on(flash), messages.POS, 0) == (1, slots.NORMAL)


def test_what_is_not_for_this_terminal_is_refused_before_anything_is_erased():
    offers = (
        offer("OLDER", 1), offer("GATES", 3, messages.GATE), offer("LONG", 3, messages.POS, 8193),
        offer("OLDER"), GOOD[:-1] + b"\0", GOOD[:40] + b"\0" + GOOD[41:], bytes(160), b"",
    )  # fmt: skip
    for signed_so in offers:
        terminal, flash = terminal_with()
        flash.trace = []
        for _ in (1, 2):
            assert terminal.update.offered(signed_so) == (0, messages.REFUSED)
        assert fetch(terminal) == [] and flash.trace == []
    terminal, flash = terminal_with({8: bytes.fromhex(KEY)})
    assert terminal.update.offered(GOOD) == (0, messages.REFUSED)


def test_an_image_on_trial_takes_no_other_and_when_it_is_confirmed_it_does():
    terminal, _ = terminal_with(None, (slots.WHOLE, slots.TRY))
    assert terminal.update.offered(GOOD) == (0, messages.REFUSED)
    terminal.images.confirm()
    assert not terminal.images.is_trial
    assert terminal.update.offered(GOOD) == (0, messages.FETCHING)


def test_who_is_not_fit_does_not_go_on():
    terminal, _ = terminal_with()
    terminal.update.offered(GOOD)
    terminal.fit = False
    assert fetch(terminal) == [] and terminal.update.state == update.ERASING


def test_after_a_reset_all_but_the_last_sector_is_there():
    terminal, flash = terminal_with()
    terminal.update.offered(GOOD)
    assert len(fetch(terminal, 5 - 1)) == 4
    again(terminal, flash)
    assert terminal.update.offered(GOOD) == (0, messages.FETCHING)
    assert fetch(terminal)[-1] == 4096
    again(terminal, flash)
    assert terminal.update.offered(GOOD) == (4096, messages.FETCHING)
    assert fetch(terminal) == [4096]


def test_other_bytes_than_the_manifests_are_found_and_not_fetched_for_ever():
    terminal, _ = terminal_with()
    for _ in range(update.GIVEN_UP_MOST):
        assert terminal.update.offered(GOOD) == (0, messages.FETCHING)
        fetch(terminal, wrong=True)
        later(terminal, 0)
        later(terminal, update.QUIET_MS)
        assert not restarts(terminal) and terminal.images.there.state == slots.ERASED
    assert terminal.update.offered(GOOD) == (0, messages.REFUSED)


def test_what_runs_is_not_fetched_and_what_had_its_tries_neither():
    terminal, flash = terminal_with()
    assert terminal.update.offered(signed(1)) == (SIZE, messages.SAME)
    slot = pair_on(flash)[1]
    slot.begin(GOOD)
    for event in (slots.WHOLE, slots.TRY, slots.GIVE_UP):
        slot.mark(event)
    again(terminal, flash)
    assert terminal.update.offered(GOOD) == (0, messages.REFUSED)


def test_a_piece_that_was_not_asked_for_is_refused():
    terminal, _ = terminal_with()
    raises(RemoteError, terminal.update.take, 0, b"\x02")
    terminal.update.offered(GOOD)
    fetch(terminal, 1)
    raises(RemoteError, terminal.update.take, 0, b"\x02")
    raises(RemoteError, terminal.update.take, 1024, bytes(SIZE))


def test_a_trial_lasts_an_hour():
    terminal, _ = terminal_with(None, (slots.WHOLE, slots.TRY))
    assert not terminal.images.is_over(slots.TRIAL_MS - 1) and terminal.images.is_over(
        slots.TRIAL_MS
    )
    terminal.images.confirm()
    assert not terminal.images.is_over(slots.TRIAL_MS)
