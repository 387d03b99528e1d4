"""DES and two-key triple DES: only because PBOC's purse demands them.

Nothing new may be built on it. A `Des` has a key of 8 bytes, or of 16 (encrypt with the left half,
decrypt with the right, encrypt with the left). Sources: FIPS 46-3; SP 800-67 for triple DES.
"""

try:  # machine code, where it is made for this chip
    from card_layout.native.des import cipher, schedule
except (ImportError, ValueError):
    from card_layout.des_rounds import cipher, schedule  # type: ignore[assignment]

BLOCK = 8


class Des:
    """One key of 8 or 16 bytes (its parity bits count for nothing); ValueError for another."""

    def __init__(self, key):
        if len(key) not in (8, 16):
            raise ValueError(f"a DES key of {len(key)} bytes")
        self._keys = [schedule(bytes(key[at : at + 8])) for at in range(0, len(key), 8)]

    def encrypt(self, block):
        """-> 8 bytes, of 8."""
        return self._crypt(block, False)

    def decrypt(self, block):
        """-> 8 bytes, of 8."""
        return self._crypt(block, True)

    def _crypt(self, block, is_back):
        """There with the first key; and, if there are two, back with the second and there again."""
        if len(block) != BLOCK:
            raise ValueError(f"a DES block of {len(block)} bytes")
        result = cipher(bytes(block), self._keys[0], is_back)
        if len(self._keys) == 2:
            result = cipher(result, self._keys[1], not is_back)
            result = cipher(result, self._keys[0], is_back)
        return result
