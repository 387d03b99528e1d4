"""The 64-byte record, its chain, and what half-programmed flash reads as."""

from protocol import batch, record
from protocol.errors import LocalError, RemoteError
from tests.shared.expect import raises

TERMINAL = 259
LUNCH = record.Record(
    serial=0x01020304,
    type=record.PURCHASE,
    flags=record.ONLINE | record.CLOCK_TRUSTED | record.PURSE_READ,
    reason=0,
    utc_s=1554609600,
    card=0x0A0B0C,
    credential=record.credential(record.MIFARE, 2),
    amount_fen=1250,
    counter=77,
    balance_fen=8750,
    policy=1 << 13,
    list_version=41,
    list_age_min=3,
    previous_terminal=9,
    previous_serial=0xCAFE,
    previous_amount_fen=record.UNKNOWN_AMOUNT_FEN,
    detail=0,
)
# written by hand from docs/record.md, up to the chain
LUNCH_FIELDS = (
    "01020304 01 13 0000 5ca975c0 0a0b0c 21 000004e2 00004d 00222e 00002000"
    " 000029 0003 0009 0000cafe ffffff 00000000"
)


def fields():
    return bytes.fromhex(LUNCH_FIELDS.replace(" ", ""))


def test_bytes_are_where_the_page_says():
    raw = record.pack(LUNCH, record.first_chain(TERMINAL))
    assert len(raw) == record.SIZE == 64
    assert raw[:48] == fields(), raw[:48]
    assert raw[60:] == b"\xff\xff\xff\xff"
    assert record.unpack(raw) == LUNCH


def test_fields_fill_48_bytes_and_each_takes_its_extremes():
    assert sum([size for _, size in record.FIELDS]) == record.FIELDS_SIZE
    chain = bytes(8)
    zeros = record.Record(*[0] * len(record.FIELDS))
    assert record.unpack(record.pack(zeros, chain)) == zeros
    for index, (name, size) in enumerate(record.FIELDS):
        values = [0] * len(record.FIELDS)
        values[index] = (1 << 8 * size) - 1
        highest = record.Record(*values)
        assert record.unpack(record.pack(highest, chain)) == highest, name
        for bad in (-1, 1 << 8 * size):
            values[index] = bad
            raises(LocalError, record.pack, record.Record(*values), chain)
    raises(LocalError, record.pack, zeros, bytes(7))


def test_the_chain_binds_each_record_to_all_before_it():
    chain = record.first_chain(TERMINAL)
    assert chain != record.first_chain(TERMINAL + 1)
    raws = []
    for serial in range(1, 5):
        values = list(LUNCH)
        values[0] = serial
        raw = record.pack(record.Record(*values), chain)
        assert record.next_chain(chain, raw) == record.chain_of(raw)
        chain = record.chain_of(raw)
        raws.append(raw)
    other = record.pack(LUNCH, record.first_chain(TERMINAL))
    assert record.next_chain(record.chain_of(other), raws[1]) != record.chain_of(raws[1])


def test_later_bytes_change_neither_chain_nor_crc():
    raw = bytearray(record.pack(LUNCH, bytes(8)))
    raw[record.OUTCOME_AT] = record.DONE
    raw[record.ACKED_AT] = record.ACKED
    assert record.unpack(bytes(raw)) == LUNCH
    assert record.is_acked(raw)


def test_any_flipped_bit_is_refused():
    raw = record.pack(LUNCH, bytes(8))
    for at in range(60):
        damaged = bytearray(raw)
        damaged[at] ^= 0x10
        raises(RemoteError, record.unpack, bytes(damaged))
    for size in (0, 63, 65):
        raises(RemoteError, record.unpack, (raw + raw)[:size])
    raises(RemoteError, record.unpack, b"\xff" * 64)
    raises(RemoteError, record.unpack, bytes(64))


def test_outcome_has_one_reading_for_every_half_written_value():
    raw = bytearray(record.pack(LUNCH, bytes(8)))
    assert record.outcome_of(raw) == record.INTENT
    for value in range(256):
        raw[record.OUTCOME_AT] = value
        outcome = record.outcome_of(raw)
        if value | record.DONE == value and value != 0xFF:  # only bits that DONE clears are clear
            assert outcome == record.DONE, value
        elif value | record.VOID == value and value != 0xFF:
            assert outcome == record.VOID, value
        elif value != 0xFF:
            assert outcome == record.DONE, value
    assert record.outcome_of(record.pack(LUNCH, bytes(8), record.DONE)) == record.DONE


def test_free_and_acked():
    assert record.is_free(b"\xff" * 64)
    assert record.is_free(bytearray(b"\xff" * 64))
    raw = bytearray(record.pack(LUNCH, bytes(8)))
    assert not record.is_free(raw)
    assert not record.is_acked(raw)
    raw[record.ACKED_AT] = 0x7F  # a single bit that fell is enough
    assert record.is_acked(raw)


def test_credential_byte():
    assert record.credential(record.CODE, 15) == 0xF3
    raises(LocalError, record.credential, 16, 0)
    raises(LocalError, record.credential, 1, 16)


def test_batches_are_whole_records():
    raw = record.pack(LUNCH, bytes(8))
    assert batch.split(raw * 50) == [raw] * 50
    for tail in (b"", raw[:63], raw + b"x", raw * 51):
        raises(RemoteError, batch.split, tail)


def test_answers_there_and_back():
    answers = [(batch.STORED, 0), (batch.EXISTS, 0), (batch.QUARANTINED, 64)]
    packed = batch.pack(answers)
    assert packed == bytes.fromhex("010002000440")
    assert batch.unpack(packed) == answers
    for bad in ([], [(0, 0)], [(5, 0)], [(1, 256)], [(1, 0)] * 51):
        raises(LocalError, batch.pack, bad)
    for bad in (b"", b"\x01", b"\x00\x00", b"\x05\x00", b"\x01\x00" * 51):
        raises(RemoteError, batch.unpack, bad)
