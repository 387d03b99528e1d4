"""Cards and codes: purse and identity blocks, access bits, a CPU card's answers, a phone's code."""

from card_layout import access, base45, code, identity, purse_cpu, purse_m1
from card_layout.block import Altered
from card_layout.keys import card_mac
from protocol.aes import Aes
from tests.fuzz.cut import Cut, tried_but

UID = b"\x2c\x01\x02\x03"
MAC = card_mac(Aes(b"the purse master").ecb, UID)


def purse(data):
    """Two blocks of anybody: no purse, and never one that was not written by us."""
    cut = Cut(data)
    ours = [purse_m1.EMPTY, purse_m1.EMPTY]
    for place, index in enumerate((purse_m1.BLOCK_A, purse_m1.BLOCK_B)):
        what = cut.below(4)
        if what == 0:
            continue
        values = purse_m1.Purse(cut.below(8), int.from_bytes(cut.take(3), "big"), 1, 2)
        ours[place] = purse_m1.pack(values, UID, index, MAC)
        if what == 2:
            ours[place] = cut.take(16)
        elif what == 3:  # torn: old and new mixed byte by byte
            other = cut.take(16)
            torn = cut.below(17)
            ours[place] = ours[place][:torn] + other[torn:]
    told = tried_but(Altered, purse_m1.choose, ours[0], ours[1], UID, MAC)
    if told[0] == "value":
        held, index, other = told[1]
        assert other is None or other.counter < held.counter
        place = 1 if index == purse_m1.BLOCK_A else 0
        written = (purse_m1.BLOCK_A, purse_m1.BLOCK_B)[place]
        stopped = purse_m1.is_stopped(ours[place])
        assert purse_m1.pack(held, UID, written, MAC, stopped) == ours[place]
        tried_but(ValueError, purse_m1.successor, held, -cut.below(256), 1, 2)
        purse_m1.previous_amount(held, other)
    foreign = purse_m1.unpack(data, UID, purse_m1.BLOCK_A, MAC)
    return told, foreign


def identities(data):
    """An identity block of anybody is Altered; one changed byte of ours is too."""
    cut = Cut(data)
    holder = identity.Identity(*[cut.below(250) + 1 for _ in identity._FIELDS])
    made = tried_but(ValueError, identity.pack, holder, UID, MAC)
    told = [made, tried_but(Altered, identity.unpack, data, UID, MAC)]
    if made[0] == "value":
        assert identity.unpack(made[1], UID, MAC) == holder
        changed = bytearray(made[1])
        changed[cut.below(16)] ^= 1 + cut.below(255)
        told.append(tried_but(Altered, identity.unpack, bytes(changed), UID, MAC))
        assert told[-1][0] == "refused"
    return told


def access_bits(data):
    """Three bytes are four settings, each in its table, or none."""
    triples = access.decode(Cut(data).take(3))
    if triples is None:
        return None
    assert len(triples) == 4
    return triples, [tuple(access.rights_of(access.DATA, one)) for one in triples]


def wallet(data):
    """What a CPU card answers."""
    begun = purse_cpu.begun(data)
    logged = purse_cpu.logged(data)
    assert (begun is None) == (len(data) != 15)
    assert (logged is None) == (len(data) != purse_cpu.LOG_SIZE)
    return begun, logged


def qr_code(data):
    """The text of a code: BadCode, or fields that stand in it; foreign Base45 is a ValueError."""
    told = tried_but(ValueError, base45.decode, data)
    if told[0] == "value":
        assert base45.encode(told[1]).encode() == bytes(data)
    parsed = tried_but(code.BadCode, code.parse, data)
    cut = Cut(data)
    whole = bytes((code.FORMAT,)) + cut.take(code.SIZE - 1)
    held = code.parse(whole)
    assert code.authorised_part(whole) == whole[: code._AUTHORISED]
    return told, parsed, held.utc_s, held.counter, tuple(held.authorisation)
