"""What a terminal says to its server, and what the server's words do to it."""

from firmware.core.journal import JournalFull
from protocol import batch, blacklist, messages, params
from protocol.errors import RemoteError
from tests.shared.campus import NOON, Card, flash_of, moment, tap, terminal_on
from tests.shared.expect import raises

NOTHING = blacklist.digest(b"")


def state(version=0, grants=0, settings=0, highest=0, utc_s=NOON, flags=0):
    return messages.encode(messages.STATE, (utc_s, version, grants, settings, highest, flags))


def opened(met=True, taps=0):
    """A terminal whose session is open and that has reported, with some records."""
    terminal = terminal_on(flash_of(), met)
    now = moment(terminal)
    for _ in range(taps):
        terminal.kind.ready(1)
        tap(terminal, Card(balance_fen=9000), now)
    assert terminal.uploader.next_request(now)[0] == messages.REPORT
    terminal.uploader.on_reply(state(), now)
    return terminal, now


def listed(numbers, before=0, after=1, universe=32768):
    blob = blacklist.encode_delta(numbers, [], universe)
    digest = blacklist.digest(blacklist.bitmap(numbers, universe))
    return messages.encode(messages.DELTA, (0, before, after, digest), blob)


def test_the_report_comes_first_and_says_what_is():
    terminal = terminal_on(flash_of())
    terminal.kind.ready(1)
    tap(terminal, Card())
    terminal.heap_peak = 99
    now = terminal.moment(NOON + 5, 0)
    _, values, _ = messages.decode(terminal.uploader.next_request(now))
    assert (values.utc_s, values.kind, values.minor, values.capacity) == (NOON + 5, 1, 1, 256)
    assert (values.serial_next, values.acked_to, values.queue, values.grey) == (2, 0, 1, 0)
    assert (values.list_version, values.list_digest) == (0, NOTHING[:8])
    assert (values.taps, values.boots, values.heap_peak, values.clock_trusted) == (1, 1, 99, 1)


def test_records_go_up_and_are_acknowledged():
    terminal, now = opened(taps=3)
    number, _, tail = messages.decode(terminal.uploader.next_request(now))
    assert number == messages.BATCH and len(tail) == 3 * 64
    answers = [(batch.STORED, 0), (batch.EXISTS, 0), (batch.QUARANTINED, 64)]
    answered = messages.encode(messages.ANSWERS, (), batch.pack(answers))
    terminal.uploader.on_reply(answered, now)
    assert terminal.journal.queue == 0
    assert terminal.uploader.next_request(now) is None


def test_without_room_for_a_batch_smaller_ones_go_up():
    terminal, now = opened(taps=3)
    for most in (25, 12, 6, 3, 1, 1):
        terminal.uploader.ask_for_less()
        terminal.uploader.restart()
        assert terminal.uploader.next_request(now)[0] == messages.REPORT
        terminal.uploader.on_reply(state(), now)
        _, _, tail = messages.decode(terminal.uploader.next_request(now))
        assert len(tail) == 64 * min(3, most)


def test_answers_that_do_not_fit_acknowledge_nothing():
    terminal, now = opened(taps=3)
    terminal.uploader.next_request(now)
    answered = messages.encode(messages.ANSWERS, (), batch.pack([(batch.STORED, 0)]))
    raises(RemoteError, terminal.uploader.on_reply, answered, now)
    assert terminal.journal.queue == 3
    assert terminal.uploader.next_request(now) is None  # it pauses
    later = terminal.moment(NOON, 1000)
    assert terminal.uploader.next_request(later)[0] == messages.BATCH
    raises(RemoteError, terminal.uploader.on_reply, state(), later)
    raises(RemoteError, terminal.uploader.on_reply, b"", later)
    raises(RemoteError, terminal.uploader.on_reply, b"\x77", later)


def test_a_problem_is_a_pause():
    terminal, now = opened(taps=1)
    terminal.uploader.next_request(now)
    terminal.uploader.on_reply(messages.encode(messages.PROBLEM, (messages.FAILED,)), now)
    assert terminal.uploader.next_request(now) is None
    assert terminal.uploader.next_request(terminal.moment(NOON, 1000))[0] == messages.BATCH


def test_heartbeat():
    terminal, now = opened()
    assert terminal.uploader.next_request(terminal.moment(NOON + 29, 29999)) is None
    later = terminal.moment(NOON + 30, 30000)
    assert terminal.uploader.next_request(later)[0] == messages.REPORT


def test_the_servers_time():
    terminal, now = opened()
    assert terminal.effects() == []
    terminal.uploader.report_soon()
    terminal.uploader.next_request(now)
    terminal.uploader.on_reply(state(utc_s=NOON + 50), now)
    assert terminal.effects() == [("clock", NOON + 50)] and terminal.effects() == []
    assert terminal.moment(NOON + 51, 1000).clock_trusted
    assert not terminal.moment(NOON + 5000, 1000).clock_trusted


