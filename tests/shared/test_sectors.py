"""The map of the card and the blocks of a fresh one."""

from card_layout import access, identity, keys, purse_m1, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from tests.shared.card import MASTER_A, MASTER_B, MASTER_PURSE, UID, mac_of
from tests.shared.expect import raises

HOLDER = Identity(30001, identity.STUDENT, 10226, 77, 0x0003, 1)
PURSE = Purse(0, 5000, 0, 0)


def fresh(uid=UID, holder=HOLDER, purse=PURSE):
    return sectors.personalise(holder, purse, uid, MASTER_A, MASTER_B, MASTER_PURSE)


def test_access_bytes_are_the_known_ones():
    assert sectors.access_bytes().hex() == "787788" + "01"


def test_what_the_bits_allow_is_what_the_map_says():
    triples = access.decode(sectors.access_bytes()[:3])
    for place, row in enumerate(sectors.MAP):
        rights = access.rights_of(row.table, triples[place])
        assert rights == row.rights
        if row.table is access.DATA:
            assert (rights.read, rights.write) == ("AB", "B")
            assert (rights.increment, rights.decrement) == ("", "")
        else:
            assert rights.read_key_b == ""  # a readable key B could not authenticate
            assert (rights.write_key_a, rights.write_key_b, rights.write_bits) == ("B", "B", "B")


def test_the_map_is_one_sector_in_order():
    blocks = [row.block for row in sectors.MAP]
    assert blocks == [sectors.SECTOR * 4 + at for at in range(4)]
    assert blocks == [sectors.IDENTITY_BLOCK, purse_m1.BLOCK_A, purse_m1.BLOCK_B, 7]


def test_a_fresh_card():
    for uid in (UID, UID[:4]):
        written = fresh(uid)
        assert [block for block, _data in written] == [6, 5, 4, 7]
        card = dict(written)
        assert identity.unpack(card[4], uid, mac_of(uid)) == HOLDER
        assert purse_m1.choose(card[5], card[6], uid, mac_of(uid)) == (PURSE, 6, None)
        assert card[7][:6] == keys.sector_key(MASTER_A, uid, 1, "A")
        assert card[7][10:] == keys.sector_key(MASTER_B, uid, 1, "B")
        assert access.decode(card[7][6:9]) is not None
        assert [len(data) for data in card.values()] == [16] * 4


def test_a_card_issued_again_has_only_its_new_purse():
    """Cut anywhere, it shows the old purse, the new one or none, never a mixture."""
    old = Purse(400, 999, 7, 7)
    for old_block in (5, 6):
        card = {5: purse_m1.EMPTY, 6: purse_m1.EMPTY}
        card[old_block] = purse_m1.pack(old, UID, old_block, mac_of())
        for block, data in fresh():
            card[block] = data
            try:
                held = purse_m1.choose(card[5], card[6], UID, mac_of())[0]
            except purse_m1.Altered:
                held = None
            assert held in (old, PURSE, None)
        assert held == PURSE


def test_a_bad_field_writes_nothing():
    raises(ValueError, fresh, UID, HOLDER, Purse(0, -1, 0, 0))
    raises(ValueError, fresh, UID, Identity(1 << 24, 1, 0, 0, 0, 0), PURSE)
    raises(ValueError, fresh, bytes(5))
