"""What a block holds when its card leaves the field while it is being written.

A table of shapes; each is a function (old, new, noise) -> 16 bytes. The data sheet promises
nothing about such a block, so `random` is as true as the others. Pure: the noise is given, so
that a seed repeats to the byte (I9).
"""

BLOCK = 16


def after_bytes(count):
    """-> the shape that has written `count` bytes of the new block (0 to 16)."""
    if not 0 <= count <= BLOCK:
        raise ValueError(f"{count} bytes of a block of {BLOCK}")
    return lambda old, new, noise: new[:count] + old[count:]


SHAPES = {
    "none": after_bytes(0),  # left before the EEPROM began
    "half": after_bytes(BLOCK // 2),
    "all": after_bytes(BLOCK),  # written, but the reader never hears it
    "random": lambda old, new, noise: noise,
}


def shape_of(shape, noise):
    """-> the function for a name of SHAPES or a number of bytes; ValueError for another."""
    if shape == "random" and len(noise) != BLOCK:
        raise ValueError(f"the shape random needs {BLOCK} bytes of noise")
    if isinstance(shape, int):
        return after_bytes(shape)
    if shape not in SHAPES:
        raise ValueError(f"no way to tear called {shape!r}: {', '.join(SHAPES)} or 0 to 16")
    return SHAPES[shape]
