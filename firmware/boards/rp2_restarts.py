"""How often an RP2040 has started since the last healthy moment. The base firmware has it too.

The number lies in a scratch register of the watchdog: it outlives every reset and no power cycle,
so a person who pulls the plug begins the count anew. 0 is also what is read when it is no count.
Source: RP2040 data sheet, 4.7.6, SCRATCH0; the boot ROM and the SDK use SCRATCH4 to SCRATCH7.
"""

from machine import mem32

_AT = 0x4005800C
_OURS = 0x43414D00  # "CAM", then the number
_MOST = 0xFF


def read():
    """-> starts of confirmed images."""
    value = mem32[_AT]
    return value & _MOST if value & ~_MOST == _OURS else 0


def write(number):
    """It is this many now."""
    mem32[_AT] = _OURS | min(number, _MOST)


def forget():
    """All is well: the count begins anew."""
    write(0)
