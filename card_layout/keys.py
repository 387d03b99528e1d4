"""The keys of one card, made from master keys and its UID: no two cards share one.

Masters are never seen here: `encrypt` (16 bytes -> 16 bytes) is a key store's AES under one of
them, and each of the three (sector key A, sector key B, purse) has its own. Sector keys are worth
little on a MIFARE Classic, whose cipher is broken; the purse key never enters the card.
Limits: UID of 4, 7 or 10 bytes. Source: NXP AN10922 section 2.2, AES-128; the last field of M,
the system identifier, and the field before it are ours.
"""

from card_layout.cmac import Cmac, pad, subkeys, xor_block

SYSTEM = b"campus card"
_DIVERSIFY_AES_128 = b"\x01"


def diversify(encrypt, m):
    """-> 16 bytes for M (1 to 31 bytes, else ValueError), as AN10922 has it.

    It is CMAC but for the filling: always to 32 bytes, even where one block would do.
    """
    if not 1 <= len(m) <= 31:
        raise ValueError(f"AN10922 takes 1 to 31 bytes, not {len(m)}")
    data = _DIVERSIFY_AES_128 + m
    whole, filled = subkeys(encrypt)
    if len(data) < 32:
        data, whole = pad(data, 32), filled
    return encrypt(xor_block(xor_block(encrypt(data[:16]), data[16:]), whole))


def sector_key(encrypt, uid, sector, name):
    """-> 6 bytes: key "A" or "B" of a sector (0 to 39); ValueError for another."""
    if name not in ("A", "B") or not 0 <= sector <= 39:
        raise ValueError(f"no key {name} of sector {sector}")
    return _key_of(encrypt, uid, sector, name)[:6]


def purse_key(encrypt, uid):
    """-> 16 bytes: the CMAC key that vouches for identity and purse of this card."""
    return _key_of(encrypt, uid, 0, "P")


def wallet_key(encrypt, uid, name):
    """-> 16 bytes: a key of a CPU card's wallet. name: "D" debit, "I" internal authentication under
    the purse master; "T" TAC, "L" load, "N" its PIN, "M" for who makes or wipes its files, under
    a master that no terminal has."""
    if name not in ("D", "L", "I", "T", "N", "M"):
        raise ValueError(f"no wallet key {name}")
    return _key_of(encrypt, uid, 0, name)


def card_mac(encrypt, uid):
    """-> the callable data -> 16 bytes under the card's purse key; made once for a tap."""
    return Cmac(purse_key(encrypt, uid)).mac


def _key_of(encrypt, uid, sector, name):
    """One shape for all, of a length that tells the UID's: no two meanings make the same M."""
    if len(uid) not in (4, 7, 10):
        raise ValueError(f"a UID of {len(uid)} bytes")
    return diversify(encrypt, bytes(uid) + bytes((sector, ord(name))) + SYSTEM)
