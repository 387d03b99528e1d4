"""A student's card as the desk would issue it, for a reader that is not part of a whole campus.

`masters` are three AES-128 keys of 16 bytes, in the order of MASTERS; they are the caller's and
are for demonstration only. Cards of a simulated campus come from its server instead.
"""

import time

from card_layout import identity, keys, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from protocol.aes import Aes
from terminal_sim.mifare import MifareClassic

MASTERS = ("sector_a", "sector_b", "purse")
MASTER_BYTES = 16
KEY_NAMES = ("A", "B")
_VALID_DAYS = 4 * 365


def student(uid, masters, balance_fen, card=1):
    """-> MifareClassic number `card`, valid everywhere for four years; ValueError: bad field."""
    encrypt_a, encrypt_b, encrypt_purse = (Aes(master).ecb for master in masters)
    who = Identity(
        card=card,
        holder_kind=identity.STUDENT,
        valid_until=identity.day_of(int(time.time())) + _VALID_DAYS,
        list_stamp=0,
        zones=0xFFFF,
        key_version=1,
    )
    purse = Purse(counter=0, balance_fen=balance_fen, terminal=0, serial=0)
    blocks = sectors.personalise(who, purse, uid, encrypt_a, encrypt_b, encrypt_purse)
    return MifareClassic(uid, blocks)


def sector_keys(uid, masters):
    """-> key A and key B of the campus sector of this card, 6 bytes each."""
    return [
        keys.sector_key(Aes(master).ecb, uid, sectors.SECTOR, name)
        for name, master in zip(KEY_NAMES, masters, strict=False)
    ]
