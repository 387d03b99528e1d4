"""A student's card as the desk would issue it, for a reader that is not part of a whole campus.

`masters` are three AES-128 keys of 16 bytes, in the order of MASTERS; they are the caller's and
are for demonstration only. Cards of a simulated campus come from its server instead.
"""

import hashlib
import time

from card_layout import identity, keys, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from protocol.aes import Aes
from terminal_sim.iso_dep import IsoDepCard
from terminal_sim.mifare import MifareClassic
from terminal_sim.pboc import Keys, Wallet
from terminal_sim.prng import Prng

MASTERS = ("sector_a", "sector_b", "purse")
MASTER_BYTES = 16
KEY_NAMES = ("A", "B")
_VALID_DAYS = 4 * 365


def student(uid, masters, balance_fen, card=1):
    """-> MifareClassic number `card`, valid everywhere for four years; ValueError: bad field."""
    encrypt_a, encrypt_b, encrypt_purse = (Aes(master).ecb for master in masters)
    purse = Purse(counter=0, balance_fen=balance_fen, terminal=0, serial=0)
    blocks = sectors.personalise(_who(card), purse, uid, encrypt_a, encrypt_b, encrypt_purse)
    return MifareClassic(uid, blocks)


def student_cpu(uid, masters, balance_fen, card=1):
    """-> IsoDepCard number `card` with a wallet. Its TAC master is made of the purse master, its
    random numbers of the UID, so that a run repeats to the byte."""
    master = masters[MASTERS.index("purse")]
    encrypt, encrypt_tac = Aes(master).ecb, Aes(hashlib.sha256(b"tac" + master).digest()[:16]).ecb
    own = Keys(
        purchase=keys.wallet_key(encrypt, uid, "D"),
        load=keys.wallet_key(encrypt_tac, uid, "L"),
        tac=keys.wallet_key(encrypt_tac, uid, "T"),
        internal=keys.wallet_key(encrypt, uid, "I"),
    )
    block = identity.pack(_who(card), uid, keys.card_mac(encrypt, uid))
    draw = Prng(int.from_bytes(uid, "big")).bytes
    serial = bytes(8 - len(uid)) + uid
    return IsoDepCard(uid, Wallet(serial, own, block, balance_fen, draw))


def _who(card):
    return Identity(
        card=card,
        holder_kind=identity.STUDENT,
        valid_until=identity.day_of(int(time.time())) + _VALID_DAYS,
        list_stamp=0,
        zones=0xFFFF,
        key_version=1,
    )


def sector_keys(uid, masters):
    """-> key A and key B of the campus sector of this card, 6 bytes each."""
    return [
        keys.sector_key(Aes(master).ecb, uid, sectors.SECTOR, name)
        for name, master in zip(KEY_NAMES, masters, strict=False)
    ]
