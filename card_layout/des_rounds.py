"""DES in plain integers: a key's schedule, and its 16 rounds between two permutations.

card_layout.native.des does the same in machine code. The S-boxes and the permutation after them
are one table of 2 KB, made at import, which both read; tables are bytes, for RAM is short. Source:
FIPS 46-3.
"""

# S-boxes 1 to 8: 4 rows of 16, a hexadecimal digit an entry
_BOXES = (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
)
# Permutations: place n of the result comes from place table[n], counted from 1 at the left.
INITIAL = bytes([58 + 2 * (row & 3) - (row >> 2) - 8 * n for row in range(8) for n in range(8)])
FINAL = bytes([list(INITIAL).index(place) + 1 for place in range(1, 65)])
_AFTER_BOXES = bytes((
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
))  # fmt: skip
KEY_FIRST = bytes((
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3,
    60, 52, 44, 36, 63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37,
    29, 21, 13, 5, 28, 20, 12, 4,
))  # fmt: skip
KEY_THEN = bytes((
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
))  # fmt: skip
SHIFTS = b"\1\1\2\2\2\2\2\2\1\2\2\2\2\2\2\1"


def schedule(key):
    """-> 128 bytes of a key of 8: 16 subkeys, each 8 times six bits."""
    halves = _permute(int.from_bytes(key, "big"), 64, KEY_FIRST)
    left, right = halves >> 28, halves & 0xFFFFFFF
    subkeys = bytearray()
    for shift in SHIFTS:
        left = (left << shift | left >> 28 - shift) & 0xFFFFFFF
        right = (right << shift | right >> 28 - shift) & 0xFFFFFFF
        chosen = _permute(left << 28 | right, 56, KEY_THEN)
        subkeys.extend(bytes([chosen >> 42 - 6 * box & 63 for box in range(8)]))
    return bytes(subkeys)


def cipher(block, subkeys, is_back):
    """-> 8 bytes, of 8; the rounds in their order, or back."""
    number = _permute(int.from_bytes(block, "big"), 64, INITIAL)
    left, right = number >> 32, number & 0xFFFFFFFF
    for turn in range(16):
        start = 8 * (15 - turn if is_back else turn)
        # the 32 bits in a circle, so that each six of them overlap their neighbours
        wide = (right & 1) << 33 | right << 1 | right >> 31
        mixed = 0
        at = 0
        for six in subkeys[start : start + 8]:
            place = at + ((wide >> 28 - (at >> 4)) & 63 ^ six)
            mixed |= int.from_bytes(BOXES[4 * place : 4 * place + 4], "little")
            at += 64
        left, right = right, left ^ mixed
    return _permute(right << 32 | left, 64, FINAL).to_bytes(8, "big")


def _permute(number, width, table):
    result = 0
    for place in table:
        result = result << 1 | number >> width - place & 1
    return result


def _boxes():
    """For each box and six bits the 32 bits that it gives, already permuted, lowest byte first."""
    goes_to = [0] * 32  # the bit that each bit before the permutation is after it
    for at in range(32):
        goes_to[_AFTER_BOXES[at] - 1] = 1 << 31 - at
    table = bytearray()
    for box in range(8):
        words = [b""] * 16
        for nibble in range(16):
            word = 0
            for bit in range(4):
                if nibble & 8 >> bit:
                    word |= goes_to[4 * box + bit]
            words[nibble] = word.to_bytes(4, "little")
        for six in range(64):
            table.extend(words[int(_BOXES[box][six & 32 | (six & 1) << 4 | six >> 1 & 15], 16)])
    return table


BOXES = _boxes()  # a bytearray: words of machine code must be aligned