def test_numbers_of_a_replaced_flash_are_used_once_whatever_is_cut():
    """Gear 1, seed 22: power failed before the first tap, and the next one had number 1 again."""
    flash = flash_of()
    terminal = terminal_on(flash)
    now = moment(terminal)
    terminal.uploader.next_request(now)
    terminal.uploader.on_reply(state(highest=70000), now)
    assert terminal.journal.serial_next == 70002
    assert terminal_on(flash).journal.serial_next == 70002


def test_numbers_of_a_replaced_flash_that_takes_nothing_are_tried_again():
    flash = flash_of()
    terminal = terminal_on(flash)
    now = moment(terminal)
    append = terminal.journal.append
    tries = []

    def refuses(entry):
        tries.append(entry.serial)
        raise JournalFull("its flash takes no record")

    terminal.journal.append = refuses
    for _ in range(2):
        terminal.uploader.next_request(now)
        terminal.uploader.on_reply(state(highest=70), now)
        terminal.uploader._report_due = True
    assert tries == [71]
    terminal.journal.append = append
    terminal.uploader._write_raised(now)
    assert terminal.journal.serial_next == 72


def test_a_clock_beyond_32_bits_stops_no_list():
    """Gear 1, seed 11: a clock set to 2106 went on, and no list could be taken any more."""
    for utc_s in (2**32 + 5, -7):
        terminal, _ = opened()
        reply = terminal.uploader.on_request(listed([7]), terminal.moment(utc_s, 0))
        assert messages.decode(reply)[1].status == messages.APPLIED


def test_a_delta_is_applied_at_once():
    terminal, now = opened()
    reply = terminal.uploader.on_request(listed([7]), now)
    _, values, _ = messages.decode(reply)
    assert (values.version, values.status) == (1, messages.APPLIED)
    assert values.digest == terminal.blacklist.digest and terminal.blacklist.has(7)
    _, values, _ = messages.decode(terminal.uploader.on_request(listed([8], 5, 6), now))
    assert (values.version, values.status) == (1, messages.NEED_FULL)


def test_news_are_fetched_piece_by_piece_before_records():
    terminal, now = opened(taps=1)
    numbers = list(range(0, 32768, 97))
    blob = blacklist.encode(numbers, 32768)
    digest = blacklist.digest(blacklist.bitmap(numbers, 32768))
    reply = terminal.uploader.on_request(messages.encode(messages.NEWS, (0, 9)), now)
    assert messages.decode(reply)[1].status == messages.FETCHING
    pieces = 0
    while terminal.blacklist.version == 0:
        number, values, _ = messages.decode(terminal.uploader.next_request(now))
        assert number == messages.FETCH and values.offset == min(pieces * 100, len(blob))
        tail = blob[values.offset : values.offset + 100]
        head = (0, 9, len(blob), values.offset, digest)
        terminal.uploader.on_reply(messages.encode(messages.CHUNK, head, tail), now)
        pieces += 1
    assert pieces > 2 and terminal.blacklist.has(97) and not terminal.blacklist.has(98)
    assert terminal.uploader.next_request(now)[0] == messages.REPORT


def test_chunks_that_do_not_fit_give_the_list_up():
    good = (0, 9, 100, 0, NOTHING)
    for head, tail in (
        ((1, 9, 100, 0, NOTHING), b"x"),  # another list
        ((0, 9, 48 * 1024 + 1, 0, NOTHING), b"x"),  # too long
        ((0, 9, 100, 0, NOTHING), bytes(101)),  # more than it said
        ((0, 9, 100, 0, NOTHING), b""),  # nothing
        ((0, 9, 100, 7, NOTHING), b"x"),  # not where we are
    ):
        terminal, now = opened()
        uploader = terminal.uploader
        uploader.on_request(messages.encode(messages.NEWS, (0, 9)), now)
        uploader.next_request(now)
        uploader.on_reply(messages.encode(messages.CHUNK, good, b"begin"), now)
        uploader.next_request(now)
        chunk = messages.encode(messages.CHUNK, head, tail)
        raises(RemoteError, uploader.on_reply, chunk, now)
        assert uploader.next_request(now) is None and terminal.blacklist.version == 0


def test_a_newer_version_in_the_middle_starts_anew():
    terminal, now = opened()
    uploader = terminal.uploader
    blob = blacklist.encode([3], 32768)
    digest = blacklist.digest(blacklist.bitmap([3], 32768))
    uploader.on_request(messages.encode(messages.NEWS, (0, 9)), now)
    for head, tail in (((0, 9, 50, 0, NOTHING), b"old"), ((0, 10, len(blob), 0, digest), blob)):
        uploader.next_request(now)
        uploader.on_reply(messages.encode(messages.CHUNK, head, tail), now)
    assert terminal.blacklist.version == 10 and terminal.blacklist.has(3)


