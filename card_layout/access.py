"""Access bits of a MIFARE Classic sector, found from the rights that they stand for.

A wrong value makes a sector unusable for ever, so nobody writes one by hand: the two tables are
the data sheet's, and the three bytes are computed. Rights are texts: which keys may, "" for none.
Source: NXP MF1S50YYX data sheet, section 8.7, tables 6 to 8.
"""

from collections import namedtuple

DataRights = namedtuple("DataRights", ("read", "write", "increment", "decrement"))
TrailerRights = namedtuple(
    "TrailerRights", ("write_key_a", "read_bits", "write_bits", "read_key_b", "write_key_b")
)

# (C1, C2, C3) of a data block; decrement stands for transfer and restore too.
DATA = (
    ((0, 0, 0), DataRights("AB", "AB", "AB", "AB")),  # as delivered
    ((0, 1, 0), DataRights("AB", "", "", "")),
    ((1, 0, 0), DataRights("AB", "B", "", "")),
    ((1, 1, 0), DataRights("AB", "B", "B", "AB")),
    ((0, 0, 1), DataRights("AB", "", "", "AB")),
    ((0, 1, 1), DataRights("B", "B", "", "")),
    ((1, 0, 1), DataRights("B", "", "", "")),
    ((1, 1, 1), DataRights("", "", "", "")),
)

# (C1, C2, C3) of the trailer; key A can never be read.
TRAILER = (
    ((0, 0, 0), TrailerRights("A", "A", "", "A", "A")),
    ((0, 1, 0), TrailerRights("", "A", "", "A", "")),
    ((1, 0, 0), TrailerRights("B", "AB", "", "", "B")),
    ((1, 1, 0), TrailerRights("", "AB", "", "", "")),
    ((0, 0, 1), TrailerRights("A", "A", "A", "A", "A")),  # as delivered
    ((0, 1, 1), TrailerRights("B", "AB", "B", "", "B")),
    ((1, 0, 1), TrailerRights("", "AB", "B", "", "")),
    ((1, 1, 1), TrailerRights("", "AB", "", "", "")),
)


def triple_for(table, rights):
    """-> the first (C1, C2, C3) of DATA or TRAILER that gives these rights, else ValueError."""
    for triple, given in table:
        if given == rights:
            return triple
    raise ValueError(f"no access bits give {rights}")


def rights_of(table, triple):
    """-> the rights of (C1, C2, C3) in DATA or TRAILER."""
    for bits, rights in table:
        if bits == triple:
            return rights
    raise ValueError(f"no access bits {triple}")


def encode(triples):
    """-> 3 bytes (6 to 8 of the trailer) for the (C1, C2, C3) of blocks 0 to 3 of a sector."""
    nibbles = [0, 0, 0]
    for block in range(4):
        for bit in range(3):
            nibbles[bit] |= triples[block][bit] << block
    c1, c2, c3 = nibbles
    return bytes(((c2 ^ 15) << 4 | c1 ^ 15, c1 << 4 | c3 ^ 15, c3 << 4 | c2))


def decode(three):
    """-> list of four (C1, C2, C3), or None when the bits and their inverses disagree."""
    c1, c2, c3 = three[1] >> 4, three[2] & 15, three[2] >> 4
    triples = [(c1 >> block & 1, c2 >> block & 1, c3 >> block & 1) for block in range(4)]
    return triples if encode(triples) == bytes(three) else None
