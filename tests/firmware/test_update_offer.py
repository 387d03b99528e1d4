"""An image is offered to a whole terminal: what its uploader does first, what stops it."""

from firmware.core import slots
from protocol import messages
from terminal_sim.flash import Flash
from tests.shared import campus
from tests.shared.test_slots import pair_on, written
from tests.shared.test_update import GOOD, KEY


def terminal_with(marks=(slots.WHOLE, slots.TRY, slots.CONFIRM)):
    terminal = campus.terminal_on(campus.flash_of())
    flash = Flash(6 * 4096)
    written(flash, 0, 1, marks)
    start = slots.Start(0, slots.NORMAL)
    terminal.images = slots.Pair(pair_on(flash), start, {7: bytes.fromhex(KEY)})
    return terminal


def report(terminal, now):
    assert terminal.uploader.next_request(now)[0] == messages.REPORT
    terminal.uploader.on_reply(messages.encode(messages.STATE, (campus.NOON, 0, 0, 0, 0, 0)), now)


def offer(terminal, now):
    answer = terminal.uploader.on_request(messages.encode(messages.IMAGE, (), GOOD), now)
    return messages.decode(answer)[1].status


def test_a_terminal_without_slots_refuses():
    terminal = campus.terminal_on(campus.flash_of())
    assert offer(terminal, campus.moment(terminal)) == messages.REFUSED


def test_records_go_first():
    terminal = terminal_with()
    now = campus.moment(terminal)
    report(terminal, now)
    assert offer(terminal, now) == messages.FETCHING
    terminal.kind.ready(1)
    campus.tap(terminal, campus.Card(), now)
    there = terminal.images.there
    for ticks_ms in (0, 200):
        now = terminal.moment(campus.NOON, ticks_ms)
        assert terminal.uploader.next_request(now)[0] == messages.BATCH
    assert there.state == slots.ERASED and there.manifest is None
    answered = messages.encode(messages.ANSWERS, (), bytes((1, 0)))
    terminal.uploader.on_reply(answered, now)
    for ticks_ms in range(1000, 1400, 100):  # two sectors, the manifest, the first question
        body = terminal.uploader.next_request(terminal.moment(campus.NOON, ticks_ms))
    assert body[0] == messages.PIECE and there.state == slots.WRITING


def test_a_problem_with_a_piece_ends_it_until_it_is_offered_again():
    terminal = terminal_with()
    now = campus.moment(terminal)
    report(terminal, now)
    offer(terminal, now)
    while terminal.uploader.next_request(now) is None:  # ends with the first question
        pass
    problem = messages.encode(messages.PROBLEM, (messages.NOT_NOW,))
    terminal.uploader.on_reply(problem, now)
    later = terminal.moment(campus.NOON, 2000)
    assert terminal.uploader.next_request(later) is None
    assert offer(terminal, later) == messages.FETCHING
    assert terminal.uploader.next_request(later)[0] == messages.PIECE


def test_the_server_s_answer_confirms_who_is_fit():
    terminal = terminal_with((slots.WHOLE, slots.TRY))
    terminal.fit = False
    now = campus.moment(terminal)
    report(terminal, now)
    assert terminal.images.is_trial
    terminal.fit = True
    terminal.uploader.report_soon()
    report(terminal, now)
    assert not terminal.images.is_trial
