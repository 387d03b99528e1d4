"""The reader chip's line: noise before and inside answers, in pieces of any size. R26."""

from firmware.drivers.pn532 import ACK, Pn532

ANSWER = b"\x00\x00\xff\x06\xfa\xd5\x03\x32\x01\x06\x07\xe8\x00"


def heard(stream, size):
    """What the answer to GetFirmwareVersion says when the stream comes in such pieces."""
    chip = Pn532()
    chip.begin(0x02, b"")
    for at in range(0, len(stream), size):
        found = chip.feed(stream[at : at + size])
        assert len(chip._heard) < 300
        if found is not None:
            return found
    return None


def test_long_noise_that_ends_in_a_start_code_loses_no_answer():
    """Found by fuzzing: beyond 265 bytes of noise all but the last byte was thrown away, also when
    the first bytes of a frame were among them; it depended on how the bytes were cut."""
    for length in range(255, 275):
        stream = b"\x55" * length + ACK + ANSWER
        for size in (1, 2, 3, 7, length + 1, length + 2, length + 3, length + 4, len(stream)):
            assert heard(stream, size) == ANSWER[7:11], (length, size)


def test_noise_costs_no_memory():
    chip = Pn532()
    chip.begin(0x02, b"")
    for _ in range(100):
        assert chip.feed(b"\x55" * 64) is None
        assert len(chip._heard) <= 64
