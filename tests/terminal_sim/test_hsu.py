"""The UART of the chip: frames as bytes in hexadecimal, and any bytes at all."""

from hypothesis import given, settings
from hypothesis import strategies as st

from terminal_sim.hsu import BODY_MAX, frame
from terminal_sim.pn532 import Pn532
from terminal_sim.pn532_tables import SyntaxFault
from tests.terminal_sim.bench_chip import Bench, selected

ACK = "00 00 ff 00 ff 00"
NACK = "00 00 ff ff 00 00"
ERROR = "00 00 ff 01 ff 7f 81 00"
VERSION = "00 00 ff 02 fe d4 02 2a 00"
VERSION_ANSWER = "00 00 ff 06 fa d5 03 32 01 06 07 e8 00"
LIST = "00 00 ff 04 fc d4 4a 01 00 e1 00"
LIST_ANSWER = "00 00 ff 0c f4 d5 4b 01 01 00 04 08 04 de ad be ef 96 00"
UNKNOWN = "00 00 ff 02 fe d4 99 93 00"


def test_command_is_answered_by_ack_and_response():
    assert Bench().line(VERSION) == f"{ACK} {VERSION_ANSWER}"


def test_wake_up_bytes_and_any_preamble():
    for before in ("55 55 00 00 00", "00 " * 20, "ff " * 9, "00 ff ", "00 00 00 00 ff 12 34 "):
        assert Bench().line(before + VERSION) == f"{ACK} {VERSION_ANSWER}"


def test_byte_by_byte():
    bench = Bench()
    answers = [bench.line(byte) for byte in VERSION.split()]
    assert answers == [""] * 7 + [f"{ACK} {VERSION_ANSWER}", ""]


def test_two_frames_at_once():
    bench = Bench()
    assert bench.line(VERSION + LIST) == f"{ACK} {VERSION_ANSWER} {ACK} {LIST_ANSWER}"


def test_no_postamble_needed():
    bench = Bench()
    assert bench.line(VERSION[:-3]) == f"{ACK} {VERSION_ANSWER}"


def test_nack_repeats_the_last_response():
    bench = Bench()
    assert bench.line(NACK) == ""
    bench.line(VERSION)
    assert bench.line(NACK) == VERSION_ANSWER
    assert bench.line(NACK) == VERSION_ANSWER


def test_error_frame():
    bench = Bench()
    assert bench.line(UNKNOWN) == f"{ACK} {ERROR}"
    assert bench.line("00 00 ff 01 ff d4 2c 00") == f"{ACK} {ERROR}"  # no command
    assert bench.line("00 00 ff 02 fe d5 02 29 00") == f"{ACK} {ERROR}"  # wrong direction


def test_wrong_sums_are_not_answered():
    bench = Bench()
    for bad in (
        "00 00 ff 02 fd d4 02 2a 00",
        "00 00 ff 02 fe d4 02 2b 00",
        "00 00 ff ff ff 00 02 fd d4 02 2a 00",
        "00 00 ff ff ff 01 0a f5 d4",  # longer than the chip can take
        "00 00 ff 00 00 00",
    ):
        assert bench.line(bad) == ""
        assert bench.line(VERSION) == f"{ACK} {VERSION_ANSWER}"
    assert bench.hsu.counts["bad"] >= 5


def test_extended_frame():
    bench = Bench()
    assert bench.line("00 00 ff ff ff 00 02 fe d4 02 2a 00") == f"{ACK} {VERSION_ANSWER}"
    body = b"\xd4\x00\x00" + bytes(range(255)) + bytes(7)
    assert len(body) == BODY_MAX
    sent = bench.hsu.feed(frame(body))
    assert sent[1][1] == frame(b"\xd5\x01" + body[2:])
    assert sent[1][1][3:8].hex() == "ffff0109f6"


def test_list_waits_for_a_card():
    bench = Bench()
    card = bench.card
    bench.field.take(card)
    assert bench.line(LIST) == ACK
    assert bench.hsu.look_again() == []
    bench.field.put(card)
    assert b"".join(data for _, data in bench.hsu.look_again()).hex(" ") == LIST_ANSWER
    assert bench.hsu.look_again() == []


def test_ack_and_new_commands_end_the_wait():
    for ending, answer in ((ACK, ""), (VERSION, f"{ACK} {VERSION_ANSWER}")):
        bench = Bench()
        card = bench.card
        bench.field.take(card)
        bench.line(LIST)
        assert bench.line(ending) == answer
        bench.field.put(card)
        assert bench.hsu.look_again() == []


