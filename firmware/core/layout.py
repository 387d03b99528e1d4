"""Where what lies in a terminal's flash: one table.

It does not read or write. All numbers are sectors of 4 KiB, counted from the start of the data
area, which is where a board's flash object begins (below it lies what boots: the board knows).
A copy of a card list is one header sector and one sector for each 32,768 cards.
Limits: 524,288 cards and 8,192 records on a 2 MB Pico, 1,048,576 and 16,384 from 4 MB on.
"""

from collections import namedtuple

SECTOR = 4096
CARDS_A_SECTOR = 32768
RECORDS_A_SECTOR = 64

Region = namedtuple("Region", "first sectors")
Layout = namedtuple("Layout", "keys epoch params blacklist grants journal sectors")


def make(list_sectors, journal_sectors):
    """-> Layout for lists of `list_sectors` * 32,768 cards and `journal_sectors` * 64 records."""
    sizes = (
        1,  # keys: one page, written at provisioning
        2,  # epoch: two sectors in turn
        2,  # params: two sectors in turn
        2 * (1 + list_sectors),  # blacklist: two copies
        2 * (1 + list_sectors),  # grants: two copies
        journal_sectors,
    )
    regions = []
    first = 0
    for sectors in sizes:
        regions.append(Region(first, sectors))
        first += sectors
    return Layout(*regions, first)


#            board: cards in a list / 32,768; records in the journal / 64
LAYOUTS = {
    "unix": make(32, 256),
    "esp32s3": make(32, 256),
    "rp2": make(16, 128),
}
