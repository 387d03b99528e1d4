"""DES in machine code: card_layout.des_rounds by MicroPython's viper emitter, for any processor.

The same words, the same answers, and no garbage but the result. Integers have the processor's
width here, 32 or 64 bits; nothing depends on which. Limits: processors with the lowest byte first.
"""

import micropython

from card_layout import des_rounds

_FIRST, _THEN, _SHIFTS = des_rounds.KEY_FIRST, des_rounds.KEY_THEN, des_rounds.SHIFTS
_INITIAL, _FINAL = des_rounds.INITIAL, des_rounds.FINAL
_BOXES = des_rounds.BOXES
_room = bytearray(8)


def schedule(key):
    """-> 128 bytes of a key of 8: 16 subkeys, each 8 times six bits."""
    subkeys = bytearray(128)
    _permute(_room, key, _FIRST, 56)
    _schedule(subkeys, _room, _THEN, _SHIFTS)
    return subkeys


def cipher(block, subkeys, is_back):
    """-> 8 bytes, of 8; the rounds in their order, or back."""
    result = bytearray(8)
    _permute(_room, block, _INITIAL, 64)
    _rounds(_room, subkeys, _BOXES, 120 if is_back else 0)
    _permute(result, _room, _FINAL, 64)
    return bytes(result)


@micropython.viper
def _permute(to: ptr8, source: ptr8, table: ptr8, count: int):
    """A multiple of 8 bits of `source`, by their places from 1, into `to`."""
    octet = 0
    at = 0
    while at < count:
        place = int(table[at]) - 1
        octet = octet << 1 | int(source[place >> 3]) >> 7 - (place & 7) & 1
        at += 1
        if at & 7 == 0:
            to[(at >> 3) - 1] = octet
            octet = 0


@micropython.viper
def _schedule(subkeys: ptr8, room: ptr8, table: ptr8, shifts: ptr8):
    """room: the 56 bits of the key; lost."""
    left = int(room[0]) << 20 | int(room[1]) << 12 | int(room[2]) << 4 | int(room[3]) >> 4
    right = (int(room[3]) & 15) << 24 | int(room[4]) << 16 | int(room[5]) << 8 | int(room[6])
    to = 0
    turn = 0
    while turn < 16:
        shift = int(shifts[turn])
        left = (left << shift | left >> 28 - shift) & 0xFFFFFFF
        right = (right << shift | right >> 28 - shift) & 0xFFFFFFF
        at = 0
        while at < 48:
            six = 0
            end = at + 6
            while at < end:
                place = int(table[at])
                if place <= 28:
                    six = six << 1 | left >> 28 - place & 1
                else:
                    six = six << 1 | right >> 56 - place & 1
                at += 1
            subkeys[to] = six
            to += 1
        turn += 1


@micropython.viper
def _rounds(room: ptr8, subkeys: ptr8, boxes: ptr32, start: int):
    """room: 8 bytes, written anew; start: of the first subkey, 0, or 120 to go back."""
    left = int(room[0]) << 24 | int(room[1]) << 16 | int(room[2]) << 8 | int(room[3])
    right = int(room[4]) << 24 | int(room[5]) << 16 | int(room[6]) << 8 | int(room[7])
    step = 8 if start == 0 else -8
    turn = 0
    while turn < 16:
        mixed = int(boxes[(right >> 27 & 31 | (right & 1) << 5) ^ int(subkeys[start])])
        box = 1
        while box < 7:
            six = right >> 27 - (box << 2) & 63
            mixed |= int(boxes[(box << 6) + (six ^ int(subkeys[start + box]))])
            box += 1
        six = (right << 1 | right >> 31 & 1) & 63
        mixed |= int(boxes[448 + (six ^ int(subkeys[start + 7]))])
        mixed ^= left
        left = right
        right = mixed
        start += step
        turn += 1
    at = 3
    while at >= 0:
        room[at] = right
        room[at + 4] = left
        right >>= 8
        left >>= 8
        at -= 1
