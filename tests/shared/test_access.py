"""Access bits: every triple of every block, read back the way the chip reads them."""

from card_layout import access
from tests.shared.expect import raises
from tests.shared.vectors import octets

TRIPLES = [triple for triple, _rights in access.DATA]
DELIVERED = [(0, 0, 0), (0, 0, 0), (0, 0, 0), (0, 0, 1)]

# bytes 6 to 8 of trailers that many have written, and what they are known to mean
KNOWN = (
    ("ff0780", (0, 0, 0), (0, 0, 1)),  # transport configuration, MF1S50YYX section 8.7
    ("7f0788", (0, 0, 0), (0, 1, 1)),  # NDEF sector read/write, NXP AN1305
    ("787788", (1, 0, 0), (0, 1, 1)),  # MAD sector, NXP AN10787
    ("08778f", (1, 1, 0), (0, 1, 1)),  # value blocks: increment with key B only
)


def chip_reads(three):
    """-> per block (C1, C2, C3), each bit and its inverse from the cell that figure 10 gives it."""
    low, middle, high = three
    read = []
    for block in range(4):
        c1, c2, c3 = middle >> (4 + block) & 1, high >> block & 1, high >> (4 + block) & 1
        not_c1, not_c2, not_c3 = low >> block & 1, low >> (4 + block) & 1, middle >> block & 1
        assert (c1, c2, c3) == (1 - not_c1, 1 - not_c2, 1 - not_c3), "the sector would be dead"
        read.append((c1, c2, c3))
    return read


def test_known_trailers():
    for text, data, trailer in KNOWN:
        triples = [data, data, data, trailer]
        assert access.encode(triples) == octets(text)
        assert access.decode(octets(text)) == triples


def test_every_triple_of_every_block():
    for block in range(4):
        for triple in TRIPLES:
            triples = list(DELIVERED)
            triples[block] = triple
            three = access.encode(triples)
            assert chip_reads(three) == triples
            assert access.decode(three) == triples


def test_every_combination():
    for number in range(8**4):
        triples = [TRIPLES[number >> (3 * block) & 7] for block in range(4)]
        three = access.encode(triples)
        assert access.decode(three) == triples
        assert chip_reads(three) == triples


def test_one_wrong_bit_is_seen():
    for text, _data, _trailer in KNOWN:
        for bit in range(24):
            bad = (int.from_bytes(octets(text), "big") ^ 1 << bit).to_bytes(3, "big")
            assert access.decode(bad) is None
    assert access.decode(bytes(3)) is None
    assert access.decode(b"\xff\xff\xff") is None


def test_tables_name_each_triple_once_and_each_right_once():
    for table in (access.DATA, access.TRAILER):
        assert len({triple for triple, _rights in table}) == len(table) == 8
        for triple, rights in table:
            assert access.rights_of(table, triple) == rights
    for triple, rights in access.DATA:
        assert access.triple_for(access.DATA, rights) == triple


def test_rights_that_do_not_exist():
    raises(ValueError, access.triple_for, access.DATA, access.DataRights("A", "A", "", ""))
    raises(ValueError, access.rights_of, access.DATA, (2, 0, 0))
