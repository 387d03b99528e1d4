"""The purse on a MIFARE card: two blocks written in turn, so that one of them always holds.

1. A block is written only over the one that does not hold. A write torn at any byte leaves the
   purse as it was, or as it was to become: never anything else.
2. The counter grows by one with each write. The valid block with the higher counter holds.
3. The purse names the record that wrote it (terminal, serial), which is how a record whose
   outcome was not seen is told to be done or void.
4. The MAC covers UID and block number: a block is worth nothing elsewhere. It cannot tell an old
   copy of this very block from the present one; chain, caps and lists bound what that gains.

It does not decide what may be spent. Limits: balance 0 to 167,772.15 yuan, 8,388,607 writes in
a card's life (the chip promises 100,000 for a block). Bytes and torn shapes: docs/mifare.md.
"""

from collections import namedtuple

from card_layout import block as sealed
from card_layout.block import Altered

BLOCK_A = 5
BLOCK_B = 6
EMPTY = bytes(sealed.SIZE)  # what an unused purse block holds; it is never valid
COUNTER_MAX = 0x7FFFFF
STOPPED = 0x800000  # bit of the counter's field: this card was reported lost, and met a terminal
BALANCE_MAX_FEN = 0xFFFFFF

_FIELDS = (("counter", 3), ("balance_fen", 3), ("terminal", 2), ("serial", 4))

Purse = namedtuple("Purse", ("counter", "balance_fen", "terminal", "serial"))


def pack(purse, uid, index, mac, stopped=False):
    """-> 16 bytes for block `index` (5 or 6); ValueError when a field or index is out of range."""
    if purse.counter > COUNTER_MAX:
        raise ValueError(f"a counter of {purse.counter} cannot be")
    if stopped:
        purse = Purse(purse.counter | STOPPED, purse.balance_fen, purse.terminal, purse.serial)
    return sealed.pack(purse, _FIELDS, _label(uid, index), mac)


def unpack(block, uid, index, mac):
    """-> Purse, or None when it is empty, torn, or of another card or place."""
    values = sealed.unpack(block, _FIELDS, _label(uid, index), mac)
    if values is None:
        return None
    return Purse(values[0] & COUNTER_MAX, values[1], values[2], values[3])


def is_stopped(block):
    """Does this block, valid by `unpack`, carry the mark?"""
    return bool(block[0] & 0x80)


def choose(block_a, block_b, uid, *macs):
    """-> (Purse that holds, index to write next, Purse of the other block or None). macs: one, or
    one for each key version that still counts.

    Altered when neither block is valid, or when both claim one counter: writing in turn gives
    the even counters to one block and the odd to the other, so no honest card can say that.
    """
    in_a = _under_any(block_a, uid, BLOCK_A, macs)
    in_b = _under_any(block_b, uid, BLOCK_B, macs)
    if in_a is None and in_b is None:
        raise Altered("neither purse block is of this card")
    if in_b is None or (in_a is not None and in_a.counter > in_b.counter):
        return in_a, BLOCK_B, in_b
    if in_a is not None and in_a.counter == in_b.counter:
        raise Altered(f"both purse blocks claim counter {in_a.counter}")
    return in_b, BLOCK_A, in_a


def _under_any(block, uid, index, macs):
    for mac in macs:
        purse = unpack(block, uid, index, mac)
        if purse is not None:
            return purse
    return None


def successor(purse, change_fen, terminal, serial):
    """-> the Purse after one more write, `change_fen` below 0 for a purchase.

    ValueError when the counter has come to its end or the balance would leave its bounds; `pack`
    would say the same, but here nothing has been promised yet.
    """
    balance_fen = purse.balance_fen + change_fen
    if purse.counter >= COUNTER_MAX:
        raise ValueError("the purse counter has come to its end")
    if not 0 <= balance_fen <= BALANCE_MAX_FEN:
        raise ValueError(f"a balance of {balance_fen} fen cannot be")
    return Purse(purse.counter + 1, balance_fen, terminal, serial)


def previous_amount(purse, previous):
    """-> fen that the write of `purse` took (below 0: put on the card), or None if unknown."""
    if previous is None or previous.counter != purse.counter - 1:
        return None
    return previous.balance_fen - purse.balance_fen


def _label(uid, index):
    if index not in (BLOCK_A, BLOCK_B):
        raise ValueError(f"block {index} holds no purse")
    return b"P" + uid + bytes((index,))
