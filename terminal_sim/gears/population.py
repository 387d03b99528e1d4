"""Who is on gear 1's campus: cards of both kinds, phones, and what the oracle knows of each."""

from __future__ import annotations

import hashlib

from card_layout import identity, keys, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from protocol.aes import Aes
from terminal_sim import scenario, wallet_card
from terminal_sim.gears import held
from terminal_sim.holder_truths import PhoneTruth, WalletTruth
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import Oracle
from terminal_sim.pocket import Issuer, Pocket
from terminal_sim.prng import Prng

MASTERS = {name: hashlib.sha256(name.encode()).digest()[:16] for name in ("a", "b", "purse")}
SECTOR_KEYS = [Aes(MASTERS[name]).ecb for name in ("a", "b", "purse")]
SERVER_KEYS = Aes(hashlib.sha256(b"server").digest()[:16]).ecb
ISSUER = Issuer(1)
_PHONE_S = 70 * 365 * 86400  # of an authorisation; renewing it is the server's own story
PHONE_TAPS = 2  # offline, fewer than most weathers let a card take


def issue(number: int, credential: str, fen: int, seed: int, oracle: Oracle) -> held.Held:
    """A card or a phone with this number. credential: of scenario.CREDENTIALS."""
    if credential == scenario.CODE:
        caps = PHONE_TAPS, PHONE_TAPS * 2000
        limits = PHONE_TAPS, 3000, caps[1]
        phone = Pocket(number, limits, ISSUER, scenario.START_UTC_S + _PHONE_S)
        oracle.add_holder(PhoneTruth(number, fen, caps))
        return phone
    uid, who = uid_of(number), Identity(number, 2, 20000, 0, 1, 1)
    purse_master = SECTOR_KEYS[2]
    if credential == scenario.CPU:
        draw = Prng(seed ^ number << 8)
        made = wallet_card.issued(uid, who, fen, purse_master, SERVER_KEYS, draw)
        oracle.add_holder(WalletTruth(number, made.wallet))
        return made
    blocks = sectors.personalise(who, Purse(0, fen, 0, 0), uid, *SECTOR_KEYS)
    card = MifareClassic(uid, blocks)
    oracle.add_card(number, uid, keys.purse_key(purse_master, uid), held.witness(card))
    return card


def uid_of(number: int) -> bytes:
    """Each card's own."""
    return b"\x5a" + number.to_bytes(3, "big")


def tac_key(number: int) -> bytes:
    """What the server checks the proofs of a CPU card with."""
    return keys.wallet_key(SERVER_KEYS, uid_of(number), "T")


def identity_block(number: int) -> bytes:
    """The 16 bytes that say who has a card, as the server would write them anew."""
    uid = uid_of(number)
    who = Identity(number, 2, 20000, 0, 1, 1)  # the oracle knows no list stamps
    return identity.pack(who, uid, keys.card_mac(SECTOR_KEYS[2], uid))
