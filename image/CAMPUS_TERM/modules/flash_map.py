"""What lies where in the flash behind the base firmware. Bytes from the begin of the storage.

The data area has the sectors of firmware.core.layout's "rp2"; the rest is a file system for the
configuration. A test compares these numbers with that table.
"""

import rp2

SLOT_BYTES = 256 * 1024
SLOTS = 2
DATA_AT = SLOTS * SLOT_BYTES
DATA_BYTES = 804 * 1024
FILES_AT = DATA_AT + DATA_BYTES


def slot(number):
    """The flash of a slot."""
    return rp2.Flash(start=number * SLOT_BYTES, len=SLOT_BYTES)


def slots():
    """The flash of all slots."""
    return rp2.Flash(start=0, len=SLOTS * SLOT_BYTES)


def data():
    """The flash of the terminal's data area."""
    return rp2.Flash(start=DATA_AT, len=DATA_BYTES)


def files():
    """The flash of the file system."""
    return rp2.Flash(start=FILES_AT)