def test_a_list_that_does_not_hold_makes_the_old_one_no_younger():
    terminal, now = opened()
    blob = blacklist.encode([3], 32768)
    wrong = bytes(16)
    later = terminal.moment(now.utc_s + 7200, now.ticks_ms + 7_200_000)
    assert terminal.uploader.next_request(later)[0] == messages.REPORT
    terminal.uploader.on_reply(state(version=9), later)
    terminal.uploader.on_request(messages.encode(messages.NEWS, (0, 9)), later)
    assert terminal.uploader.next_request(later)[0] == messages.FETCH
    chunk = messages.encode(messages.CHUNK, (0, 9, len(blob), 0, wrong), blob)
    terminal.uploader.on_reply(chunk, later)
    assert terminal.blacklist.version == 0
    assert terminal.list_age_min(later) == 120


def test_ready_only_when_lists_and_parameters_are_here():
    terminal = terminal_on(flash_of(), met=False)
    now = moment(terminal)
    terminal.uploader.next_request(now)
    terminal.uploader.on_reply(state(version=1, settings=2), now)
    assert not terminal.params.met
    terminal.uploader.on_request(listed([7]), now)
    assert not terminal.params.met
    blob = params.pack({"zone": 3})
    reply = terminal.uploader.on_request(messages.encode(messages.PARAMS, (2,), blob), now)
    assert messages.decode(reply)[1] == (2, messages.APPLIED)
    assert terminal.params.met and terminal.params["zone"] == 3
    assert terminal_on(terminal._flash, met=False).params.met


def test_an_old_list_that_nobody_mends_is_fetched():
    terminal, now = opened()
    for _ in range(2):
        terminal.uploader.report_soon()
        assert terminal.uploader.next_request(now)[0] == messages.REPORT
        terminal.uploader.on_reply(state(version=4), now)
    assert terminal.uploader.next_request(now)[0] == messages.FETCH


def test_commands():
    terminal, now = opened(taps=3)
    terminal.key("*", now)
    terminal.uploader.next_request(now)
    terminal.uploader.on_reply(
        messages.encode(messages.ANSWERS, (), batch.pack([(batch.STORED, 0)] * 3)), now
    )
    for op, argument, status in (
        (messages.SEND_AGAIN, 2, messages.APPLIED),
        (messages.IDENTIFY, 0, messages.APPLIED),
        (messages.RESTART, 0, messages.APPLIED),
        (messages.REPORT_NOW, 0, messages.APPLIED),
        (99, 0, messages.REFUSED),
    ):
        body = messages.encode(messages.COMMAND, (op, argument))
        assert messages.decode(terminal.uploader.on_request(body, now))[1] == (op, status)
    assert terminal.journal.queue == 2
    assert terminal.effects() == [("show", "here", (12,)), ("restart",)]
    assert terminal.uploader.next_request(now)[0] == messages.REPORT


def test_a_restored_server_and_a_replaced_flash():
    terminal, now = opened(taps=3)
    terminal.journal.ack(3)
    terminal.uploader.report_soon()
    terminal.uploader.next_request(now)
    terminal.uploader.on_reply(state(highest=1), now)
    assert terminal.journal.acked_to == 1
    terminal = terminal_on(flash_of())
    now = moment(terminal)
    terminal.uploader.next_request(now)
    terminal.uploader.on_reply(state(highest=40), now)
    assert (terminal.journal.serial_next, terminal.journal.queue) == (42, 1)  # which tells of it


def test_hostile_requests_are_answered_and_do_nothing():
    terminal, now = opened()
    for body in (b"", b"\x00", b"\x41", b"\x41" + bytes(24), b"\x43", b"\x44\x01", b"\x01" * 30,
                 messages.encode(messages.NEWS, (9, 1)),
                 messages.encode(messages.DELTA, (9, 0, 1, NOTHING)), state()):  # fmt: skip
        reply = terminal.uploader.on_request(body, now)
        number, _, _ = messages.decode(reply)
        assert number in (messages.PROBLEM, messages.LIST_STATE)
    assert terminal.blacklist.version == 0 and terminal.uploader.next_request(now) is None


def test_the_idle_screen():
    terminal = terminal_on(flash_of(), met=False)
    now = terminal.moment(NOON, 0)
    assert terminal.idle(now) == [("show", "not_ready", (12,))]
    terminal, now = opened()
    assert terminal.idle(now) == [("show", "idle_online", (12, NOON + 8 * 3600))]
    now = moment(terminal, NOON, online=False)
    later = terminal.moment(NOON + 130 * 60, 130 * 60000)
    assert terminal.idle(later) == [("show", "idle_offline", (130, 0, 256, 0, 130))]
    terminal.key("5", now)
    assert terminal.idle(now) == [("show", "amount", (5,))]
