"""The map of a campus MIFARE Classic card: one sector is ours, four blocks of it.

Key A opens for reading (a gate has it), key B for reading and writing (a POS has it); nobody
reads a key. Only this sector is described: the others stay as the factory delivered them.
Source of the rights: design decision D4; of their bits: card_layout.access.
"""

from collections import namedtuple

from card_layout import access, identity, purse_m1
from card_layout.access import DataRights, TrailerRights
from card_layout.identity import pack as pack_identity
from card_layout.keys import card_mac, sector_key

SECTOR = identity.SECTOR
IDENTITY_BLOCK = identity.BLOCK
TRAILER_BLOCK = 7
LAYOUT_VERSION = 1  # stands in the trailer's free byte

_READ_ALL_WRITE_B = DataRights(read="AB", write="B", increment="", decrement="")
_KEYS_HIDDEN_WRITE_B = TrailerRights(
    write_key_a="B", read_bits="AB", write_bits="B", read_key_b="", write_key_b="B"
)

Row = namedtuple("Row", ("block", "name", "table", "rights"))

MAP = (
    Row(IDENTITY_BLOCK, "identity", access.DATA, _READ_ALL_WRITE_B),
    Row(purse_m1.BLOCK_A, "purse a", access.DATA, _READ_ALL_WRITE_B),
    Row(purse_m1.BLOCK_B, "purse b", access.DATA, _READ_ALL_WRITE_B),
    Row(TRAILER_BLOCK, "trailer", access.TRAILER, _KEYS_HIDDEN_WRITE_B),
)


def access_bytes():
    """-> the 4 bytes between the keys: access bits of MAP, then the layout's version."""
    triples = [access.triple_for(row.table, row.rights) for row in MAP]
    return access.encode(triples) + bytes((LAYOUT_VERSION,))


def personalise(holder, purse, uid, sector_encrypt_a, sector_encrypt_b, purse_encrypt):
    """-> list of (block, 16 bytes) in the order to write them; ValueError for a bad field.

    `encrypt` callables as in card_layout.keys. The second purse block is emptied first, so that
    an older purse of a card issued again is gone before the new one stands; the trailer comes
    last, so that an interrupted card still opens with the keys it opened with before.
    """
    mac = card_mac(purse_encrypt, uid)
    return [
        (purse_m1.BLOCK_B, purse_m1.EMPTY),
        (purse_m1.BLOCK_A, purse_m1.pack(purse, uid, purse_m1.BLOCK_A, mac)),
        (IDENTITY_BLOCK, pack_identity(holder, uid, mac)),
        (TRAILER_BLOCK, trailer(uid, sector_encrypt_a, sector_encrypt_b)),
    ]


def trailer(uid, sector_encrypt_a, sector_encrypt_b):
    """-> the 16 bytes of this card's trailer."""
    key_a = sector_key(sector_encrypt_a, uid, SECTOR, "A")
    return key_a + access_bytes() + sector_key(sector_encrypt_b, uid, SECTOR, "B")