def test_power_down_and_waking():
    bench = selected()
    bench.line("00 00 ff 04 fc d4 16 10 00 06 00")  # wakes by HSU
    assert bench.chip.asleep
    assert not bench.field.is_on
    assert bench.line(VERSION) == ""  # its edges woke the chip, its head was lost
    assert bench.line(VERSION) == f"{ACK} {VERSION_ANSWER}"
    bench.line("00 00 ff 04 fc d4 16 10 00 06 00")
    assert bench.line("55" + VERSION) == f"{ACK} {VERSION_ANSWER}"
    bench.line("00 00 ff 04 fc d4 16 08 00 0e 00")  # wakes by the field only
    assert bench.line("55" * 50 + VERSION) == ""


def test_half_a_frame_is_forgotten_after_a_gap():
    bench = Bench()
    assert bench.line("00 00 ff ff ff 01 00 ff d4") == ""
    assert bench.hsu.is_partial
    bench.hsu.gap()
    assert bench.line(VERSION) == f"{ACK} {VERSION_ANSWER}"


def test_modelled_time():
    bench = selected()
    bench.authenticate(4)
    (ack_us, _), (answer_us, answer) = bench.hsu.feed(frame(b"\xd4\x40\x01\x30\x04"))
    assert ack_us == 14 * 10 * 1000000 // 115200
    assert answer_us == 2500 + len(answer) * 10 * 1000000 // 115200


COMMAND = st.builds(
    lambda code, data: frame(bytes((0xD4, code)) + data),
    st.one_of(st.sampled_from(sorted(Pn532(Bench().field).commands)), st.integers(0, 255)),
    st.binary(max_size=40),
)
EXCHANGE = st.builds(
    lambda code, data: frame(b"\xd4\x40\x01" + bytes((code,)) + data),
    st.sampled_from([0x30, 0x50, 0x60, 0x61, 0xA0, 0xB0, 0xC0, 0xC1, 0xC2, 0xE0]),
    st.binary(max_size=20),
)
PIECE = st.one_of(
    st.binary(max_size=60),
    COMMAND,
    EXCHANGE,
    st.sampled_from([bytes.fromhex(text) for text in (ACK, NACK, LIST, VERSION, "00 00 ff")]),
)
STREAM = st.lists(PIECE, max_size=12)


@settings(max_examples=300, deadline=None)
@given(STREAM)
def test_any_bytes_leave_the_line_in_step(pieces):
    bench = Bench()
    for piece in pieces:
        bench.hsu.feed(piece)
        assert len(bench.hsu._buffer) <= BODY_MAX + 8
    if bench.chip.asleep:
        bench.chip.reset()
    bench.hsu.gap()
    assert bench.line(VERSION) == f"{ACK} {VERSION_ANSWER}"


@settings(max_examples=150, deadline=None)
@given(STREAM)
def test_in_step_without_a_gap_after_what_a_head_may_announce(pieces):
    bench = Bench()
    for piece in pieces:
        bench.hsu.feed(piece)
    if bench.chip.asleep:
        bench.chip.reset()
    bench.hsu.feed(b"\x55" * (BODY_MAX + 8))
    assert bench.line(VERSION).endswith(f"{ACK} {VERSION_ANSWER}")


@settings(max_examples=150, deadline=None)
@given(STREAM)
def test_chunks_do_not_matter(pieces):
    stream = b"".join(pieces)
    whole, single = Bench(), Bench()
    together = b"".join(data for _, data in whole.hsu.feed(stream))
    apart = b"".join(data for at in stream for _, data in single.hsu.feed(bytes((at,))))
    assert together == apart
    assert whole.card.dump() == single.card.dump()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=30)), max_size=10))
def test_any_command_is_answered_or_has_no_meaning(commands):
    bench = selected()
    for code, data in commands:
        try:
            answer = bench.chip.execute(code, data)
        except SyntaxFault:
            continue
        assert answer is None or len(answer) < BODY_MAX


@settings(max_examples=100, deadline=None)
@given(STREAM)
def test_card_memory_changes_by_allowed_writes_only(pieces):
    """Block 0 and key A of the sectors that nobody opened stay as they were."""
    bench = Bench()
    first = bench.card.block(0)
    for piece in pieces:
        bench.hsu.feed(piece)
    assert bench.card.block(0) == first
