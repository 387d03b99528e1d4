FIRST: int
HALF: bytes
WIDE: str
BITS: bytes
