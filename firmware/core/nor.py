"""Write to flash, then look: a chip fails without a word.

What does not read as it was written is for the caller to give up. Two tries each, for an operation
may just not have happened. Limit: a bit that goes wrong after the look is the CRCs' to find.
"""

_PIECE = 256  # bytes read at once: a whole sector may not be had from a busy heap
_TRIES = 2


def is_blank(raw):
    """True for erased flash."""
    return raw == b"\xff" * len(raw)


def erase(flash, sector):
    """-> True if the sector is blank now."""
    start = sector * flash.sector
    for _ in range(_TRIES):
        flash.erase(sector)
        for at in range(start, start + flash.sector, _PIECE):
            if not is_blank(flash.read(at, _PIECE)):
                break
        else:
            return True
    return False


def program(flash, at, data):
    """-> True if `data` stands there now."""
    flash.program(at, data)
    return flash.read(at, len(data)) == data
