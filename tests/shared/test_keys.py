"""Key diversification against the examples that NXP prints, and our own keys against each other."""

from card_layout import keys
from card_layout.cmac import cmac
from protocol.aes import Aes
from tests.shared.card import MASTER_A, MASTER_B, MASTER_PURSE, UID
from tests.shared.expect import raises
from tests.shared.vectors import octets

# master key, M, diversified key
PRINTED = (
    # NXP AN10922 section 2.2.1: UID, application 3042F5, system "NXP Abu"
    (
        "00112233445566778899aabbccddeeff",
        "04782e21801d803042f54e585020416275",
        "a8dd63a3b89d54b37ca802473fda9175",
    ),
    # NXP AN10957 pages 13-14: M shorter than one block, where AN10922 leaves CMAC
    (
        "f3f9377698707b688eaf84abe39e3791",
        "04deadbeeffeed",
        "0bb408baff98b6ee9f2e1585777f6a51",
    ),
)


# shows R24
def test_printed_examples():
    for master, m, made in PRINTED:
        assert keys.diversify(Aes(octets(master)).ecb, octets(m)) == octets(made)


def test_from_one_whole_block_on_it_is_cmac():
    master = bytes(range(16))
    for length in range(1, 32):
        m = bytes(range(length))
        made = keys.diversify(Aes(master).ecb, m)
        assert (made == cmac(master, b"\x01" + m)) == (length >= 16)


def test_bounds():
    raises(ValueError, keys.diversify, MASTER_A, b"")
    raises(ValueError, keys.diversify, MASTER_A, bytes(32))
    raises(ValueError, keys.sector_key, MASTER_A, UID, 1, "C")
    raises(ValueError, keys.sector_key, MASTER_A, UID, 40, "A")
    raises(ValueError, keys.sector_key, MASTER_A, UID, -1, "A")
    for length in (0, 3, 5, 6, 8, 11):
        raises(ValueError, keys.purse_key, MASTER_PURSE, bytes(length))


def test_no_two_keys_are_one():
    made = set()
    sectors = (0, 1, 15)
    uids = (bytes(4), bytes(7), bytes(10), UID, UID[:4], bytes(reversed(UID)))
    for uid in uids:
        made.add(keys.purse_key(MASTER_PURSE, uid)[:6])
        for sector in sectors:
            made.add(keys.sector_key(MASTER_A, uid, sector, "A"))
            made.add(keys.sector_key(MASTER_B, uid, sector, "B"))
            made.add(keys.sector_key(MASTER_A, uid, sector, "B"))  # even if masters were mixed up
    assert len(made) == len(uids) * (1 + len(sectors) * 3)


def test_keys_of_a_card_never_change():
    """Cards are out there: a change here is a change of every card's keys."""
    assert keys.sector_key(MASTER_A, UID, 1, "A").hex() == "80d35e36152d"
    assert keys.sector_key(MASTER_B, UID, 1, "B").hex() == "bf745bc4b22d"
    assert keys.purse_key(MASTER_PURSE, UID).hex() == "976f78cfa267faf75cc6b9bfce493915"


def test_the_card_mac_is_cmac_under_the_purse_key():
    key = keys.purse_key(MASTER_PURSE, UID)
    assert keys.card_mac(MASTER_PURSE, UID)(b"some data") == cmac(key, b"some data")
