"""The MIFARE Classic card at a terminal: one authentication, three reads, one write, one read-back.

What the blocks mean is card_layout's, whether the card may is the policy's. Where nothing is taken
the sector is opened with key A, which cannot write. What it leaves in the tap: `identity`,
`purse`, `previous`, `card`, `is_old`; in `private` the card's MACs (purses are written with the
first), the block that is written next, what the blocks hold, the key that opened.
Limits: UIDs of 4 and 7 bytes; a copy of a whole card cannot be told from the card (docs/mifare.md).
"""

from card_layout import identity, purse_m1, sectors
from card_layout.block import Altered
from card_layout.keys import card_mac, sector_key
from firmware.core import states
from firmware.core.keystore import PURSE, SECTOR_A, SECTOR_B
from firmware.credential import air
from protocol import reasons, record

_BLOCKS = (identity.BLOCK, purse_m1.BLOCK_A, purse_m1.BLOCK_B)


class M1:
    """For one terminal: its key store, its number, and whether it writes."""

    KIND = record.MIFARE
    COUNTER_MAX = purse_m1.COUNTER_MAX
    HOLDS_MONEY = True
    SEALED = True  # what it says of its purse is ours
    GIVES_ALONE = True  # a terminal can put money on it
    PRESENCE = air.read(identity.BLOCK)  # a command that a card answers that was served

    def __init__(self, keys, writes):
        self._keys = keys
        self._writes = writes

    def identify(self, tap):
        """Nothing more to ask before authentication."""
        yield from ()
        if len(tap.uid) in (4, 7):
            return states.OK
        tap.reason = reasons.FOREIGN
        return states.REFUSED

    def authenticate(self, tap):
        """Open the sector, read it, check its MACs. OK, GONE or REFUSED."""
        key = yield from self._open(tap)
        if key is None:
            return states.REFUSED if tap.reason == reasons.FOREIGN else states.GONE
        blocks = []
        for block in _BLOCKS:
            status, data = yield ("card", air.read(block))
            if status == air.DENIED:
                tap.reason = reasons.FOREIGN
                return states.REFUSED
            if status != air.OK or len(data) != 16:
                return states.GONE
            blocks.append(bytes(data))
        return self._understand(tap, blocks, key)

    def debit(self, tap):
        """Write the purse's successor and read it back. OK, GONE (not known) or NOT_WRITTEN."""
        return (yield from self._write(tap, -tap.amount_fen, tap.stopped))

    def prepare(self, tap, grant, _tail):
        """What `credit` needs to know, None if this card cannot take what the server grants."""
        yield from ()
        has_room = tap.purse.counter < self.COUNTER_MAX and not tap.stopped
        fen = tap.purse.balance_fen + grant.amount_fen
        return grant if has_room and fen <= purse_m1.BALANCE_MAX_FEN else None

    def credit(self, tap, _prepared):
        """Put tap.amount_fen on the card, as `debit` takes it; the tap goes on with what is there
        then."""
        return (yield from self._change(tap, tap.amount_fen, tap.stopped))

    def mark(self, tap, stopped):
        """Write the mark of a lost card, or take it off, as `debit` takes money."""
        outcome = yield from self._change(tap, 0, stopped)
        if outcome == states.OK:
            tap.stopped = stopped
        return outcome

    def rewrite(self, tap, block):
        """The server's word for who this is: the identity's block. OK, GONE or NOT_WRITTEN."""
        macs, index, blocks, key = tap.private
        who, first = _identity(block, tap.uid, macs)
        if who is None:
            return states.NOT_WRITTEN
        outcome = states.OK
        if block != blocks[0]:
            outcome = yield from self._put(tap, identity.BLOCK, block)
        if outcome == states.OK:
            tap.identity, tap.card = who, who.card
            tap.private = first, index, blocks, key
        return outcome

    def is_purse_old(self, tap):
        """Is the purse that holds under another version's keys than the identity?"""
        macs, index, blocks, _ = tap.private
        held = purse_m1.BLOCK_A + purse_m1.BLOCK_B - index
        return purse_m1.unpack(blocks[held - identity.BLOCK], tap.uid, held, macs[0]) is None

    def reopen(self, tap):
        """The sector's own keys, of the version that cards shall have: the last of a card to be
        changed, for a torn trailer is told by its keys alone. OK or GONE."""
        yield from ()
        wanted = self._wanted(tap)
        encrypt_a, encrypt_b = (self._keys.encryptor(slot, wanted) for slot in (SECTOR_A, SECTOR_B))
        trailer = sectors.trailer(tap.uid, encrypt_a, encrypt_b)
        if tap.private[3] == trailer[-6:]:
            return states.OK
        status, _ = yield ("card", air.write(sectors.TRAILER_BLOCK, trailer))
        return states.OK if status == air.OK else states.GONE

    def _change(self, tap, change_fen, stopped):
        """A purse write after which the tap goes on."""
        outcome = yield from self._write(tap, change_fen, stopped)
        if outcome == states.OK:
            macs, index, blocks, key = tap.private
            before = tap.purse
            tap.purse = purse_m1.successor(before, change_fen, self._keys.number, tap.serial)
            tap.previous = before
            tap.private = macs, purse_m1.BLOCK_A + purse_m1.BLOCK_B - index, blocks, key
        return outcome

    def _write(self, tap, change_fen, stopped):
        macs, index, _, _ = tap.private
        purse = purse_m1.successor(tap.purse, change_fen, self._keys.number, tap.serial)
        block = purse_m1.pack(purse, tap.uid, index, macs[0], stopped)
        return (yield from self._put(tap, index, block))

    def _put(self, tap, index, block):
        before = tap.private[2][index - identity.BLOCK]
        status, _ = yield ("card", air.write(index, block))
        if status == air.GONE:
            return states.GONE
        status, data = yield ("card", air.read(index))
        if status != air.OK or len(data) != 16:
            return states.GONE
        if bytes(data) == block:
            tap.private[2][index - identity.BLOCK] = block
            return states.OK
        # neither one nor the other: it may read otherwise when the card is back
        return states.NOT_WRITTEN if bytes(data) == before else states.GONE

    def resolve(self, tap, grey):
        """DONE or VOID for a grey record of this card, None if its purse cannot tell any more.

        The purse names who wrote it, and its other block who wrote it before: so two writes back.
        """
        yield from ()
        if tap.purse.counter == grey.counter:
            return record.VOID
        for purse in (tap.purse, tap.previous):
            if purse is not None and purse.counter == grey.counter + 1:
                ours = (purse.terminal, purse.serial) == (self._keys.number, grey.serial)
                return record.DONE if ours else record.VOID
        return None

    def previous_amount(self, tap):
        """fen that the card's last debit took, as the record has it."""
        amount_fen = purse_m1.previous_amount(tap.purse, tap.previous)
        if amount_fen is None or amount_fen < 0:
            return record.UNKNOWN_AMOUNT_FEN
        return amount_fen

    def _open(self, tap):
        """Authenticate for what this terminal does. -> the key that opened, or None."""
        command = air.AUTHENTICATE_B if self._writes else air.AUTHENTICATE_A
        is_first = True
        for key in self._openings(tap.uid):
            if not is_first:  # a card that was denied hears nothing until it is selected again
                found = yield ("select",)
                if found is None or found[:2] != ("one", tap.uid):
                    return None
            is_first = False
            status, _ = yield ("card", air.authenticate(command, identity.BLOCK, key, tap.uid))
            if status != air.DENIED:
                return key if status == air.OK else None
        tap.reason = reasons.FOREIGN
        return None

    def _openings(self, uid):
        """The sector keys of every version, the newest first; then what a write of the trailer that
        was torn may have left of two."""
        name, slot = ("B", SECTOR_B) if self._writes else ("A", SECTOR_A)
        keys = []
        for version in self._keys.versions:
            key = sector_key(self._keys.encryptor(slot, version), uid, identity.SECTOR, name)
            if key not in keys:
                keys.append(key)
                yield key
        for newer in range(len(keys) - 1):
            for cut in range(1, len(keys[newer])):
                yield keys[newer][:cut] + keys[newer + 1][cut:]

    def _wanted(self, tap):
        """The version that cards shall have, the oldest where this terminal has not got it."""
        wanted = tap.terminal.params["card_key"]
        return wanted if wanted in self._keys.versions else self._keys.versions[-1]

    def _macs(self, tap):
        """Of each version that still counts, the newest first."""
        oldest = tap.terminal.params["oldest_card_key"]
        counting = [version for version in self._keys.versions if version >= oldest]
        return [card_mac(self._keys.encryptor(PURSE, version), tap.uid) for version in counting]

    def _understand(self, tap, blocks, key):
        """What the three blocks say, as far as their MACs are ours."""
        macs = self._macs(tap)
        tap.identity, macs = _identity(blocks[0], tap.uid, macs)
        if tap.identity is None:
            tap.reason = reasons.ALTERED
        else:
            tap.card = tap.identity.card
        try:
            tap.purse, index, tap.previous = purse_m1.choose(blocks[1], blocks[2], tap.uid, *macs)
        except Altered:
            tap.reason = reasons.ALTERED
            return states.REFUSED
        tap.private = (macs, index, blocks, key)
        tap.stopped = purse_m1.is_stopped(blocks[2 if index == purse_m1.BLOCK_A else 1])
        if tap.identity is None:  # a purse of ours: the server may know whose, and say it anew
            return states.WAITING if self._writes and tap.now.online else states.REFUSED
        tap.is_old = self._is_old(tap)
        return states.OK

    def _is_old(self, tap):
        """Does anything on the card stand under keys older than cards shall have?"""
        if not self._writes or len(self._keys.versions) == 1:
            return False
        wanted = self._wanted(tap)
        if tap.identity.key_version < wanted or self.is_purse_old(tap):
            return True
        encrypt = self._keys.encryptor(SECTOR_B, wanted)
        return tap.private[3] != sector_key(encrypt, tap.uid, identity.SECTOR, "B")


def _identity(block, uid, macs):
    """(Identity or None, the MACs with the one that it stands under first)."""
    for place in range(len(macs)):
        try:
            who = identity.unpack(block, uid, macs[place])
        except Altered:
            continue
        return who, [macs[place]] + macs[:place] + macs[place + 1 :]
    return None, macs
