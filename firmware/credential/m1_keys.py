"""A MIFARE card whose keys may be of several versions: opened, found old, given the newer ones.

The order of the writes, and what each leaves when it is torn: docs/mifare.md. The credential is m1;
this is its part that most campuses never need.
"""

from card_layout import identity, purse_m1, sectors
from card_layout.keys import sector_key
from firmware.core import states
from firmware.core.keystore import SECTOR_A, SECTOR_B
from firmware.credential import air


def openings(store, uid, name, slot):
    """-> the sector keys of every version but the newest, the newer first; then what a write of the
    trailer that was torn may have left of two."""
    keys = []
    for version in store.versions:
        key = sector_key(store.encryptor(slot, version), uid, identity.SECTOR, name)
        if key not in keys:
            keys.append(key)
    mixed = []
    for newer in range(len(keys) - 1):
        for cut in range(1, len(keys[newer])):
            mixed.append(keys[newer][:cut] + keys[newer + 1][cut:])
    return keys[1:] + mixed


def opened(tap, command, keys):
    """Try them in turn; a card that denied one hears nothing until it is selected again. -> (key,
    status of air of the last)."""
    for key in keys:
        found = yield ("select",)
        if found is None or found[:2] != ("one", tap.uid):
            return None, air.GONE
        status, _ = yield ("card", air.authenticate(command, identity.BLOCK, key, tap.uid))
        if status != air.DENIED:
            return key, status
    return None, air.DENIED


def is_old(store, tap):
    """Does anything on the card stand under keys older than cards shall have?"""
    wanted = _wanted(store, tap)
    if tap.identity.key_version < wanted or is_purse_old(tap):
        return True
    key = sector_key(store.encryptor(SECTOR_B, wanted), tap.uid, identity.SECTOR, "B")
    return tap.private[3] != key


def is_purse_old(tap):
    """Is the purse that holds under another version's keys than the identity?"""
    macs, index, blocks, _ = tap.private
    held = purse_m1.BLOCK_A + purse_m1.BLOCK_B - index
    return purse_m1.unpack(blocks[held - identity.BLOCK], tap.uid, held, macs[0]) is None


def reopen(store, tap):
    """The last of a card to be changed, for a torn trailer is told by its keys alone."""
    yield from ()
    wanted = _wanted(store, tap)
    encrypt_a, encrypt_b = (store.encryptor(slot, wanted) for slot in (SECTOR_A, SECTOR_B))
    trailer = sectors.trailer(tap.uid, encrypt_a, encrypt_b)
    if tap.private[3] == trailer[-6:]:
        return states.OK
    status, _ = yield ("card", air.write(sectors.TRAILER_BLOCK, trailer))
    return states.OK if status == air.OK else states.GONE


def _wanted(store, tap):
    """The version that cards shall have, the oldest where this terminal has not got it."""
    wanted = tap.terminal.params["card_key"]
    return wanted if wanted in store.versions else store.versions[-1]
