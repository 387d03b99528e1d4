"""The MIFARE Classic card at a terminal: one authentication, three reads, one write, one read-back.

What the blocks mean is card_layout's, whether the card may is the policy's. Where nothing is taken
the sector is opened with key A, which cannot write. What it leaves in the tap: `identity`,
`purse`, `previous`, `card`, `is_old`; in `private` the card's MACs (purses are written with the
first), the block that is written next, what the blocks hold, the key that opened.
Limits: UIDs of 4 and 7 bytes; a copy of a whole card cannot be told from the card (docs/mifare.md).
"""

from card_layout import identity, purse_m1
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
        return m1_keys().is_purse_old(tap)

    def reopen(self, tap):
        """The sector's own keys, of the version that cards shall have. OK or GONE."""
        return (yield from m1_keys().reopen(self._keys, tap))

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
        name, slot, command = (
            ("B", SECTOR_B, air.AUTHENTICATE_B)
            if self._writes
            else ("A", SECTOR_A, air.AUTHENTICATE_A)
        )
        key = sector_key(self._keys.encryptor(slot), tap.uid, identity.SECTOR, name)
        status, _ = yield ("card", air.authenticate(command, identity.BLOCK, key, tap.uid))
        if status == air.DENIED and len(self._keys.versions) > 1:
            keys = m1_keys().openings(self._keys, tap.uid, name, slot)
            key, status = yield from m1_keys().opened(tap, command, keys)
        if status == air.DENIED:
            tap.reason = reasons.FOREIGN
        return key if status == air.OK else None

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
        if self._writes and len(self._keys.versions) > 1:
            tap.is_old = m1_keys().is_old(self._keys, tap)
        return states.OK


def _identity(block, uid, macs):
    """(Identity or None, the MACs with the one that it stands under first)."""
    for place in range(len(macs)):
        try:
            who = identity.unpack(block, uid, macs[place])
        except Altered:
            continue
        return who, [macs[place]] + macs[:place] + macs[place + 1 :]
    return None, macs


def m1_keys():
    """What there is to do where card keys have versions; no memory for it where they have none."""
    from firmware.credential import m1_keys as found

    return found
