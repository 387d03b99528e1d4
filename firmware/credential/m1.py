"""The MIFARE Classic card at a terminal: one authentication, three reads, one write, one read-back.

What the blocks mean is card_layout's, whether the card may is the policy's. Where nothing is taken
the sector is opened with key A, which cannot write. What it leaves in the tap: `identity`,
`purse`, `previous`, `card`; in `private` the card's MAC, the block that is written next, and what
the blocks hold.
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
        status, _ = yield ("card", self._opening(tap.uid))
        if status == air.DENIED:
            tap.reason = reasons.FOREIGN
            return states.REFUSED
        if status != air.OK:
            return states.GONE
        blocks = []
        for block in _BLOCKS:
            status, data = yield ("card", air.read(block))
            if status == air.DENIED:
                tap.reason = reasons.FOREIGN
                return states.REFUSED
            if status != air.OK or len(data) != 16:
                return states.GONE
            blocks.append(bytes(data))
        return self._understand(tap, blocks)

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
        try:
            who = identity.unpack(block, tap.uid, tap.private[0])
        except Altered:
            return states.NOT_WRITTEN
        outcome = yield from self._put(tap, identity.BLOCK, block)
        if outcome == states.OK:
            tap.identity, tap.card = who, who.card
        return outcome

    def _change(self, tap, change_fen, stopped):
        """A purse write after which the tap goes on."""
        outcome = yield from self._write(tap, change_fen, stopped)
        if outcome == states.OK:
            mac, index, blocks = tap.private
            before = tap.purse
            tap.purse = purse_m1.successor(before, change_fen, self._keys.number, tap.serial)
            tap.previous = before
            tap.private = mac, purse_m1.BLOCK_A + purse_m1.BLOCK_B - index, blocks
        return outcome

    def _write(self, tap, change_fen, stopped):
        mac, index, _ = tap.private
        purse = purse_m1.successor(tap.purse, change_fen, self._keys.number, tap.serial)
        block = purse_m1.pack(purse, tap.uid, index, mac, stopped)
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

    def _opening(self, uid):
        """The command that authenticates for what this terminal does."""
        name, slot, command = (
            ("B", SECTOR_B, air.AUTHENTICATE_B)
            if self._writes
            else ("A", SECTOR_A, air.AUTHENTICATE_A)
        )
        key = sector_key(self._keys.encryptor(slot), uid, identity.SECTOR, name)
        return air.authenticate(command, identity.BLOCK, key, uid)

    def _understand(self, tap, blocks):
        """What the three blocks say, as far as their MACs are ours."""
        mac = card_mac(self._keys.encryptor(PURSE), tap.uid)
        try:
            tap.identity = identity.unpack(blocks[0], tap.uid, mac)
            tap.card = tap.identity.card
        except Altered:
            tap.reason = reasons.ALTERED
        try:
            tap.purse, index, tap.previous = purse_m1.choose(blocks[1], blocks[2], tap.uid, mac)
        except Altered:
            tap.reason = reasons.ALTERED
            return states.REFUSED
        tap.private = (mac, index, blocks)
        tap.stopped = purse_m1.is_stopped(blocks[2 if index == purse_m1.BLOCK_A else 1])
        if tap.identity is None:  # a purse of ours: the server may know whose, and say it anew
            return states.WAITING if self._writes and tap.now.online else states.REFUSED
        return states.OK
